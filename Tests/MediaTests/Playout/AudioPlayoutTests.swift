import BurrowBase
import BurrowMedia
import Glibc
import Testing

/// What is heard when packets do not come as they should.
@Suite struct AudioPlayoutTests {
    /// A network without any jitter.
    private static func calm(_ packets: Int) -> Trace { Trace(delays: .init(repeating: 0, count: packets)) }

    @Test func calmNetworkPlaysWhatWasSent() {
        var simulation = PlayoutSimulation()
        var heard: [Float] = []
        let report = simulation.run(Self.calm(100)) { (_, samples, _) in heard += samples }
        // Whatever the shortening of the first second did, later samples are those that were sent, in order.
        let tail = Array(heard[(heard.count - 9_600)...])
        let sent = Voice.samples
        let match = (0..<(100 * 960)).first { (start) in
            sent[start] == tail[0] && start + tail.count <= sent.count
                && tail.indices.allSatisfy { sent[start + $0] == tail[$0] }
        }
        #expect(match != nil)
        #expect(report.statistics.framesConcealed == 0)
        #expect(report.statistics.packetsLate == 0)
        #expect(report.zeroGaps == 0)
    }

    /// The clock says when a media time is heard; the samples agree with it.
    @Test(arguments: [480, 960, 2_880, 479, 1_111]) func clockIsThatOfTheSamples(pull: Int) {
        var simulation = PlayoutSimulation()
        simulation.pullFrames = pull
        var last: (time: Int64, samples: [Float]) = (0, [])
        _ = simulation.run(Self.calm(200)) { (time, samples, _) in last = (time, samples) }
        let offset = simulation.playout.clockOffset?.microseconds ?? 0
        let media = PlayoutSimulation.epoch + last.time - offset - simulation.mediaEpoch
        let position = Int((Double(media) * 0.048).rounded())
        let found = (-2...2).contains { (shift) in
            last.samples.indices.allSatisfy { last.samples[$0] == Voice.samples[position + shift + $0] }
        }
        #expect(found, "\(position)")
    }

    @Test(arguments: [480, 960, 1_920, 2_880, 481, 777, 2_879]) func anyLengthOfPullIsFilled(pull: Int) {
        var simulation = PlayoutSimulation()
        simulation.pullFrames = pull
        let report = simulation.run(Trace(.wired, seed: 3, packets: 1_000))
        #expect(report.zeroGaps == 0)
        #expect(report.statistics.framesConcealed == 0)
        #expect(report.meanDelay < 30 + Double(pull) / 48)
    }

    /// A host that wants now little and now much at once, on average as much as is played.
    @Test(arguments: [[960, 2_880], [48, 100, 441, 960, 2_880], [480, 480, 480, 1_440]])
    func pullsOfDifferentLengths(lengths: [Int]) {
        let voice = Voice()
        let playout = AudioPlayout(decoder: PlainDecoder(packetFrames: 960))
        var samples = [Float](repeating: 0, count: 2_880)
        var (pulled, turn) = (0, 0)
        var settled = AudioPlayoutStatistics()
        for tick in 0..<2_000 {
            let now = Instant(microseconds: 1_000_000 + Int64(tick) * 10_000)
            if tick % 2 == 1 {
                let payload = voice.packet(tick / 2, frames: 960, redundant: false)
                playout.insert(payload, timestamp: Int64(tick / 2) * 20_000, arrival: now)
            }
            while pulled < (tick + 1) * 480 {
                let length = lengths[turn % lengths.count]
                turn += 1
                var span = samples.mutableSpan
                _ = playout.pull(into: &span, frames: length, now: now + .milliseconds(1))
                pulled += length
            }
            if tick == 500 { settled = playout.statistics }
        }
        let end = playout.statistics
        #expect(end.framesConcealed == settled.framesConcealed, "\(settled)")
        #expect(end.packetsLate == settled.packetsLate)
        #expect(end.stretches - settled.stretches < 15, "\(end.stretches - settled.stretches)")
        #expect(end.delay < .milliseconds(110), "\(end.delay)")
    }

