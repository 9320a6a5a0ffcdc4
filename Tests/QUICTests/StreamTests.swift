import BurrowBase
import BurrowQUIC
import Testing

@Suite struct StreamTests {
    private func pattern(_ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
    }

    private func connected(_ world: World) throws -> (client: Connection, server: Connection) {
        let client = try world.connect()
        #expect(world.run { !world.client.connected.isEmpty && !world.server.connected.isEmpty })
        return (client, try #require(world.server.connections.first))
    }

    @Test(arguments: [0.0, 0.1], [CongestionControl.cubic, .bbr, .bbr2])
    func megabytesArriveBothWays(loss: Double, control: CongestionControl) throws {
        var settings = TransportSettings()
        settings.congestionControl = control
        let world = try World(settings: settings)
        let (client, server) = try connected(world)
        world.loss = loss
        let data = pattern(5_000_000)
        let stream = try #require(client.openStream(bidirectional: true))
        client.write(data, to: stream)
        client.finish(stream)
        world.server.onEvent = { (connection, event) in
            guard case .streamOpened(let stream) = event else { return }
            connection.write(data, to: stream)
            connection.finish(stream)
        }
        #expect(
            world.run(for: .seconds(300)) {
                world.client.finishedStreams == 1 && world.server.finishedStreams == 1
            }
        )
        #expect(world.server.bytes[server.serial]?[stream.id < 0 ? 0 : stream.id] == data)
        #expect(world.client.bytes[client.serial]?[0] == data)
        #expect(world.largestRun > (loss == 0 ? 8 : 1))
        #expect(loss == 0 || client.statistics.lostPackets > 0)
    }

    @Test func finishAndEmptyStreams() throws {
        let world = try World()
        let (client, server) = try connected(world)
        let empty = try #require(client.openStream(bidirectional: false))
        client.finish(empty)
        let short = try #require(client.openStream(bidirectional: false))
        client.write([1, 2, 3], to: short)
        let (emptyID, shortID) = (empty.id, short.id)
        #expect(world.run { world.server.bytes[server.serial]?[shortID] == [1, 2, 3] })
        #expect(world.server.ended[server.serial] == [emptyID])
        client.write([4], to: short)
        client.finish(short)
        // Written after the end: ignored.
        client.write([5], to: short)
        #expect(world.run { world.client.finishedStreams == 2 && world.server.finishedStreams == 2 })
        #expect(world.server.bytes[server.serial]?[shortID] == [1, 2, 3, 4])
        #expect(world.server.ended[server.serial] == [emptyID, shortID])
    }

    @Test func resetReachesTheReader() throws {
        let world = try World()
        let (client, server) = try connected(world)
        let stream = try #require(client.openStream(bidirectional: false))
        client.write([1, 2], to: stream)
        #expect(world.run { world.server.bytes[server.serial]?[2] == [1, 2] })
        client.reset(stream, code: 0x52e4_a40f_a8db)
        #expect(world.run { world.client.finishedStreams == 1 && world.server.finishedStreams == 1 })
        #expect(world.server.resets == [0x52e4_a40f_a8db])
        #expect(world.client.stops.isEmpty)
    }

    @Test func stopSendingReachesTheWriter() throws {
        let world = try World()
        let (client, server) = try connected(world)
        let stream = try #require(client.openStream(bidirectional: false))
        client.write([UInt8](repeating: 1, count: 3_000_000), to: stream)
        world.server.reads = false
        #expect(world.run { !world.server.opened.isEmpty })
        server.stopReading(world.server.opened[0], code: 77)
        #expect(world.run { world.client.finishedStreams == 1 && world.server.finishedStreams == 1 })
        #expect(world.client.stops == [77])
        #expect(world.server.bytes.isEmpty)
    }

