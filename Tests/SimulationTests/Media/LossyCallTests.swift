import BurrowBase
import BurrowMedia
import BurrowMoQ
import BurrowSimulation
import Testing

/// Sound over lines that lose packets, from the end of its recording to its being heard.
@Suite struct LossyCallTests {
    struct Line: Sendable, CustomTestStringConvertible {
        var name: String
        var conditions: LinkConditions
        /// Milliseconds from the end of a packet's recording to its first sample being heard, and the part that is invented.
        var delay: Double
        var concealed: Double

        var testDescription: String { name }
    }

    static func lossy(_ loss: Double) -> LinkConditions {
        LinkConditions(delay: .milliseconds(25), loss: loss)
    }

    static let lines = [
        Line(name: "clean", conditions: lossy(0), delay: 46, concealed: 0.002),
        Line(name: "1 %", conditions: lossy(0.01), delay: 56, concealed: 0.002),
        Line(name: "5 %", conditions: lossy(0.05), delay: 61, concealed: 0.002),
        Line(name: "10 %", conditions: lossy(0.1), delay: 66, concealed: 0.003),
        Line(
            name: "bursts of four",
            conditions: LinkConditions(
                delay: .milliseconds(25),
                burstLoss: .init(begin: 0.014_55, end: 0.25)
            ),
            // It takes some seconds to see that losses come in rows.
            delay: 140,
            concealed: 0.01
        ),
        Line(
            name: "30 ms jitter",
            conditions: LinkConditions(
                delay: .milliseconds(25),
                jitter: .milliseconds(30),
                keepsOrder: false
            ),
            delay: 80,
            concealed: 0.006
        ),
    ]

    @Test(arguments: lines, [true, false]) func soundIsHeardInTime(line: Line, sendersLine: Bool) throws {
        let seconds: Int64 = 20
        let scene = try RoomScene(seed: 91)
        let good = LinkConditions(delay: .microseconds(100))
        let alice = try scene.join("alice", path: "alice", conditions: sendersLine ? line.conditions : good)
        let bob = try scene.join("bob", conditions: sendersLine ? good : line.conditions)
        let simulation = scene.simulation
        simulation.run(for: .milliseconds(2_500))
        let begin = simulation.now
        let sender = try AdaptiveSender(alice, videoBitRate: 800_000, until: begin + .seconds(seconds))
        let audio = try bob.subscribe("alice", "audio", priority: 80, maxAge: .milliseconds(500))
        _ = try bob.subscribe("alice", "video", priority: 60, maxAge: .milliseconds(500))
        sender.start()
        simulation.run(for: .seconds(seconds))
        let listener = CallListener(bob.frames(audio), from: begin, seconds: seconds)
        let end = Double(seconds)
        let delay = listener.medianDelay(5, end)
        let concealed = listener.concealed(5, end)
        #expect(delay <= line.delay, "\(concealed) invented")
        #expect(concealed <= line.concealed, "at \(delay) ms")
    }

    struct Interruption {
        let listener: CallListener
        /// When pictures arrived, and how late, in seconds since the call began and in milliseconds.
        var pictures: [(time: Double, delay: Double)] = []
    }

    /// A call in which something happens after 15 s to one of the two lines.
    static func interrupted(
        _ conditions: LinkConditions,
        seconds: Int64,
        seed: UInt64 = 92,
        sendersLine: Bool = true,
        _ happening: (RoomScene, RoomMember, Instant) -> Void
    ) throws -> Interruption {
        let scene = try RoomScene(seed: seed)
        let good = LinkConditions(delay: .microseconds(100))
        let alice = try scene.join("alice", path: "alice", conditions: sendersLine ? conditions : good)
        let bob = try scene.join("bob", conditions: sendersLine ? good : conditions)
        let simulation = scene.simulation
        simulation.run(for: .milliseconds(2_500))
        let begin = simulation.now
        let sender = try AdaptiveSender(alice, videoBitRate: 800_000, until: begin + .seconds(seconds))
        let audio = try bob.subscribe("alice", "audio", priority: 80, maxAge: .milliseconds(500))
        let video = try bob.subscribe("alice", "video", priority: 60, maxAge: .milliseconds(500))
        happening(scene, sendersLine ? alice : bob, begin)
        sender.start()
        simulation.run(for: .seconds(seconds))
        let listener = CallListener(bob.frames(audio), from: begin, seconds: seconds)
        let pictures = bob.frames(video).map {
            (Double(($0.time - begin).microseconds) / 1e6, Double($0.time.microseconds - $0.timestamp) / 1000)
        }
        return Interruption(listener: listener, pictures: pictures)
    }

    private static func line(_ rate: Int64) -> LinkConditions {
        LinkConditions(
            delay: .microseconds(200),
            rateLimit: .init(bitsPerSecond: rate, queueBytes: 64_000)
        )
    }

    @Test func aNarrowLineDelaysSoundNotForLong() throws {
        let call = try Self.interrupted(Self.line(3_000_000), seconds: 40) { (scene, alice, begin) in
            for (second, rate) in [(15, 300_000), (30, 3_000_000)] as [(Int64, Int64)] {
                scene.simulation.at(begin + .seconds(second)) {
                    scene.simulation.setConditions(Self.line(rate), between: alice.peer, and: scene.relay)
                }
            }
        }
        let listener = call.listener
        let late = Double(listener.some(15, 40).count { ($0.delay ?? 0) > 175 }) / 100
        // Beside the way: 20 ms of packet and what the encoder looks ahead.
        let seconds = (14..<40).map { Int(listener.worstDelay(Double($0), Double($0 + 1))) }
        #expect(listener.worstDelay(15, 30) <= 425, "\(seconds)")
        #expect(late <= 16, "\(seconds)")
    }

    @Test(arguments: [92, 93, 94] as [UInt64], [true, false])
    func aBlackoutEndsAtOnce(seed: UInt64, sendersLine: Bool) throws {
        let call = try Self.interrupted(Self.lossy(0), seconds: 20, seed: seed, sendersLine: sendersLine) {
            (scene, member, begin) in
            let dark = begin + .seconds(15) + .milliseconds(Int64(seed % 10) * 7)
            scene.simulation.addBlackout(dark..<(dark + .seconds(3)), of: member.peer)
        }
        let light = 18.0 + Double(seed % 10) * 0.007
        let sound = call.listener.pulls.first { $0.time > light && $0.isFresh }
        let picture = call.pictures.first { $0.time > light }
        #expect((sound?.time ?? 99) - light <= 0.075)
        #expect((picture?.time ?? 99) - light <= 0.2)
    }

    @Test(arguments: [92, 93, 94] as [UInt64]) func aRebindingLeavesNoGap(seed: UInt64) throws {
        let call = try Self.interrupted(Self.lossy(0), seconds: 19, seed: seed) { (scene, alice, begin) in
            scene.simulation.at(begin + .seconds(15) + .milliseconds(Int64(seed % 10) * 7)) {
                scene.simulation.rebind(alice.peer)
            }
        }
        let times = call.pictures.map(\.time).filter { (14.5..<18.5).contains($0) }.sorted()
        let gap = zip(times, times.dropFirst()).map { $1 - $0 }.max() ?? 99
        #expect(gap <= 0.15)
    }
}
