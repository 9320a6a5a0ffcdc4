import BurrowBase
import BurrowMedia
import Testing

/// Playout with the codec that calls use.
@Suite struct OpusPlayoutTests {
    private struct Outcome {
        var statistics = AudioPlayoutStatistics()
        var zeroGaps = 0
        var largestStep: Float = 0
        var tiny = 0
    }

    /// Loudness and flags of 10 ms each of what is heard of packets of a tone that comes to an end.
    private static func ending(
        _ amplitudes: [Float],
        pulls: Int,
        at end: (number: Int, discarding: Bool)? = nil
    ) throws -> (levels: [Float], flags: [PullFlags], statistics: AudioPlayoutStatistics) {
        let encoder = try OpusEncoder(channels: 1, settings: AudioEncoderSettings())
        let playout = AudioPlayout(decoder: try OpusDecoder(channels: 1))
        var packet = [UInt8](repeating: 0, count: 1_500)
        var samples = [Float](repeating: 0, count: 480)
        var (levels, flags): ([Float], [PullFlags]) = ([], [])
        for pull in 0..<pulls {
            let now = Instant(microseconds: Int64(pull) * 10_000)
            if pull % 2 == 0, pull / 2 < amplitudes.count {
                // A square wave of 500 Hz.
                let amplitude = amplitudes[pull / 2]
                let input = (0..<960).map { $0 / 48 % 2 == 0 ? amplitude : -amplitude }
                var bytes = packet.mutableSpan
                let count = try encoder.encode(input.span, into: &bytes)
                let payload = Slice(copying: packet[0..<count].span)
                playout.insert(payload, timestamp: Int64(pull) * 10_000, arrival: now)
            }
            if let end, end.number == pull { playout.end(discarding: end.discarding) }
            var span = samples.mutableSpan
            flags.append(playout.pull(into: &span, frames: 480, now: now + .milliseconds(1)))
            levels.append((samples.reduce(0) { $0 + $1 * $1 } / 480).squareRoot())
        }
        return (levels, flags, playout.statistics)
    }

    /// Some packets of silence and then none: nobody is missed, and nothing is heard.
    @Test func muteIsSilenceAndNoLoss() throws {
        let sound = [Float](repeating: 0.3, count: 100) + [0.1, 0, 0, 0, 0, 0]
        let (levels, flags, statistics) = try Self.ending(sound, pulls: 600)
        #expect(levels[100..<190].allSatisfy { $0 > 0.2 })
        #expect(levels[240...].allSatisfy { $0 < 0.001 }, "\(levels[200..<260])")
        #expect(flags[240...].allSatisfy { $0 == .silent })
        #expect(statistics.framesConcealed == 0)
    }

    @Test(arguments: [false, true]) func whatIsOverIsSilent(discarding: Bool) throws {
        let sound = [Float](repeating: 0.3, count: 100)
        let (levels, flags, statistics) = try Self.ending(sound, pulls: 400, at: (200, discarding))
        #expect(levels[100..<199].allSatisfy { $0 > 0.2 })
        let quiet = discarding ? 203 : 215
        #expect(levels[quiet...].allSatisfy { $0 == 0 }, "\(levels[195..<220])")
        #expect(flags[quiet...].allSatisfy { $0 == .silent })
        #expect(flags.allSatisfy { !$0.contains(.concealed) })
        #expect(statistics.framesConcealed == 0)
    }

    /// Nobody pulled for a while, and when it went on the sender was gone and came back: they are heard again.
    @Test func whoComesBackAfterAPauseIsHeard() throws {
        let encoder = try OpusEncoder(channels: 1, settings: AudioEncoderSettings())
        let playout = AudioPlayout(decoder: try OpusDecoder(channels: 1))
        var packet = [UInt8](repeating: 0, count: 1_500)
        var samples = [Float](repeating: 0, count: 960)
        var back: Float = 0
        for number in 0..<1_300 where !(100..<1_100).contains(number) {
            let now = Instant(microseconds: Int64(number) * 20_000)
            if number == 1_100 { playout.end(discarding: false) }
            if !(1_100..<1_110).contains(number) {
                let input = (0..<960).map { $0 / 48 % 2 == 0 ? Float(0.3) : -0.3 }
                var bytes = packet.mutableSpan
                let count = try encoder.encode(input.span, into: &bytes)
                let payload = Slice(copying: packet[0..<count].span)
                playout.insert(payload, timestamp: now.microseconds, arrival: now)
            }
            var span = samples.mutableSpan
            _ = playout.pull(into: &span, frames: 960, now: now + .milliseconds(1))
            if number >= 1_130 { back = max(back, samples.map(\.magnitude).max() ?? 0) }
        }
        #expect(back > 0.2)
        #expect(playout.statistics.packetsOverflowed == 0)
        #expect(playout.statistics.delay < .milliseconds(400))
    }

