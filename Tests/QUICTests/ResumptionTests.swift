import BurrowBase
import BurrowQUIC
import Testing

@Suite struct ResumptionTests {
    private func early() -> TransportSettings {
        var settings = TransportSettings()
        settings.earlyData = true
        return settings
    }

    private func ticket(_ world: World) throws -> ResumptionState {
        let client = try world.connect()
        #expect(world.run { !world.client.tickets.isEmpty && !world.server.connected.isEmpty })
        world.run(for: .milliseconds(200))
        client.close(code: 0, reason: "")
        world.run(for: .seconds(3))
        world.client.connected = []
        world.server.connected = []
        world.server.bytes = [:]
        return try #require(world.client.tickets.last)
    }

    @Test func earlyDataArrivesWithTheFirstPacket() throws {
        let world = try World(settings: early())
        let state = try ticket(world)
        #expect(state.alpn == "test")
        let start = world.now
        let client = try world.connect(resumption: state)
        #expect(client.alpn == "test")
        let stream = try #require(client.openStream(bidirectional: true))
        client.write([1, 2, 3], to: stream)
        world.server.onEvent = { (connection, event) in
            guard case .readable(let stream) = event else { return }
            connection.write([9], to: stream)
        }
        #expect(world.run { world.client.bytes[client.serial]?[0] == [9] })
        // One round trip from nothing to the answer.
        #expect(world.now - start <= .milliseconds(21))
        #expect(world.run { world.client.connected.count == 1 && world.server.connected.count == 1 })
        #expect(world.client.rejections == 0)
        world.run(for: .seconds(1))
        #expect(world.client.connected.count == 1 && world.server.connected.count == 1)
    }

    @Test func withoutPermissionNothingIsSentEarly() throws {
        let world = try World(settings: early())
        let state = try ticket(world)
        let client = try world.connect(settings: TransportSettings(), resumption: state)
        #expect(client.openStream(bidirectional: true) == nil)
        #expect(client.alpn == "")
        #expect(world.run { !world.client.connected.isEmpty })
        #expect(client.openStream(bidirectional: true) != nil)
    }

    @Test func serverThatTakesNoneRejects() throws {
        let world = try World(settings: early())
        let state = try ticket(world)
        // The relay restarts with another ticket key.
        world.server = Peer(
            endpoint: Endpoint(
                settings: early(),
                tls: try TLSContext.selfSigned(hostNames: ["localhost"], unixTime: Credentials.unixTime),
                alpn: ["test"],
                allocator: SliceAllocator(),
                random: SeededRandom(seed: 50)
            )
        )
        let client = try world.connect(
            trust: TLSContext.ClientTrust(insecure: true),
            resumption: state
        )
        let stream = try #require(client.openStream(bidirectional: true))
        client.write([1, 2, 3], to: stream)
        #expect(world.run { world.client.connected.count == 1 && !world.server.connected.isEmpty })
        #expect(world.client.rejections == 1)
        world.run(for: .milliseconds(500))
        #expect(world.server.bytes.isEmpty)
        // The old stream is dead, new ones work.
        client.write([4], to: stream)
        let again = try #require(client.openStream(bidirectional: true))
        #expect(again.id == 0)
        client.write([5], to: again)
        #expect(world.run { world.server.bytes.values.first?[0] == [5] })
    }

    @Test func replayedFirstFlightCarriesNothing() throws {
        let world = try World(settings: early())
        let state = try ticket(world)
        var first: [World.Packet] = []
        world.filter = { (packet) in
            if packet.toServer { first.append(packet) }
            return true
        }
        let client = try world.connect(resumption: state)
        let stream = try #require(client.openStream(bidirectional: false))
        client.write([1, 2, 3], to: stream)
        world.run(for: .milliseconds(1))
        let recorded = first
        #expect(world.run { world.server.bytes.values.contains { $0[2] == [1, 2, 3] } })
        // The recording is played to a server that knows nothing of the first connection but shares its keys.
        world.filter = nil
        world.server = Peer(
            endpoint: Endpoint(
                settings: early(),
                tls: world.serverTLS,
                alpn: ["test"],
                allocator: SliceAllocator(),
                random: SeededRandom(seed: 50)
            )
        )
        for var packet in recorded {
            unsafe packet.bytes.withUnsafeMutableBytes {
                unsafe world.server.endpoint.receive($0, path: packet.path, ecn: .notECT, now: world.now)
            }
        }
        #expect(world.server.endpoint.counters.accepted == 1)
        world.run(for: .seconds(1))
        #expect(world.server.bytes.isEmpty)
    }

    @Test func brokenStateOnlyCostsTheShortcut() throws {
        let world = try World(settings: early())
        var state = try ticket(world)
        let other = try World(settings: early())
        let foreign = try ticket(other)
        #expect(foreign != state)
        state = foreign
        _ = try world.connect(resumption: state)
        #expect(world.run { world.client.connected.count == 1 })
    }

    @Test func otherProtocolForbidsEarlyData() throws {
        let world = try World(settings: early(), serverALPN: ["test", "other"])
        let state = try ticket(world)
        let client = try world.connect(alpn: ["other"], resumption: state)
        #expect(client.openStream(bidirectional: true) == nil)
        #expect(world.run { world.client.connected == ["other"] })
    }
}
