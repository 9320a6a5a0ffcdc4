import BurrowBase
import BurrowMoQ
import BurrowQUIC
import BurrowSimulation
import Testing

/// What only shows after minutes.
@Suite struct LongCallTests {
    static let line = LinkConditions(delay: .milliseconds(20))

    @Test func streamCreditNeverRunsOut() throws {
        let scene = try RoomScene(seed: 31)
        let alice = try scene.join("alice", path: "alice", conditions: Self.line)
        let bob = try scene.join("bob", conditions: Self.line)
        let track = try alice.publish("audio")
        let atBob = try bob.subscribe("alice", "audio", ordered: true)
        scene.simulation.run(for: .seconds(1))
        alice.stream(track, count: 12_000, every: .milliseconds(5), size: 20)
        scene.simulation.run(for: .seconds(61))
        #expect(bob.frames(atBob).count == 12_000)
    }
}
