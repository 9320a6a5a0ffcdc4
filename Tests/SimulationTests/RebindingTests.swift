import BurrowBase
import BurrowMoQ
import BurrowQUIC
import BurrowSimulation
import Testing

/// A translator between a member and the relay forgets it now and then.
@Suite struct RebindingTests {
    @Test(arguments: Version.preferred, [0, 7, 13, 20, 27, 33, 60])
    func longGroupsAreDeliveredToTheirEnds(version: Version, offset: Int64) throws {
        let scene = try RoomScene(seed: UInt64(40 + offset))
        let line = LinkConditions(delay: .milliseconds(50))
        let alice = try scene.join("alice", path: "alice", conditions: line) { $0.versions = [version] }
        let bob = try scene.join("bob", conditions: line)
        let track = try alice.publish("video", maxAge: .seconds(60))
        let atBob = try bob.subscribe("alice", "video", ordered: true, maxAge: .seconds(60))
        scene.simulation.run(for: .seconds(1))
        alice.stream(track, count: 200, every: .milliseconds(40), size: 800, groupLength: 25)
        for second in 1...6 {
            let time = scene.simulation.now + .milliseconds(Int64(second) * 1000 + offset)
            scene.simulation.at(time) { scene.simulation.rebind(bob.peer) }
        }
        scene.wait("everything arrives", seconds: 20) { bob.frames(atBob).count == 200 }
        #expect(bob.numbers(atBob) == Array(0..<200))
    }
}
