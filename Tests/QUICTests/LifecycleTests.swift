import BurrowBase
import BurrowQUIC
import Testing

@Suite struct LifecycleTests {
    private func connected(_ world: World) throws -> (client: Connection, server: Connection) {
        let client = try world.connect()
        #expect(world.run { !world.client.connected.isEmpty && !world.server.connected.isEmpty })
        return (client, try #require(world.server.connections.first))
    }

    @Test func closeCarriesCodeAndReason() throws {
        let world = try World()
        let (client, server) = try connected(world)
        server.close(code: 42, reason: "go away")
        #expect(world.run { !world.client.closed.isEmpty })
        #expect(world.server.closed == [QUICError(.localClose(42), "go away")])
        #expect(world.client.closed == [QUICError(.application(42), "go away")])
        client.close(code: 1, reason: "again")
        server.close(code: 1, reason: "again")
        world.run(for: .seconds(10))
        #expect(world.client.closed.count == 1 && world.server.closed.count == 1)
        #expect(world.client.endpoint.connectionCount == 0)
        #expect(world.server.endpoint.connectionCount == 0)
        #expect(client.statistics.receivedPackets > 0)
    }

    @Test func lostCloseIsRepeated() throws {
        let world = try World()
        let (client, server) = try connected(world)
        var lost = 0
        world.filter = { (packet) in
            if !packet.toServer, lost < 1 {
                lost += 1
                return false
            }
            return true
        }
        world.run(for: .milliseconds(500))
        lost = 0
        server.close(code: 9, reason: "")
        world.run(for: .milliseconds(5))
        let stream = try #require(client.openStream(bidirectional: false))
        client.write([1], to: stream)
        #expect(world.run(for: .seconds(2)) { !world.client.closed.isEmpty })
        #expect(world.client.closed.map(\.code) == [.application(9)])
    }

    @Test func silenceEndsTheConnection() throws {
        var settings = TransportSettings()
        settings.keepAlive = .zero
        settings.idleTimeout = .seconds(8)
        let world = try World(settings: settings)
        _ = try connected(world)
        world.run(for: .seconds(7))
        #expect(world.client.closed.isEmpty)
        world.run(for: .seconds(2))
        #expect(world.client.closed.map(\.code) == [.idleTimeout])
        #expect(world.server.closed.map(\.code) == [.idleTimeout])
        #expect(world.server.endpoint.connectionCount == 0)
        #expect(world.client.endpoint.deadline == .distantFuture)
    }

    @Test func keepAliveHoldsTheConnection() throws {
        var settings = TransportSettings()
        settings.idleTimeout = .seconds(10)
        let world = try World(settings: settings)
        _ = try connected(world)
        world.run(for: .seconds(2))
        let before = world.packets
        world.run(for: .seconds(60))
        #expect(world.client.closed.isEmpty && world.server.closed.isEmpty)
        // A ping every 4.5 s from one side or both, and acknowledgements.
        #expect(world.packets - before < 70)
    }

    @Test func vanishedPeerIsNoticed() throws {
        let world = try World()
        _ = try connected(world)
        world.filter = { (_) in false }
        #expect(world.run(for: .seconds(40)) { !world.client.closed.isEmpty && !world.server.closed.isEmpty })
        #expect(world.client.closed.map(\.code) == [.idleTimeout])
    }

    @Test func stalledHandshakeEnds() throws {
        var settings = TransportSettings()
        settings.handshakeTimeout = .seconds(3)
        let world = try World(settings: settings)
        _ = try world.connect()
        // The server's answers are lost.
        world.filter = { (packet) in packet.toServer }
        world.run(for: .seconds(20))
        #expect(world.client.closed.map(\.code) == [.handshakeTimeout])
        #expect(world.server.endpoint.connectionCount == 0)
        #expect(world.server.connections.isEmpty)
    }

    @Test func datagramsTravel() throws {
        let world = try World()
        let (client, server) = try connected(world)
        let limit = client.maxDatagramPayload
        #expect(limit > 1000)
        #expect(!client.sendDatagram(Slice(copying: [UInt8](repeating: 1, count: limit + 1).span)))
        let large = [UInt8](repeating: 5, count: limit)
        #expect(client.sendDatagram(Slice(copying: large.span)))
        #expect(client.sendDatagram(Slice(copying: [1, 2].span), Slice(copying: [3].span)))
        let pieces = (0..<4).map { Slice(copying: [UInt8($0)].span) }
        #expect(client.sendDatagram(pieces))
        #expect(server.sendDatagram(Slice(copying: [9].span)))
        #expect(world.run { world.server.datagrams.count == 3 && world.client.datagrams.count == 1 })
        #expect(world.server.datagrams == [large, [1, 2, 3], [0, 1, 2, 3]])
        #expect(world.client.datagrams == [[9]])
        var queued = 0
        while client.sendDatagram(Slice(copying: [1].span)) { queued += 1 }
        #expect(queued == world.settings.datagramQueueLimit)
    }

    @Test func peerWithoutDatagramsRefusesThem() throws {
        var settings = TransportSettings()
        settings.datagramFrameSize = 0
        let world = try World(settings: settings)
        let (client, _) = try connected(world)
        #expect(client.maxDatagramPayload == 0)
        #expect(!client.sendDatagram(Slice(copying: [1].span)))
    }

    @Test func pathMTUGrows() throws {
        let world = try World()
        let (client, _) = try connected(world)
        world.run(for: .seconds(3))
        #expect(client.statistics.mtu > 1400)
        #expect(client.statistics.rtt >= .milliseconds(20))
        #expect(client.statistics.rtt < .milliseconds(60))
        // A path that carries no more than 1300 bytes.
        let narrow = try World()
        narrow.filter = { (packet) in packet.bytes.count <= 1300 }
        let (other, server) = try connected(narrow)
        let stream = try #require(other.openStream(bidirectional: false))
        other.write([UInt8](repeating: 1, count: 100_000), to: stream)
        other.finish(stream)
        #expect(narrow.run { narrow.server.ended[server.serial]?.contains(2) == true })
        #expect(other.statistics.mtu <= 1300)
    }

    @Test func qlogComesOutWhole() throws {
        var settings = TransportSettings()
        settings.qlog = true
        let world = try World(settings: settings)
        let (client, _) = try connected(world)
        client.close(code: 0, reason: "")
        world.run(for: .seconds(5))
        var text = ""
        var last = false
        while let chunk = world.client.endpoint.nextQLog() {
            #expect(chunk.connection == client.serial && !chunk.isServer && !last)
            text += String(decoding: chunk.bytes, as: UTF8.self)
            last = chunk.isLast
        }
        #expect(last)
        #expect(text.contains("qlog_version"))
        #expect(text.contains("packet_sent"))
    }

    @Test func idleConnectionsCostNothing() throws {
        let world = try World()
        for index in 0..<200 {
            var path = World.clientPath
            path.local.port += UInt16(index)
            _ = try world.connect(path: path)
        }
        #expect(world.run { world.server.connected.count == 200 })
        world.run(for: .seconds(3))
        let before = world.packets
        world.run(for: .seconds(45))
        // Ten keep-alive rounds: a ping and its acknowledgement for each connection.
        #expect(world.packets - before < 200 * 10 * 4)
        #expect(world.client.endpoint.connectionCount == 200)
    }

    @Test func congestionMarksSlowTheSender() throws {
        // BBR models the path instead of counting marks.
        var settings = TransportSettings()
        settings.congestionControl = .cubic
        func window(marks: Bool) throws -> (UInt64, Bool) {
            let world = try World(settings: settings)
            let (client, server) = try connected(world)
            var marked = false
            world.filter = { (packet) in
                if packet.toServer, packet.ecn == .ect0 {
                    marked = true
                    if marks { packet.ecn = .ce }
                }
                return true
            }
            let stream = try #require(client.openStream(bidirectional: false))
            client.write([UInt8](repeating: 1, count: 400_000), to: stream)
            client.finish(stream)
            #expect(world.run { world.server.ended[server.serial]?.contains(2) == true })
            return (client.statistics.congestionWindow, marked)
        }
        let free = try window(marks: false)
        let marked = try window(marks: true)
        #expect(free.1 && marked.1)
        #expect(marked.0 < free.0)
    }

    @Test func manyConnectionsShareOneBatch() throws {
        let world = try World()
        world.batch = DatagramBatch(capacity: 40_000, entryLimit: 8)
        var connections: [Connection] = []
        for index in 0..<10 {
            var path = World.clientPath
            path.local.port += UInt16(index)
            connections.append(try world.connect(path: path))
        }
        #expect(world.run { world.client.connected.count == 10 })
        for connection in connections {
            let stream = try #require(connection.openStream(bidirectional: false))
            connection.write([UInt8](repeating: 1, count: 200_000), to: stream)
            connection.finish(stream)
        }
        world.server.keeps = false
        // All get there at about the same time although the batch is always full.
        #expect(world.run(for: .seconds(10)) { world.server.finishedStreams == 10 })
        #expect(world.server.bytesRead == 2_000_000)
    }
}
