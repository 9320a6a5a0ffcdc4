import BurrowBase
import BurrowMoQ
import BurrowQUIC
import BurrowSimulation
import Testing

/// How long it takes from opening a room to the first frame, in round trips.
@Suite struct JoiningTests {
    private static let roundTrip = Interval.milliseconds(50)

    private func roundTrips(_ scene: RoomScene, on peer: SimulatedPeer) throws -> Double {
        let begin = scene.simulation.now
        let line = LinkConditions(delay: .milliseconds(25))
        let bob = try scene.join("bob", on: peer, conditions: line)
        let track = try bob.subscribe("alice", "audio")
        scene.wait("a frame arrives") { !bob.frames(track).isEmpty }
        let first = try #require(bob.frames(track).first)
        scene.simulation.run(for: .seconds(1))
        bob.peer.node.closeRoom(bob.room, request: scene.newRequest(), now: scene.simulation.now)
        scene.simulation.settle(bob.peer)
        scene.simulation.run(for: .seconds(1))
        return Double((first.time - begin).microseconds) / Double(Self.roundTrip.microseconds)
    }

    @Test(arguments: Version.preferred) func theFirstFrameTakesTwoRoundTripsAndOneWithATicket(
        version: Version
    ) throws {
        let scene = try RoomScene(seed: 21, versions: [version])
        let alice = try scene.join(
            "alice",
            path: "alice",
            conditions: LinkConditions(delay: .milliseconds(1))
        )
        let audio = try alice.publish("audio")
        alice.stream(audio, count: 2000, every: .milliseconds(20))
        let peer = scene.simulation.addPeer("bob")
        // A frame every 20 ms, and some milliseconds within the machines.
        let slack = 0.1
        let legacySetup = version.hasLegacySetup ? 1.0 : 0
        let fresh = try roundTrips(scene, on: peer)
        #expect(fresh >= 2 && fresh <= 2 + slack + legacySetup)
        let resumed = try roundTrips(scene, on: peer)
        #expect(resumed >= 1 && resumed <= 1 + slack + legacySetup)
    }

    @Test func aTicketOfARestartedRelayIsNoObstacle() throws {
        let scene = try RoomScene(seed: 22)
        let alice = try scene.join(
            "alice",
            path: "alice",
            conditions: LinkConditions(delay: .milliseconds(1))
        )
        let audio = try alice.publish("audio")
        alice.stream(audio, count: 2000, every: .milliseconds(20))
        let peer = scene.simulation.addPeer("bob")
        _ = try roundTrips(scene, on: peer)
        scene.relay.node.stopRelay(scene.relayID, request: scene.newRequest(), now: scene.simulation.now)
        scene.simulation.settle(scene.relay)
        scene.wait("the relay is gone") { scene.relay.node.statistics(of: scene.relayID) == nil }
        try scene.startRelay()
        scene.wait("alice is back") { alice.history.last == "restored" }
        let again = try roundTrips(scene, on: peer)
        #expect(again < 3)
    }
}
