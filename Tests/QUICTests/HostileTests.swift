import BurrowBase
import BurrowQUIC
import Testing

@Suite struct HostileTests {
    /// A datagram may be empty, and so may any piece of it.
    @Test func emptyDatagramsArrive() throws {
        let world = try World()
        let connection = try world.connect()
        #expect(world.run { !world.client.connected.isEmpty && !world.server.connected.isEmpty })
        let (nothing, something): ([UInt8], [UInt8]) = ([], [1, 2])
        let (empty, full) = (Slice(copying: nothing.span), Slice(copying: something.span))
        for accepted in [
            connection.sendDatagram(full, empty), connection.sendDatagram(empty, full),
            connection.sendDatagram(empty),
            connection.sendDatagram([full, empty, full]), connection.sendDatagram([empty, empty, empty]),
        ] { #expect(accepted) }
        #expect(world.run(for: .seconds(5)) { world.server.datagrams.count == 5 })
        #expect(world.server.datagrams == [[1, 2], [1, 2], [], [1, 2, 1, 2], []])
    }

    @Test func garbageIsDropped() throws {
        let world = try World()
        _ = try world.connect()
        #expect(world.run { !world.client.connected.isEmpty && !world.server.connected.isEmpty })
        var random = SeededRandom(seed: 11)
        for round in 0..<20_000 {
            var bytes = [UInt8](repeating: 0, count: Int(random.next() % 1600))
            unsafe bytes.withUnsafeMutableBytes { unsafe random.fill($0) }
            // Often something that looks like a first packet of our version.
            if round % 2 == 0, bytes.count > 30 {
                let front: [UInt8] = [0xc0 | bytes[0] & 0x3f, 0, 0, 0, 1, UInt8(random.next() % 22)]
                bytes.replaceSubrange(0..<6, with: front)
            }
            for endpoint in [world.server.endpoint, world.client.endpoint] {
                unsafe bytes.withUnsafeMutableBytes {
                    unsafe endpoint.receive($0, path: World.clientPath, ecn: .ce, now: world.now)
                }
            }
            if round % 1000 == 0 { world.run(for: .milliseconds(1)) }
        }
        world.run(for: .seconds(1))
        #expect(world.client.closed.isEmpty && world.server.closed.isEmpty)
        let counters = world.server.endpoint.counters
        #expect(counters.dropped > 1000)
        #expect(counters.resetsSent <= 400)
        #expect(world.server.endpoint.connectionCount == 1)
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func flippedBitsHurtNobody(seed: UInt64) throws {
        let world = try World(seed: seed)
        var random = SeededRandom(seed: seed)
        // From the first packet on, a fifth of all packets has a wrong bit.
        world.filter = { (packet) in
            if random.next() % 5 == 0, !packet.bytes.isEmpty {
                let at = Int(random.next() % UInt64(packet.bytes.count))
                packet.bytes[at] ^= 1 << UInt8(random.next() % 8)
            }
            return true
        }
        let client = try world.connect()
        let data = (0..<50_000).map { UInt8(truncatingIfNeeded: $0) }
        var sent = false
        world.client.onEvent = { (connection, event) in
            guard case .connected = event, !sent, let stream = connection.openStream(bidirectional: false)
            else {
                return
            }
            sent = true
            connection.write(data, to: stream)
            connection.finish(stream)
        }
        world.run(for: .seconds(60)) { world.server.ended.values.contains { $0.contains(2) } }
        // Whatever arrived is what was sent; a broken first packet may end the attempt instead.
        let arrived = world.server.bytes.values.compactMap { $0[2] }.first ?? []
        #expect(arrived == Array(data.prefix(arrived.count)))
        if !sent { #expect(!world.client.closed.isEmpty || client.alpn.isEmpty) }
    }

    @Test func truncatedAndDuplicatedPacketsHurtNobody() throws {
        let world = try World()
        var random = SeededRandom(seed: 5)
        var copies: [World.Packet] = []
        world.filter = { (packet) in
            if random.next() % 4 == 0 { copies.append(packet) }
            if random.next() % 10 == 0 { packet.bytes.removeLast(packet.bytes.count / 2) }
            return true
        }
        let client = try world.connect()
        let data = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 * 7) }
        world.client.onEvent = { (connection, event) in
            guard case .connected = event, let stream = connection.openStream(bidirectional: false) else {
                return
            }
            connection.write(data, to: stream)
            connection.finish(stream)
        }
        let done = world.run(for: .seconds(120)) {
            while var copy = copies.popLast() {
                let endpoint = copy.toServer ? world.server.endpoint : world.client.endpoint
                unsafe copy.bytes.withUnsafeMutableBytes {
                    unsafe endpoint.receive($0, path: copy.path, ecn: .notECT, now: world.now)
                }
            }
            return world.server.ended.values.contains { $0.contains(2) }
        }
        #expect(done)
        #expect(world.server.bytes.values.first?[2] == data)
        #expect(client.alpn == "test")
    }

    @Test func clockThatJumpsHurtsNobody() throws {
        let world = try World()
        let client = try world.connect()
        #expect(world.run { !world.client.connected.isEmpty && !world.server.connected.isEmpty })
        for jump in [-4_000_000, 1_000_000, Int64.min / 2, 0, Int64.max - 10_000_000] as [Int64] {
            let time = Instant(
                microseconds: world.now.microseconds.addingReportingOverflow(jump).partialValue
            )
            client.endpointTimeouts(world, time)
        }
        #expect(world.client.endpoint.deadline == .distantFuture || !world.client.closed.isEmpty)
    }

    @Test func peerThatOpensTooManyStreamsIsHeldBack() throws {
        var settings = TransportSettings()
        settings.unidirectionalStreams = 100
        settings.bidirectionalStreams = 10
        let world = try World(settings: settings)
        let client = try world.connect()
        #expect(world.run { !world.client.connected.isEmpty && !world.server.connected.isEmpty })
        world.server.reads = false
        var opened = 0
        while let stream = client.openStream(bidirectional: false) {
            client.write([1], to: stream)
            client.finish(stream)
            opened += 1
        }
        world.run(for: .seconds(2))
        #expect(opened == 100)
        // Unread streams keep their places.
        #expect(client.openStream(bidirectional: false) == nil)
        let server = try #require(world.server.connections.first)
        for stream in world.server.opened { world.server.drain(stream, server) }
        #expect(world.run { world.client.credits > 0 })
        #expect(client.openStream(bidirectional: false) != nil)
    }
}

extension Connection {
    /// Shows both endpoints a strange time.
    fileprivate func endpointTimeouts(_ world: World, _ time: Instant) {
        for peer in [world.client, world.server] {
            peer.endpoint.handleTimeouts(now: time)
            peer.process()
            var batch = DatagramBatch()
            _ = peer.endpoint.flush(into: &batch, now: time)
        }
    }
}
