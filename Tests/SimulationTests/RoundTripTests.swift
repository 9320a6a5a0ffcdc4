import BurrowBase
import BurrowMoQ
import BurrowQUIC
import BurrowSimulation
import Testing

/// How long it takes to hear somebody, in round trips. What a host sees, without queues and without computing time.
@Suite struct RoundTripTests {
    static let roundTrip = Interval.milliseconds(50)

    private struct Measurement {
        var connected: Double
        var announced: Double
        var live: Double
        var firstFrame: Double
    }

    /// Bob comes into a call that has been going on, knowing whom he wants to hear.
    private func measure(_ version: Version) throws -> Measurement {
        let scene = try RoomScene(seed: 21, versions: [version])
        let line = LinkConditions(delay: .microseconds(Self.roundTrip.microseconds / 2))
        let alice = try scene.join("alice", path: "alice", conditions: line)
        let carol = try scene.join("carol", conditions: line)
        let track = try alice.publish("audio")
        _ = try carol.subscribe("alice", "audio")
        alice.stream(track, count: 500, every: .milliseconds(20), size: 160)
        scene.simulation.run(for: .seconds(3))
        let bob = try scene.join("bob", conditions: line)
        let start = scene.simulation.now
        let atBob = try bob.subscribe("alice", "audio")
        scene.wait("bob hears alice") { !bob.frames(atBob).isEmpty }
        func roundTrips(_ time: Instant?) -> Double {
            time.map { Double(($0 - start).microseconds) / Double(Self.roundTrip.microseconds) } ?? .infinity
        }
        func time(_ isIt: (NodeEvent) -> Bool) -> Double {
            roundTrips(bob.peer.events.first { isIt($0.event) }?.time)
        }
        return Measurement(
            connected: time { if case .room(_, .connected, _) = $0 { true } else { false } },
            announced: time { if case .joined = $0 { true } else { false } },
            live: time { if case .track(_, .live, _) = $0 { true } else { false } },
            firstFrame: roundTrips(bob.frames(atBob).first?.time)
        )
    }

    @Test(arguments: Version.preferred) func aFirstFrameTakesFewRoundTrips(version: Version) throws {
        let measured = try measure(version)
        // The handshake, and one for the question and its answer. lite-02 shakes hands once more.
        #expect(measured.firstFrame <= (version.hasLegacySetup ? 3.1 : 2.1), "\(measured)")
        #expect(measured.connected <= (version.hasLegacySetup || version.hasSetup ? 2.1 : 1.1), "\(measured)")
    }
}