    @Test(arguments: [120, 240, 480, 1_920, 2_880, 5_760]) func anyLengthOfPacketIsPlayed(packet: Int) {
        var simulation = PlayoutSimulation(packetFrames: packet)
        let report = simulation.run(Self.calm(480_000 / packet))
        #expect(report.zeroGaps == 0)
        #expect(report.statistics.framesConcealed == 0)
        #expect(report.meanDelay < 40)
    }

    @Test(arguments: [120, 240, 480, 960, 1_920]) func lossIsConcealedWithoutAGap(packet: Int) {
        var simulation = PlayoutSimulation(packetFrames: packet)
        var trace = Self.calm(500)
        for index in stride(from: 50, to: 500, by: 20) { trace.delays[index] = nil }
        var flagged = 0
        let report = simulation.run(trace) { (_, _, flags) in flagged += flags.contains(.concealed) ? 1 : 0 }
        #expect(report.zeroGaps == 0)
        // The first may be lost before anything is played.
        let losses = report.statistics.concealmentEvents
        #expect(losses == 23 || (packet == 120 && losses == 22))
        #expect(report.statistics.framesConcealed == losses * packet)
        #expect(flagged >= losses && flagged <= 23 * (2 + packet / 480))
        #expect(report.statistics.packetsLate == 0)
    }

    @Test func redundancyRepairsSingleLossesExactly() {
        var simulation = PlayoutSimulation()
        simulation.redundant = true
        var trace = Self.calm(500)
        for index in stride(from: 50, to: 500, by: 20) { trace.delays[index] = nil }
        let report = simulation.run(trace)
        #expect(report.statistics.framesConcealed == 0)
        #expect(report.statistics.framesRecovered == 23 * 960)
        #expect(report.zeroGaps == 0)
        // The redundancy comes a packet later.
        #expect(report.statistics.target > .milliseconds(20))
    }

    @Test func burstIsConcealedButItsLastPacket() {
        var simulation = PlayoutSimulation()
        simulation.redundant = true
        var trace = Self.calm(500)
        for index in 200..<204 { trace.delays[index] = nil }
        let report = simulation.run(trace)
        #expect(report.statistics.framesRecovered == 960)
        #expect(report.statistics.framesConcealed == 3 * 960)
    }

    @Test func absentSenderFadesToSilenceAndComesBack() {
        var simulation = PlayoutSimulation()
        var trace = Self.calm(1_000)
        for index in 400..<800 { trace.delays[index] = nil }
        var levels: [Int64: Float] = [:]
        var silentPulls = 0
        let report = simulation.run(trace) { (time, samples, flags) in
            levels[time / 100_000] = max(levels[time / 100_000] ?? 0, samples.map(\.magnitude).max() ?? 0)
            if flags.contains(.silent), time > 1_000_000 { silentPulls += 1 }
        }
        // 8.1 to 16.1 s: noise after a fifth of a second, nothing after three seconds.
        let noise = levels[86] ?? 0
        #expect(noise > 0.000_1 && noise < 0.01)
        #expect(levels[120] == 0)
        #expect((levels[165] ?? 0) > 0.01 || (levels[170] ?? 0) > 0.01)
        #expect(silentPulls > 600 && silentPulls < 800)
        #expect(report.statistics.restarts == 0)
        #expect(report.meanDelay < 40)
    }

    @Test func announcedSilenceIsNoLoss() {
        var simulation = PlayoutSimulation()
        // Every second packet 100 to 400 says "silence", the others are not sent, as DTX does.
        simulation.alter = { (number, payload, timestamp) in
            guard number % 500 >= 100, number % 500 < 400 else { return (payload, timestamp) }
            return number % 20 == 0 ? (payload.prefix(1), timestamp) : nil
        }
        let report = simulation.run(Self.calm(2_000))
        #expect(report.statistics.framesConcealed == 0)
        #expect(report.statistics.concealmentEvents == 0)
        #expect(report.statistics.packetsLate == 0)
        #expect(report.zeroGaps == 0)
    }

