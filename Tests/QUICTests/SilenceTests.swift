import BurrowBase
import BurrowQUIC
import Testing

/// What waits while nothing is answered.
@Suite struct SilenceTests {
    private final class Scene {
        let world: World
        let client: Connection
        var sent: [Int64: Instant] = [:]
        var ended: [Int64: Interval] = [:]

        init() throws {
            world = try World()
            world.delay = .milliseconds(25)
            client = try world.connect()
            let isConnected = world.run { [world] in world.server.connected.count == 1 }
            try #require(isConnected)
            world.server.onEvent = { [unowned self] (connection, event) in
                guard case .readable(let stream) = event, ended[stream.id] == nil,
                    world.server.ended[connection.serial]?.contains(stream.id) == true
                else { return }
                ended[stream.id] = world.now - (sent[stream.id] ?? world.now)
            }
            world.run(for: .seconds(1))
        }

        @discardableResult
        func send(_ count: Int, level: UInt16) throws -> Int64 {
            let stream = try #require(client.openStream(bidirectional: false))
            client.setPriority(stream, SendPriority(level: level, flow: UInt32(level), order: 0))
            client.write([UInt8](repeating: 1, count: count), to: stream)
            client.finish(stream)
            sent[stream.id] = world.now
            return stream.id
        }

        func took(_ stream: Int64) -> Int64 { ended[stream]?.microseconds ?? .max }
    }

    /// What was sent before a pause and not answered says nothing about the line after it.
    @Test func whatWasLostBeforeAPauseHoldsNothingBack() throws {
        let scene = try Scene()
        scene.world.filter = { !$0.toServer }
        try scene.send(2_000, level: 60)
        scene.world.run(for: .milliseconds(800))
        scene.world.filter = nil
        let picture = try scene.send(5_000, level: 60)
        scene.world.run(for: .seconds(1))
        #expect(scene.took(picture) < 35_000, "\(scene.took(picture))")
    }
}