    private static func run(
        seconds: Int,
        _ settings: AudioEncoderSettings,
        lost: (Int) -> Bool = { _ in false },
        sound: (Int) -> Float = { Voice.samples[$0 % Voice.frames] }
    ) throws -> Outcome {
        let encoder = try OpusEncoder(channels: 1, settings: settings)
        let playout = AudioPlayout(decoder: try OpusDecoder(channels: 1))
        var outcome = Outcome()
        var packet = [UInt8](repeating: 0, count: 1_500)
        var samples = [Float](repeating: 0, count: 480)
        var last: Float = 0
        var zeros = 0
        for number in 0..<(seconds * 50) {
            let input = (0..<960).map { sound(number * 960 + $0) }
            var bytes = packet.mutableSpan
            let count = try encoder.encode(input.span, into: &bytes)
            if count <= 2 { outcome.tiny += 1 }
            let arrival = Instant(microseconds: Int64(number) * 20_000)
            if !lost(number), count > 0 {
                playout.insert(
                    Slice(copying: packet[0..<count].span),
                    timestamp: Int64(number) * 20_000,
                    arrival: arrival
                )
            }
            for half in 0..<2 as Range<Int64> {
                var span = samples.mutableSpan
                _ = playout.pull(
                    into: &span,
                    frames: 480,
                    now: arrival + .microseconds(1_000 + half * 10_000)
                )
                for sample in samples {
                    zeros = sample == 0 ? zeros + 1 : 0
                    if zeros == 48, playout.statistics.framesDecoded > 0, number > 10 {
                        outcome.zeroGaps += 1
                    }
                    outcome.largestStep = max(outcome.largestStep, abs(sample - last))
                    last = sample
                }
            }
        }
        outcome.statistics = playout.statistics
        return outcome
    }

    @Test func cleanStreamIsDecodedWhole() throws {
        let outcome = try Self.run(seconds: 5, AudioEncoderSettings())
        #expect(outcome.statistics.framesConcealed == 0)
        #expect(outcome.statistics.framesDecoded >= 248 * 960)
        #expect(outcome.zeroGaps == 0)
    }

    @Test func lossIsRepairedByRedundancy() throws {
        var settings = AudioEncoderSettings()
        settings.bitRate = 32_000
        settings.usesFEC = true
        settings.expectedLoss = 10
        let outcome = try Self.run(seconds: 8, settings, lost: { $0 % 10 == 9 })
        let clean = try Self.run(seconds: 8, settings)
        #expect(outcome.statistics.framesRecovered > 20 * 960)
        #expect(outcome.statistics.framesRecovered + outcome.statistics.framesConcealed >= 39 * 960)
        #expect(outcome.zeroGaps == 0)
        // No clicks: the steepest step is hardly steeper than without loss.
        #expect(outcome.largestStep < clean.largestStep * 1.5 + 0.05)
    }

    @Test func burstsFadeWithoutClicks() throws {
        let outcome = try Self.run(
            seconds: 8,
            AudioEncoderSettings(),
            lost: { $0 % 100 >= 50 && $0 % 100 < 65 }
        )
        let clean = try Self.run(seconds: 8, AudioEncoderSettings())
        #expect(outcome.zeroGaps == 0)
        #expect(outcome.statistics.framesNoise > 0)
        #expect(outcome.largestStep < clean.largestStep * 1.5 + 0.05)
    }

    /// The encoder is silent for half of the time; nothing of that is a loss.
    @Test func silenceOfTheSenderIsNoLoss() throws {
        var settings = AudioEncoderSettings()
        settings.usesDTX = true
        settings.bitRate = 24_000
        var random = SeededRandom(seed: 4)
        let outcome = try Self.run(
            seconds: 20,
            settings,
            sound: { (index) in
                let hiss = Float(Int32(truncatingIfNeeded: random.next())) * 0x1p-31 * 0.000_5
                return index / 96_000 % 2 == 0 ? Voice.samples[index % Voice.frames] : hiss
            }
        )
        #expect(outcome.tiny > 100)
        #expect(outcome.statistics.framesConcealed == 0)
        #expect(outcome.statistics.packetsLate == 0)
        #expect(outcome.zeroGaps == 0)
    }

    @Test func corruptPacketsAreSurvived() throws {
        let playout = AudioPlayout(decoder: try OpusDecoder(channels: 2))
        var random = SeededRandom(seed: 6)
        var samples = [Float](repeating: 0, count: 960)
        for number in 0..<2_000 as Range<Int64> {
            let bytes = (0..<(random.next() % 200)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
            let now = Instant(microseconds: number * 20_000)
            playout.insert(Slice(copying: bytes.span), timestamp: number * 20_000, arrival: now)
            for half in 0..<2 as Range<Int64> {
                var span = samples.mutableSpan
                _ = playout.pull(into: &span, frames: 480, now: now + .microseconds(half * 10_000))
                #expect(samples.allSatisfy { $0.magnitude <= 1.5 })
            }
        }
        #expect(playout.statistics.packetsCorrupt > 0)
        #expect(playout.statistics.framesPulled == 2_000 * 960)
    }
}