    @Test func duplicatesAndReorderingAreHarmless() {
        var simulation = PlayoutSimulation()
        var trace = Self.calm(500)
        for index in 100..<400 where index % 10 == 3 { trace.delays[index] = 45_000 }
        var reordered = trace
        reordered.delays = trace.delays
        let playout = simulation.playout
        simulation.alter = { (_, payload, timestamp) in
            let arrival = Instant(microseconds: PlayoutSimulation.epoch + timestamp - 77_000_000_123 + 30_000)
            playout.insert(payload, timestamp: timestamp, arrival: arrival)
            return (payload, timestamp)
        }
        let report = simulation.run(reordered)
        #expect(report.statistics.packetsReceived == 998)
        #expect(report.statistics.packetsDuplicate == 499)
        #expect(report.statistics.packetsLate <= 4)
        #expect(report.zeroGaps == 0)
    }

    @Test(arguments: [-1_000_000, -20_000_000, 7_200_000_000, -7_200_000_000, 3_000_000] as [Int64])
    func newTimelineIsFollowed(jump: Int64) {
        var simulation = PlayoutSimulation()
        simulation.alter = { (number, payload, timestamp) in
            (payload, number < 500 ? timestamp : timestamp + jump)
        }
        let report = simulation.run(Self.calm(1_500))
        #expect(report.statistics.restarts == 1)
        // 20 s of 30 remain; less than 0.3 s of them may be missing.
        #expect(report.statistics.framesDecoded > 1_480 * 960)
        #expect(report.statistics.framesConcealed + report.statistics.framesNoise < 14_400)
        let offset = (simulation.playout.clockOffset?.microseconds ?? 0) + jump
        #expect(abs(offset + simulation.mediaEpoch - PlayoutSimulation.epoch - 30_000) < 100_000)
    }

    /// One absurd timestamp, or a few that do not agree, are not a new timeline.
    @Test func strayTimestampsAreIgnored() {
        var simulation = PlayoutSimulation()
        var random = SeededRandom(seed: 4)
        simulation.alter = { (number, payload, timestamp) in
            number % 5 == 4 ? (payload, Int64(truncatingIfNeeded: random.next())) : (payload, timestamp)
        }
        let report = simulation.run(Self.calm(500))
        #expect(report.statistics.restarts == 0)
        #expect(report.statistics.framesDecoded >= 398 * 960)
    }

    @Test func corruptPacketsAreConcealedAndCounted() {
        var simulation = PlayoutSimulation()
        simulation.alter = { (number, payload, timestamp) in
            switch number % 20 {
            case 7: (payload.prefix(1_001), timestamp)
            case 14: (Slice(copying: [UInt8](repeating: 0xff, count: 3_840).span), timestamp)
            case 17: (payload.prefix(0), timestamp)
            default: (payload, timestamp)
            }
        }
        let report = simulation.run(Self.calm(500))
        #expect(report.statistics.packetsCorrupt == 75)
        #expect(report.zeroGaps == 0)
        #expect(abs(report.statistics.framesConcealed - 75 * 960) <= 960)
    }

    @Test func nobodyPullsAndMemoryStaysBounded() {
        let simulation = PlayoutSimulation()
        for number in 0..<10_000 {
            simulation.playout.insert(
                simulation.voice.packet(number),
                timestamp: Int64(number) * 20_000,
                arrival: Instant(microseconds: Int64(number) * 20_000 + 5_000)
            )
        }
        let statistics = simulation.playout.statistics
        #expect(statistics.packetsOverflowed == 10_000 - 256)
        // Whoever pulls then hears what is new.
        var samples = [Float](repeating: 0, count: 480)
        var span = samples.mutableSpan
        for step in 0..<20 {
            _ = simulation.playout.pull(
                into: &span,
                frames: 480,
                now: Instant(microseconds: 200_000_000 + Int64(step) * 10_000)
            )
        }
        #expect(samples.contains { $0 != 0 })
        let delay = (simulation.playout.clockOffset?.microseconds ?? 0) - 5_000
        #expect(delay < 420_000, "\(delay)")
    }

