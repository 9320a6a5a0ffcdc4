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
}
