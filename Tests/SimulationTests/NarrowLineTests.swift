import BurrowBase
import BurrowMoQ
import BurrowQUIC
import BurrowSimulation
import Testing

/// What is left of a call when the line of a subscriber carries half of it.
@Suite struct NarrowLineTests {
    /// A line, and what tries to go through.
    struct Load: Sendable, CustomTestStringConvertible {
        let control: CongestionControl
        let bitsPerSecond: Int64
        let queueBytes: Int
        var delay: Int64 = 20

        var testDescription: String { "\(control) \(bitsPerSecond) bit/s, queue \(queueBytes), \(delay) ms" }
    }

    static let loads = [
        Load(control: .bbr2, bitsPerSecond: 300_000, queueBytes: 10_000),
        Load(control: .bbr2, bitsPerSecond: 300_000, queueBytes: 60_000),
        Load(control: .bbr2, bitsPerSecond: 500_000, queueBytes: 20_000),
        Load(control: .bbr2, bitsPerSecond: 500_000, queueBytes: 60_000),
        Load(control: .bbr2, bitsPerSecond: 500_000, queueBytes: 20_000, delay: 100),
        Load(control: .bbr2, bitsPerSecond: 1_000_000, queueBytes: 60_000),
        Load(control: .cubic, bitsPerSecond: 500_000, queueBytes: 20_000),
    ]

    @Test(arguments: loads) func audioKeepsItsRate(load: Load) throws {
        let scene = try RoomScene(seed: 241) { $0.settings.congestionControl = load.control }
        let line = LinkConditions(delay: .milliseconds(20))
        let narrow = LinkConditions(
            delay: .milliseconds(load.delay),
            rateLimit: .init(bitsPerSecond: load.bitsPerSecond, queueBytes: load.queueBytes)
        )
        let alice = try scene.join("alice", path: "alice", conditions: line)
        let bob = try scene.join("bob", conditions: narrow)
        let audio = try alice.publish("audio")
        let video = try alice.publish("video")
        let audioAtBob = try bob.subscribe("alice", "audio", priority: 200, maxAge: .milliseconds(500))
        let videoAtBob = try bob.subscribe("alice", "video", priority: 100, maxAge: .milliseconds(500))
        scene.simulation.run(for: .seconds(1))
        // Audio takes some 80 kbit/s with everything around it, and video alone twice what the line carries.
        let frame = Int(load.bitsPerSecond) * 2 / 8 / 25
        alice.stream(audio, count: 1500, every: .milliseconds(20), size: 160)
        alice.stream(video, count: 750, every: .milliseconds(40), size: frame, groupLength: 10)
        scene.simulation.run(for: .seconds(33))
        let heard = bob.frames(audioAtBob)
        let late = heard.map { ($0.time.microseconds - $0.timestamp) / 1000 }.sorted()
        let seen = bob.frames(videoAtBob).count
        #expect(heard.count >= 1480)
        // The way itself, what a queue may delay, and a packet or two in front.
        #expect(late[late.count / 2] < load.delay + 20 + 100 + 150)
        #expect(seen > 150 && seen < 700)
    }

    /// Groups of a single frame each, none of which fits into the time until the next one: the newest goes first, but not
    /// before the one that was begun is through.
    @Test(arguments: [150, 300, 500], [500, 2000])
    func largeSingleFramesStillArrive(percent: Int, maxAge: Int64) throws {
        let scene = try RoomScene(seed: 242)
        let alice = try scene.join(
            "alice",
            path: "alice",
            conditions: LinkConditions(delay: .milliseconds(20))
        )
        let bob = try scene.join(
            "bob",
            conditions: LinkConditions(
                delay: .milliseconds(20),
                rateLimit: .init(bitsPerSecond: 1_000_000, queueBytes: 20_000)
            )
        )
        let video = try alice.publish("video")
        let atBob = try bob.subscribe("alice", "video", maxAge: .milliseconds(maxAge))
        scene.simulation.run(for: .seconds(1))
        let size = 1_000_000 / 8 / 25 * percent / 100
        alice.stream(video, count: 500, every: .milliseconds(40), size: size)
        scene.simulation.run(for: .seconds(23))
        let seen = bob.frames(atBob)
        // Of what the line could carry, most is something whole.
        #expect(seen.count * percent / 100 > 300)
    }
}
