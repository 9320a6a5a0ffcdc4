import BurrowBase
import BurrowQUIC
import Testing

@Suite struct AddressTests {
    private func connected(_ world: World) throws -> (client: Connection, server: Connection) {
        let client = try world.connect()
        #expect(world.run { !world.client.connected.isEmpty && !world.server.connected.isEmpty })
        return (client, try #require(world.server.connections.first))
    }

    @Test func retryProvesTheAddress() throws {
        var limits = AcceptLimits()
        limits.alwaysRetry = true
        let world = try World(acceptLimits: limits)
        _ = try connected(world)
        #expect(world.server.endpoint.counters.retriesSent == 1)
        #expect(world.server.endpoint.counters.accepted == 1)
        // One round trip more than without.
        #expect(world.now - World.start >= .milliseconds(50))
    }

    @Test func addressTokenSavesTheRetry() throws {
        var limits = AcceptLimits()
        limits.alwaysRetry = true
        let world = try World(acceptLimits: limits)
        let (client, _) = try connected(world)
        world.run(for: .seconds(1))
        let state = try #require(world.client.tickets.last)
        #expect(!state.addressToken.isEmpty)
        client.close(code: 0, reason: "")
        world.run(for: .seconds(3))
        _ = try world.connect(resumption: state)
        #expect(world.run { world.client.connected.count == 2 })
        #expect(world.server.endpoint.counters.retriesSent == 1)
        // From another address the token says nothing.
        var path = World.clientPath
        path.local.ip = .v4(0x0a00_0002)
        _ = try world.connect(resumption: state, path: path)
        #expect(world.run { world.client.connected.count == 3 })
        #expect(world.server.endpoint.counters.retriesSent == 2)
    }

    @Test func manyUnfinishedHandshakesTriggerRetry() throws {
        var limits = AcceptLimits()
        limits.handshakesBeforeRetry = 5
        let world = try World(acceptLimits: limits)
        // Clients that never answer: their packets after the first are lost.
        var seen: Set<UInt16> = []
        world.filter = { (packet) in !packet.toServer || seen.insert(packet.path.remote.port).inserted }
        for index in 0..<20 {
            var path = World.clientPath
            path.local.port = 6000 + UInt16(index)
            _ = try world.connect(path: path)
        }
        world.run(for: .milliseconds(100))
        #expect(world.server.endpoint.counters.accepted == 5)
        #expect(world.server.endpoint.counters.retriesSent == 15)
        world.filter = nil
        world.run(for: .seconds(20))
        #expect(world.server.endpoint.counters.accepted > 5)
    }

    @Test func connectionLimitRefuses() throws {
        var limits = AcceptLimits()
        limits.connections = 2
        let world = try World(acceptLimits: limits)
        for index in 0..<3 {
            var path = World.clientPath
            path.local.port = 6000 + UInt16(index)
            _ = try world.connect(path: path)
            world.run(for: .milliseconds(200))
        }
        #expect(world.client.connected.count == 2)
        #expect(world.client.closed.map(\.code) == [.refused])
        #expect(world.server.endpoint.counters.refused == 1)
    }

    @Test func unknownVersionIsAnswered() throws {
        let world = try World()
        _ = try world.connect()
        var answers: [[UInt8]] = []
        world.filter = { (packet) in
            if packet.toServer {
                // A version nobody speaks, in the first packet.
                packet.bytes.replaceSubrange(1..<5, with: [0x7a, 0x7b, 0x7c, 0x7d])
            } else {
                answers.append(packet.bytes)
            }
            return true
        }
        world.run(for: .milliseconds(50))
        let answer = try #require(answers.first)
        #expect(Array(answer[1..<5]) == [0, 0, 0, 0])
        #expect(answer.suffix(4) == [0, 0, 0, 1])
        #expect(world.server.endpoint.counters.versionNegotiationsSent >= 1)
        #expect(world.server.endpoint.connectionCount == 0)
    }

    @Test func clientGivesUpWithoutCommonVersion() throws {
        let world = try World()
        _ = try world.connect()
        world.filter = { (packet) in
            guard packet.toServer, packet.bytes.count > 1000 else { return false }
            // Answer as a server that knows only another version.
            let dcidCount = Int(packet.bytes[5])
            let dcid = packet.bytes[6..<(6 + dcidCount)]
            let scidCount = Int(packet.bytes[6 + dcidCount])
            let scid = packet.bytes[(7 + dcidCount)..<(7 + dcidCount + scidCount)]
            packet.bytes =
                [0x80, 0, 0, 0, 0, UInt8(scidCount)] + scid + [UInt8(dcidCount)] + dcid
                + [0x0a, 0x1a, 0x2a, 0x3a]
            packet.toServer = false
            packet.path = World.clientPath
            return true
        }
        world.run(for: .seconds(1)) { !world.client.closed.isEmpty }
        #expect(world.client.closed.map(\.code) == [.versionNegotiation])
    }

    @Test(arguments: [true, false])
    func forgottenConnectionIsReset(sameSecret: Bool) throws {
        let secret = [UInt8](repeating: 3, count: 32)
        let world = try World()
        func makeServer(_ secret: [UInt8]) -> Peer {
            Peer(
                endpoint: Endpoint(
                    settings: world.settings,
                    tls: world.serverTLS,
                    alpn: ["test"],
                    allocator: SliceAllocator(),
                    random: SeededRandom(seed: 99),
                    secret: EndpointSecret(copying: secret.span)
                )
            )
        }
        world.server = makeServer(secret)
        let (client, _) = try connected(world)
        world.run(for: .seconds(1))
        // The relay restarts.
        world.server = makeServer(sameSecret ? secret : [UInt8](repeating: 4, count: 32))
        let stream = try #require(client.openStream(bidirectional: false))
        client.write([UInt8](repeating: 1, count: 500), to: stream)
        world.run(for: .seconds(1))
        #expect(world.server.endpoint.counters.resetsSent > 0)
        #expect(world.client.closed.map(\.code) == (sameSecret ? [.statelessReset] : []))
    }

    @Test func resetsDoNotAnswerEachOther() throws {
        let world = try World()
        let other = try World()
        var bytes = [UInt8](repeating: 0x42, count: 600)
        var sizes: [Int] = []
        // What one answers is shown to the other until nobody answers any more.
        for round in 0..<200 {
            let endpoint = round % 2 == 0 ? world.server.endpoint : other.server.endpoint
            unsafe bytes.withUnsafeMutableBytes {
                unsafe endpoint.receive($0, path: World.clientPath, ecn: .notECT, now: world.now)
            }
            var batch = DatagramBatch()
            #expect(endpoint.flush(into: &batch, now: world.now))
            guard let entry = batch.entries.first else { break }
            bytes = unsafe [UInt8](batch.bytes(of: entry))
            sizes.append(bytes.count)
        }
        #expect(sizes.count > 1 && sizes.count < 60)
        #expect(zip(sizes, sizes.dropFirst()).allSatisfy { $0 > $1 })
    }

    @Test func rebindingIsFollowed() throws {
        let world = try World()
        let (client, server) = try connected(world)
        world.run(for: .seconds(1))
        world.natPort = 7777
        let stream = try #require(client.openStream(bidirectional: true))
        client.write([UInt8](repeating: 1, count: 5000), to: stream)
        world.run(for: .seconds(1))
        #expect(server.remoteAddress.port == 7777)
        #expect(world.server.paths.map(\.remote.port) == [7777])
        // Answers reach the client.
        server.write([4, 5], to: try #require(world.server.opened.first))
        #expect(world.run { world.client.bytes[client.serial]?[0] == [4, 5] })
        #expect(world.client.closed.isEmpty && world.server.closed.isEmpty)
    }

    @Test func clientMovesToAnotherSocket() throws {
        let world = try World()
        let (client, server) = try connected(world)
        world.run(for: .seconds(1))
        var path = World.clientPath
        path.socket = SocketID(rawValue: 1)
        path.local = SocketAddress(ip: .v4(0x0a00_0003), port: 9000)
        #expect(client.migrate(to: path, now: world.now))
        world.run(for: .seconds(1))
        #expect(world.client.paths == [path])
        #expect(server.remoteAddress == path.local)
        let stream = try #require(server.openStream(bidirectional: false))
        server.write([1], to: stream)
        #expect(world.run { world.client.bytes[client.serial]?[3] == [1] })
        // The old path is dead, the next one too: the connection ends with a reason.
        var dead = path
        dead.local.port = 9100
        #expect(client.migrate(to: dead, now: world.now))
        world.filter = { (packet) in packet.path.remote.port != 9100 && packet.path.local.port != 9100 }
        #expect(world.run(for: .seconds(30)) { !world.client.closed.isEmpty })
        #expect([.noViablePath, .idleTimeout].contains(world.client.closed.first?.code))
    }
}