    @Test func unreadBytesOfStoppedStreamsGiveCreditBack() throws {
        var settings = TransportSettings()
        settings.connectionWindow = 100_000
        settings.connectionWindowLimit = 100_000
        let world = try World(settings: settings)
        let (client, server) = try connected(world)
        world.server.reads = false
        for round in 1...20 {
            let stream = try #require(client.openStream(bidirectional: false))
            client.write([UInt8](repeating: 1, count: 50_000), to: stream)
            #expect(world.run { !world.server.opened.isEmpty })
            world.run(for: .milliseconds(200))
            server.stopReading(world.server.opened[0], code: 1)
            #expect(
                world.run { world.server.finishedStreams == round && world.client.finishedStreams == round }
            )
        }
    }

    @Test func readerThatDoesNotReadHoldsTheWriterBack() throws {
        var settings = TransportSettings()
        settings.streamWindow = 50_000
        settings.streamWindowLimit = 50_000
        let world = try World(settings: settings)
        let (client, server) = try connected(world)
        world.server.reads = false
        let stream = try #require(client.openStream(bidirectional: false))
        client.write(pattern(200_000), to: stream)
        client.finish(stream)
        world.run(for: .seconds(3))
        #expect(client.statistics.sentBytes < 70_000)
        // Another stream is not held back.
        world.server.reads = true
        let other = try #require(client.openStream(bidirectional: false))
        client.write([9], to: other)
        #expect(world.run { world.server.bytes[server.serial]?[6] == [9] })
        world.server.opened.filter { $0.id == 2 }.forEach { world.server.drain($0, server) }
        #expect(world.run { world.server.ended[server.serial]?.contains(2) == true })
        #expect(world.server.bytes[server.serial]?[2] == pattern(200_000))
    }

    @Test func tenThousandsOfStreamsNeverRunOutOfCredit() throws {
        let world = try World()
        let (client, _) = try connected(world)
        var opened = 0
        world.server.keeps = false
        let wanted = 20_000
        let done = world.run(for: .seconds(600)) {
            while opened < wanted, let stream = client.openStream(bidirectional: false) {
                client.write([UInt8(truncatingIfNeeded: opened)], to: stream)
                client.finish(stream)
                opened += 1
            }
            return world.client.finishedStreams == wanted && world.server.finishedStreams == wanted
        }
        #expect(done)
        #expect(world.server.bytesRead == wanted)
        #expect(world.client.credits > 0)
    }

    @Test func sharedLogReachesEveryConnectionWithoutACopy() throws {
        let world = try World()
        let log = ByteLog()
        log.append(Slice(copying: [9, 9, 1, 2, 3].span), skip: 2)
        var connections: [Connection] = []
        for index in 0..<5 {
            var path = World.clientPath
            path.local.port += UInt16(index)
            connections.append(try world.connect(path: path))
        }
        #expect(world.run { world.server.connected.count == 5 })
        let allocator = SliceAllocator()
        let large = pattern(60_000)
        var streams: [Stream] = []
        for (index, server) in world.server.connections.enumerated() {
            let stream = try #require(server.openStream(bidirectional: false))
            server.write([7, UInt8(index)], to: stream)
            server.attach(log, at: ByteLog.Cursor(), bare: index % 2 == 1, to: stream)
            streams.append(stream)
        }
        world.run(for: .milliseconds(100))
        log.append(allocator.copy(large.span))
        for (server, stream) in zip(world.server.connections, streams) { server.wake(stream) }
        world.run(for: .milliseconds(500))
        log.finish()
        for (server, stream) in zip(world.server.connections, streams) { server.wake(stream) }
        #expect(world.run { world.client.finishedStreams == 5 && world.server.finishedStreams == 5 })
        // The log holds the bytes once, and nobody else holds them any more.
        #expect(allocator.blocksMade <= 2)
        let ports = world.server.connections.map(\.remoteAddress.port)
        for client in connections {
            let index = try #require(ports.firstIndex(of: client.path.local.port))
            let front: [UInt8] = index % 2 == 1 ? [1, 2, 3] : [9, 9, 1, 2, 3]
            #expect(world.client.bytes[client.serial]?[3] == [7, UInt8(index)] + front + large)
        }
    }

    @Test func abortedLogResetsItsReaders() throws {
        let world = try World()
        let (client, _) = try connected(world)
        let log = ByteLog()
        log.append(Slice(copying: [1].span))
        let stream = try #require(client.openStream(bidirectional: false))
        client.attach(log, at: ByteLog.Cursor(), bare: false, to: stream)
        world.run(for: .milliseconds(50))
        log.abort(5)
        client.wake(stream)
        #expect(world.run { world.server.resets == [5] && world.client.finishedStreams == 1 })
    }

    @Test func higherLevelsGoFirst() throws {
        let world = try World()
        let (client, server) = try connected(world)
        let video = try #require(client.openStream(bidirectional: false))
        client.setPriority(video, SendPriority(level: 1, flow: 1, order: 0))
        client.write(pattern(300_000), to: video)
        world.run(for: .milliseconds(25))
        let audio = try #require(client.openStream(bidirectional: false))
        client.setPriority(audio, SendPriority(level: 2, flow: 2, order: 0))
        client.write([1, 2, 3], to: audio)
        client.finish(audio)
        #expect(world.run { world.server.ended[server.serial]?.contains(6) == true })
        #expect((world.server.bytes[server.serial]?[2] ?? []).count < 200_000)
    }

    @Test func endedStreamsDoNothing() throws {
        let world = try World()
        let (client, _) = try connected(world)
        let stream = try #require(client.openStream(bidirectional: true))
        client.close(code: 3, reason: "over")
        client.write([1], to: stream)
        client.finish(stream)
        client.reset(stream, code: 1)
        client.stopReading(stream, code: 1)
        client.wake(stream)
        #expect(client.openStream(bidirectional: true) == nil)
        #expect(!client.sendDatagram(Slice(copying: [1].span)))
        guard case .end = client.read(stream) else {
            Issue.record("a stopped stream still had something to read")
            return
        }
    }

    /// A call's audio: one packet every 20 ms. The receiver acknowledges every second one.
    @Test func acknowledgementsOfSparsePacketsComeInPairs() throws {
        let world = try World()
        let (client, server) = try connected(world)
        world.run(for: .seconds(2))
        world.server.keeps = false
        var fromServer = 0
        var worst = Interval.zero
        world.filter = { (packet) in
            if !packet.toServer { fromServer += 1 }
            return true
        }
        let rounds = 500
        for _ in 0..<rounds {
            let before = world.server.bytesRead
            let start = world.now
            let stream = try #require(client.openStream(bidirectional: false))
            client.write([UInt8](repeating: 1, count: 160), to: stream)
            client.finish(stream)
            world.run(for: .milliseconds(15)) { world.server.bytesRead > before }
            worst = max(worst, world.now - start)
            world.run(for: start + .milliseconds(20) - world.now)
        }
        #expect(world.server.bytesRead == rounds * 160)
        // Nothing arrives later for it, and nothing is sent twice.
        #expect(worst <= .milliseconds(11))
        #expect(fromServer < rounds * 6 / 10)
        #expect(client.statistics.lostPackets == 0)
        #expect(client.statistics.rtt < .milliseconds(30))
        #expect(server.statistics.receivedPackets < UInt64(rounds * 12 / 10))
    }

    /// Whatever is known of ngtcp2's memory, streams of the peer come to an end and others can take their places.
    @Test(arguments: [TransportSettings.Unrecognised(), .pools, .streams, [.pools, .streams]])
    func streamsMakeRoomForOthers(unrecognised: TransportSettings.Unrecognised) throws {
        var settings = TransportSettings()
        settings.unidirectionalStreams = 64
        settings.unrecognised = unrecognised
        let world = try World(settings: settings)
        let (client, server) = try connected(world)
        world.server.onEvent = { (connection, event) in
            if case .peerReset(let stream, _) = event { connection.stopReading(stream, code: 0) }
        }
        let rounds = 1000
        var resets = 0
        for round in 0..<rounds {
            let stream = try #require(client.openStream(bidirectional: false))
            client.write([UInt8](repeating: 1, count: 100), to: stream)
            // Groups of several streams that are open at once, some of which are given up.
            if round % 7 == 3 {
                // What is reset before any of it was sent is no stream to ngtcp2.
                world.run(for: .milliseconds(30))
                resets += 1
                client.reset(stream, code: 5)
            } else {
                client.finish(stream)
            }
            if round % 30 == 29 { world.run(for: .milliseconds(100)) }
        }
        world.run(for: .seconds(1))
        #expect(world.server.ended[server.serial]?.count == rounds - resets)
        #expect(world.server.opened.isEmpty)
        #expect(world.server.finishedStreams + world.client.finishedStreams == 2 * rounds)
        #expect((server.statistics.unrecognisedStreams == 0) == !unrecognised.contains(.streams))
    }

    /// The packet after a lost one does not wait for company, so that the loss is known before the next one comes:
    /// 20 ms until it is sent, a round trip of 50, and 25 for what is sent again.
    @Test func theAcknowledgementAfterALossIsNotHeldBack() throws {
        let world = try World()
        world.delay = .milliseconds(25)
        let (client, server) = try connected(world)
        world.run(for: .seconds(2))
        var drops = false
        world.filter = { (packet) in
            defer { if packet.toServer { drops = false } }
            return !(packet.toServer && drops)
        }
        var worst = Interval.zero
        var lost: (id: Int64, start: Instant?) = (0, nil)
        for _ in 0..<20 {
            // A lost one, then ordinary ones.
            for turn in 0..<9 {
                let start = world.now
                drops = turn == 0
                let stream = try #require(client.openStream(bidirectional: false))
                client.write([UInt8](repeating: 1, count: 160), to: stream)
                client.finish(stream)
                let id = stream.id
                if turn == 0 { lost = (id, start) }
                world.run(for: .milliseconds(20)) {
                    world.server.ended[server.serial]?.contains(lost.id) == true
                }
                if let from = lost.start, world.server.ended[server.serial]?.contains(lost.id) == true {
                    worst = max(worst, world.now - from)
                    lost.start = nil
                }
                world.run(for: start + .milliseconds(20) - world.now)
            }
            #expect(lost.start == nil)
        }
        #expect(worst <= .milliseconds(104))
    }
}
