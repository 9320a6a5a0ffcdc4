import BurrowBase
import BurrowMedia
import BurrowMoQ
import BurrowSimulation
import Testing

/// A call whose line becomes narrow and wide again, through the real transport.
@Suite struct AdaptationTests {
    struct Line: Sendable, CustomTestStringConvertible {
        var queueBytes: Int
        var delay: Int64 = 12
        var jitter: Int64 = 0
        var loss = 0.0
        var narrow: Int64 = 300_000
        /// Seconds at which it becomes narrow, and wide again.
        var from: Int64 = 15
        var until: Int64 = 35

        var testDescription: String {
            "\(narrow) bit/s from \(from) to \(until) s, queue \(queueBytes), \(delay) ms + \(jitter), loss \(loss)"
        }

        func conditions(_ bitsPerSecond: Int64) -> LinkConditions {
            LinkConditions(
                delay: .milliseconds(delay),
                jitter: .milliseconds(jitter),
                loss: loss,
                rateLimit: .init(bitsPerSecond: bitsPerSecond, queueBytes: queueBytes)
            )
        }
    }

    struct Outcome {
        var audioDelays: [(time: Double, delay: Double)] = []
        var audioSent = 0
        var videoDelays: [(time: Double, delay: Double)] = []
        /// Bits that arrived in each tenth of a second.
        var videoBits: [Int] = []
        var notes: [(time: Double, note: AdaptiveSender.Note)] = []
    }

    static func run(_ line: Line, seconds: Int64, seed: UInt64 = 71) throws -> Outcome {
        let scene = try RoomScene(seed: seed)
        let alice = try scene.join("alice", path: "alice", conditions: line.conditions(3_000_000))
        let bob = try scene.join("bob", conditions: LinkConditions(delay: .milliseconds(line.delay)))
        let simulation = scene.simulation
        simulation.run(for: .seconds(1))
        let begin = simulation.now
        let sender = try AdaptiveSender(alice, videoBitRate: 800_000, until: begin + .seconds(seconds))
        let audio = try bob.subscribe("alice", "audio", priority: 80, maxAge: .milliseconds(500))
        let video = try bob.subscribe("alice", "video", priority: 60, maxAge: .milliseconds(500))
        for (second, rate) in [(line.from, line.narrow), (line.until, 3_000_000)] {
            simulation.at(begin + .seconds(second)) {
                simulation.setConditions(line.conditions(rate), between: alice.peer, and: scene.relay)
            }
        }
        sender.start()
        simulation.run(for: .seconds(seconds + 2))
        func since(_ time: Instant) -> Double { Double((time - begin).microseconds) / 1e6 }
        var outcome = Outcome()
        outcome.audioSent = Int(seconds) * 50
        outcome.audioDelays = bob.frames(audio).map {
            (since(Instant(microseconds: $0.timestamp)), Double($0.time.microseconds - $0.timestamp) / 1000)
        }
        outcome.videoBits = [Int](repeating: 0, count: Int(seconds + 3) * 10)
        for frame in bob.frames(video) {
            let sent = Instant(microseconds: frame.timestamp)
            outcome.videoDelays.append((since(sent), Double((frame.time - sent).microseconds) / 1000))
            outcome.videoBits[Int(since(frame.time) * 10)] += frame.payload.count * 8
        }
        outcome.notes = sender.notes.map { (since($0.time), $0) }
        return outcome
    }

    static let lines = [
        Line(queueBytes: 60_000),
        Line(queueBytes: 20_000),
        Line(queueBytes: 60_000, delay: 40),
        Line(queueBytes: 60_000, jitter: 10, loss: 0.01),
        Line(queueBytes: 60_000, narrow: 500_000),
        Line(queueBytes: 200_000, narrow: 200_000),
    ]

    @Test(arguments: lines) func aLineThatBecomesNarrowAndWideAgain(line: Line) throws {
        let outcome = try Self.run(line, seconds: 45)
        let way = Double(2 * line.delay + line.jitter)
        let (from, until) = (Double(line.from), Double(line.until))

        // Sound goes on.
        #expect(outcome.audioSent - outcome.audioDelays.count <= 8)
        let late = outcome.audioDelays.map { $0.delay - way }
        #expect(late.max() ?? 0 <= Self.worstAudio(line))
        #expect(late.count { $0 > 200 } <= 150)
        let before = outcome.audioDelays.filter { (5..<from).contains($0.time) }.map { $0.delay - way }
        #expect(before.max() ?? 0 < 150)

        // Pictures give way, and use what there is.
        let worst = outcome.videoDelays.map { $0.delay - way }.max() ?? 0
        #expect(worst <= 800)
        let narrow = outcome.bits(from + 5, until) / Int(until - from - 5)
        #expect(narrow > Int(line.narrow) * 40 / 100 - 20_000 && narrow < Int(line.narrow))
        let old = outcome.bits(5, from) / Int(from - 5)
        #expect(old > 700_000)

        // And come back.
        let back = outcome.time(after: until) { outcome.bits($0 - 1, $0) >= old * 9 / 10 }
        #expect(back - until <= 5)
    }

    /// Half a round trip more than it takes to notice, and what goes out in that time.
    private static func worstAudio(_ line: Line) -> Double {
        line.narrow < 300_000 ? 800 : line.delay > 12 ? 600 : 500
    }
}

extension AdaptationTests.Outcome {
    /// Bits of pictures that arrived between two times.
    func bits(_ from: Double, _ to: Double) -> Int {
        videoBits[max(Int(from * 10), 0)..<min(Int(to * 10), videoBits.count)].reduce(0, +)
    }

    /// The first time, in tenths of a second, at which something is so.
    func time(after start: Double, _ isSo: (Double) -> Bool) -> Double {
        var time = start
        while time * 10 < Double(videoBits.count), !isSo(time) { time += 0.1 }
        return time
    }
}