    @Test(arguments: [UInt64(5), 6, 7]) func spikeIsForgottenWithinFiveSeconds(seed: UInt64) {
        var simulation = PlayoutSimulation()
        var trace = Trace(.wired, seed: seed, packets: 1_500)
        // Nothing gets through for 300 ms, 15 s after the beginning.
        for index in 750..<765 { trace.delays[index] = Int64(765 - index) * 20_000 }
        let report = simulation.run(trace)
        let before = report.delays[1_400..<1_490].reduce(0, +) / 90
        // The spike ends at 15.3 s.
        let after = report.delays[2_030..<2_100].max() ?? 1_000
        #expect(after <= before + 20, "\(before) then \(after)")
        #expect(report.statistics.framesSkipped == 0)
        #expect(report.zeroGaps == 0)
        // What was said during the spike is heard, late.
        #expect(report.statistics.framesDecoded >= 1_495 * 960)
    }

    @Test func longOutageIsSkipped() {
        var simulation = PlayoutSimulation()
        var trace = Self.calm(1_500)
        for index in 500..<650 { trace.delays[index] = Int64(650 - index) * 20_000 }
        let report = simulation.run(trace)
        #expect(report.statistics.framesSkipped > 0)
        let after = report.delays[1_310..<1_320].max() ?? 10_000
        #expect(after < 450, "\(after)")
        let later = report.delays[1_900..<1_950].max() ?? 10_000
        #expect(later < 50, "\(later)")
    }

    @Test(arguments: [200.0, -200.0]) func driftIsCorrectedWithoutUnderruns(drift: Double) {
        var simulation = PlayoutSimulation()
        simulation.drift = drift
        let report = simulation.run(Trace(.wired, seed: 9, packets: 30_000))
        #expect(report.statistics.concealmentEvents == 0)
        #expect(report.zeroGaps == 0)
        #expect(abs(Double(report.statistics.drift) - drift) < 15, "\(report.statistics.drift)")
        #expect(report.statistics.stretches < 40, "\(report.statistics.stretches)")
        #expect(report.meanDelay < 30)
    }

    /// A voice is never made faster or slower by more than a tenth.
    @Test func stretchingKeepsItsLimit() {
        var options = PlayoutOptions()
        options.start = .milliseconds(400)
        var simulation = PlayoutSimulation(options: options)
        let playout = simulation.playout
        var removed: [Int] = []
        let report = simulation.run(Self.calm(500)) { (time, _, _) in
            if time % 1_000_000 < 10_000 { removed.append(playout.statistics.framesRemoved) }
        }
        #expect(report.statistics.framesRemoved > 10_000)
        for (before, after) in zip(removed, removed.dropFirst()) {
            // A tenth, and what the pauses among the syllables give.
            #expect(after - before <= 4_800 + 7_200)
        }
    }

    /// Hosts that pull two at a time, or a little late, get the same sound.
    @Test func unevenPullsAreSmoothed() {
        let playout = PlayoutSimulation().playout
        let voice = Voice()
        var random = SeededRandom(seed: 8)
        var samples = [Float](repeating: 0, count: 480)
        var span = samples.mutableSpan
        var next: Int64 = 0
        for pull in 0..<6_000 as Range<Int64> {
            // In pairs, and up to 8 ms late.
            let now = pull / 2 * 20_000 + Int64(random.uniform() * 8_000)
            while next * 20_000 + 1_000 <= now {
                playout.insert(
                    voice.packet(Int(next)),
                    timestamp: next * 20_000,
                    arrival: Instant(microseconds: next * 20_000 + 1_000)
                )
                next += 1
            }
            _ = playout.pull(into: &span, frames: 480, now: Instant(microseconds: now))
        }
        let statistics = playout.statistics
        #expect(statistics.concealmentEvents <= 2)
        #expect(statistics.stretches < 40)
        #expect(statistics.delay < .milliseconds(50))
    }

