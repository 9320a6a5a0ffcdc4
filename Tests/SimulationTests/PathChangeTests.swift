import BurrowBase
import BurrowMoQ
import BurrowQUIC
import BurrowSimulation
import Testing

/// What happens to the way between a member and the relay while a connection runs, and what it has to survive.
@Suite struct PathChangeTests {
    enum Trouble: Equatable, Sendable {
        case rebind, change
        case blackout(Int64)
    }

    /// Trouble of one member, each at a number of milliseconds.
    struct Course: Sendable, CustomTestStringConvertible {
        let steps: [(at: Int64, trouble: Trouble)]

        init(_ steps: (Int64, Trouble)...) { self.steps = steps.map { (at: $0.0, trouble: $0.1) } }

        var testDescription: String { steps.map { "\($0.trouble) at \($0.at)" }.joined(separator: ", ") }

        func apply(to member: RoomMember, _ scene: RoomScene) {
            let simulation = scene.simulation
            let begin = simulation.now
            for (at, trouble) in steps {
                let time = begin + .milliseconds(at)
                switch trouble {
                case .blackout(let length):
                    simulation.addBlackout(time..<(time + .milliseconds(length)), of: member.peer)
                case .rebind:
                    simulation.at(time) { simulation.rebind(member.peer) }
                case .change:
                    simulation.at(time, on: member.peer) {
                        member.peer.node.networkChanged(now: simulation.now)
                    }
                }
            }
        }
    }

    static let line = LinkConditions(delay: .milliseconds(25))

    /// Datagrams are not repeated, so a relay that only sends such learns nothing from its own losses.
    @Test(arguments: [
        Course((1000, .blackout(1500))), Course((1000, .blackout(4000))),
        Course((1000, .blackout(1500)), (1100, .rebind)), Course((1000, .blackout(4000)), (1100, .rebind)),
        Course((1000, .blackout(2000)), (2900, .rebind)),
    ])
    func datagramsFlowAgainToAListener(course: Course) throws {
        let scene = try RoomScene(seed: 51)
        let alice = try scene.join("alice", path: "alice", conditions: Self.line)
        let bob = try scene.join("bob", conditions: Self.line)
        let track = try alice.publish("d")
        let atBob = try bob.subscribe("alice", "d")
        scene.simulation.run(for: .seconds(1))
        alice.stream(track, count: 1500, every: .milliseconds(20), size: 800, datagrams: true)
        course.apply(to: bob, scene)
        scene.simulation.run(for: .seconds(5))
        let before = bob.frames(atBob).count
        // A listener behind a new mapping cannot be found before it says something, which its keep-alive does.
        let isHidden = course.steps.contains { $0.trouble == .rebind }
        scene.wait("datagrams arrive again", seconds: isHidden ? 6 : 3) {
            bob.frames(atBob).count > before + 50
        }
        #expect(!bob.history.contains("reconnecting"))
    }

    /// The same on a line where little may be under way: what is lost there must not keep new datagrams back.
    @Test(arguments: [Int64(1000), 2500, 4000], [Int64(300_000), 600_000])
    func datagramsFlowAgainOnANarrowLine(blackout: Int64, bitsPerSecond: Int64) throws {
        let scene = try RoomScene(seed: 54)
        let narrow = LinkConditions(
            delay: .milliseconds(25),
            rateLimit: .init(bitsPerSecond: bitsPerSecond, queueBytes: 60_000)
        )
        let alice = try scene.join("alice", path: "alice", conditions: Self.line)
        let bob = try scene.join("bob", conditions: narrow)
        let track = try alice.publish("d")
        let atBob = try bob.subscribe("alice", "d")
        scene.simulation.run(for: .seconds(1))
        alice.stream(track, count: 1000, every: .milliseconds(20), size: 1000, datagrams: true)
        let course = Course((6000, .blackout(blackout)))
        course.apply(to: bob, scene)
        scene.simulation.run(for: .milliseconds(6000 + blackout))
        let before = bob.frames(atBob).count
        #expect(before > 50)
        scene.wait("datagrams arrive again", seconds: 3) { bob.frames(atBob).count > before + 5 }
        #expect(!bob.history.contains("reconnecting"))
    }

    static let courses: [Course] =
        [
            // The network changes while nothing gets through, once and several times.
            Course((1000, .blackout(2000)), (1500, .change)),
            Course((1000, .blackout(4000)), (1200, .change)),
            Course((1000, .blackout(3000)), (1100, .change), (1500, .change), (2500, .change)),
            // A translator forgets while the new way is tried.
            Course((1000, .change), (1010, .rebind)),
            Course((1000, .change), (1040, .rebind), (1090, .rebind)),
            Course((1000, .blackout(1500)), (1100, .rebind), (1200, .change), (1300, .rebind)),
        ]
        // The network changes while the relay still tries the way that the translator made.
        + [10, 30, 60, 90, 150, 300, 700, 1000].map { Course((1000, .rebind), (1000 + $0, .change)) }
        // The line breaks down while a new way is tried.
        + [20, 40, 60, 80, 120].map { Course((1000, .rebind), (1000 + $0, .blackout(2500))) }
        + [20, 40, 60, 80, 120].map { Course((1000, .change), (1000 + $0, .blackout(2500))) }

    @Test(arguments: courses) func aConnectionSurvives(course: Course) throws {
        let scene = try RoomScene(seed: 52)
        let alice = try scene.join("alice", path: "alice", conditions: Self.line)
        let bob = try scene.join("bob", path: "bob", conditions: Self.line)
        let track = try alice.publish("audio", maxAge: .seconds(30))
        let back = try bob.publish("audio", maxAge: .seconds(30))
        let atBob = try bob.subscribe("alice", "audio", maxAge: .seconds(30))
        let atAlice = try alice.subscribe("bob", "audio", maxAge: .seconds(30))
        scene.simulation.run(for: .seconds(1))
        for (member, track) in [(alice, track), (bob, back)] {
            member.stream(track, count: 300, every: .milliseconds(20), size: 160)
        }
        course.apply(to: bob, scene)
        scene.wait("all frames arrive", seconds: 15) {
            bob.frames(atBob).count == 300 && alice.frames(atAlice).count == 300
        }
        #expect(!bob.history.contains("reconnecting"), "\(bob.error.map { "\($0)" } ?? "")")
    }

    /// The same for somebody who only listens, and says little that would tell the relay where to find him.
    @Test(arguments: courses) func aListenerSurvives(course: Course) throws {
        let scene = try RoomScene(seed: 53)
        let alice = try scene.join("alice", path: "alice", conditions: Self.line)
        let bob = try scene.join("bob", conditions: Self.line)
        let track = try alice.publish("audio", maxAge: .seconds(30))
        let atBob = try bob.subscribe("alice", "audio", maxAge: .seconds(30))
        scene.simulation.run(for: .seconds(1))
        alice.stream(track, count: 300, every: .milliseconds(20), size: 160)
        course.apply(to: bob, scene)
        scene.wait("what is new arrives", seconds: 15) { bob.numbers(atBob).contains(299) }
        #expect(!bob.history.contains("reconnecting"), "\(bob.error.map { "\($0)" } ?? "")")
    }
}