    @Test func absurdTimestampsDoNoHarm() {
        let playout = PlayoutSimulation().playout
        let voice = Voice()
        var random = SeededRandom(seed: 12)
        var samples = [Float](repeating: 0, count: 480)
        let edges: [Int64] = [.min, .max, 0, -1, .min + 1, .max - 20_000, 1 << 62]
        for step in 0..<4_000 as Range<Int64> {
            let timestamp =
                switch random.next() % 4 {
                case 0: edges[Int(random.next() % 7)]
                case 1: Int64(truncatingIfNeeded: random.next())
                default: step * 20_000
                }
            playout.insert(
                voice.packet(Int(step)),
                timestamp: timestamp,
                arrival: Instant(microseconds: step * 10_000)
            )
            var span = samples.mutableSpan
            _ = playout.pull(into: &span, frames: 480, now: Instant(microseconds: step * 10_000))
            #expect(samples.allSatisfy { $0.magnitude <= 1 })
        }
        #expect(playout.statistics.framesPulled == 4_000 * 480)
    }

    /// A voice of a steady pitch is stretched in both directions without a step or a change of its pitch.
    @Test(arguments: [85, 120, 200, 310]) func stretchedVoiceIsSmooth(hertz: Int) {
        var options = PlayoutOptions()
        options.floor = .milliseconds(150)
        let playout = AudioPlayout(decoder: PlainDecoder(), options: options)
        var shape = [Float](repeating: 0, count: 9_600)
        for index in shape.indices {
            let x = 2 * Float.pi * Float(hertz * index) / 48_000
            shape[index] = 0.2 * sinf(x) + 0.1 * sinf(2 * x + 1) + 0.05 * sinf(5 * x)
        }
        let steepest = zip(shape, shape.dropFirst()).map { abs($0 - $1) }.max() ?? 0
        let bytes = unsafe shape.withUnsafeBytes { unsafe Slice(copying: [UInt8]($0).span) }
        var samples = [Float](repeating: 0, count: 480)
        var last: Float = 0
        var upward = 0
        var largest: Float = 0
        for step in 0..<2_000 as Range<Int64> {
            let now = Instant(microseconds: step * 10_000)
            if step % 2 == 0 {
                let packet = bytes.dropFirst(Int(step / 2 % 10) * 3_840).prefix(3_840)
                playout.insert(packet, timestamp: step * 10_000, arrival: now)
            }
            if step == 500 { playout.apply(PlayoutOptions()) }
            if step == 1_000 { playout.apply(options) }
            var span = samples.mutableSpan
            _ = playout.pull(into: &span, frames: 480, now: now)
            guard step > 100 else {
                last = samples[479]
                continue
            }
            for sample in samples {
                largest = max(largest, abs(sample - last))
                if last < 0, sample >= 0, step >= 1_900 { upward += 1 }
                last = sample
            }
        }
        #expect(largest <= steepest * 1.15)
        #expect(playout.statistics.framesRemoved > 4_800)
        #expect(playout.statistics.framesInserted > 4_800)
        #expect(playout.statistics.framesConcealed == 0)
        #expect(abs(upward - hertz) <= 2, "\(upward) periods in a second")
    }

    @Test func hostSetsFloorAndCeiling() {
        var options = PlayoutOptions()
        options.floor = .milliseconds(100)
        var simulation = PlayoutSimulation(options: options)
        let slow = simulation.run(Trace(.wired, seed: 1, packets: 500))
        #expect((95...125).contains(slow.delays.last ?? 0))
        options.floor = .milliseconds(10)
        options.ceiling = .milliseconds(30)
        simulation.playout.apply(options)
        let fast = simulation.run(Trace(.cellular, seed: 1, packets: 500))
        #expect(fast.statistics.target <= .milliseconds(30))
        options.floor = .seconds(-1)
        options.quantile = .nan
        options.start = .seconds(1_000_000)
        #expect(options.sane.floor == .zero)
        #expect(options.sane.quantile == 0.97)
        #expect(options.sane.start == .milliseconds(30))
    }
}
