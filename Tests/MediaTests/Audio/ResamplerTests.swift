import BurrowBase
import BurrowMedia
import Glibc
import Testing

@Suite struct ResamplerTests {
    /// Everything that comes out, fed in chunks of the sizes that `chunk` says.
    private func resample(
        _ samples: [Float],
        with resampler: Resampler,
        chunk: () -> Int = { 480 }
    ) throws -> [Float] {
        let channels = resampler.channels
        var result: [Float] = []
        var start = 0
        while start < samples.count {
            let count = min(chunk() * channels, samples.count - start)
            var buffer = [Float](
                repeating: 0,
                count: resampler.maximumOutput(for: count / channels) * channels
            )
            let piece = Array(samples[start..<start + count])
            var span = buffer.mutableSpan
            let (consumed, produced) = try resampler.process(piece.span, into: &span)
            #expect(consumed == count / channels)
            result += buffer.prefix(produced * channels)
            start += count
        }
        return result
    }

    private static let pairs = PCMFormat.rates.flatMap { rate in [(rate, 48_000), (48_000, rate)] }

    /// Gain in dB of a tone, away from the beginning and the end.
    private func gain(_ frequency: Double, from input: Int, to output: Int, _ quality: Resampler.Quality)
        throws -> Double
    {
        let resampler = try Resampler(channels: 1, from: input, to: output, quality: quality)
        let tone = TestSignal.tone(frequency, frames: input / 2, rate: Double(input))
        let heard = try resample(tone, with: resampler)
        let middle = heard[(heard.count / 4)..<(heard.count * 3 / 4)]
        return 10 * log10(max(Measure.power(middle), 1e-12) / 0.125)
    }

    @Test(arguments: pairs)
    func passesSpeechFlatAndKeepsTheRestOut(_ input: Int, _ output: Int) throws {
        let nyquist = Double(min(input, output)) / 2
        for frequency in [200, 1000, nyquist * 0.75] {
            #expect(abs(try gain(frequency, from: input, to: output, .capture)) < 0.5, "\(frequency)")
            #expect(abs(try gain(frequency, from: input, to: output, .playout)) < 0.2, "\(frequency)")
        }
        if input > output {
            for frequency in [nyquist * 1.25, nyquist * 1.6] where frequency < Double(input) / 2 {
                #expect(try gain(frequency, from: input, to: output, .capture) < -40)
                #expect(try gain(frequency, from: input, to: output, .playout) < -55)
            }
        }
    }

    /// A tone keeps its phase: what comes out has the times of what went in.
    @Test(arguments: pairs, [Resampler.Quality.capture, .playout])
    func soundKeepsItsTime(_ pair: (Int, Int), _ quality: Resampler.Quality) throws {
        let resampler = try Resampler(channels: 1, from: pair.0, to: pair.1, quality: quality)
        let heard = try resample(
            TestSignal.tone(440, frames: pair.0 / 2, rate: Double(pair.0)),
            with: resampler
        )
        let wanted = TestSignal.tone(440, frames: heard.count, rate: Double(pair.1))
        let range = 1000..<(heard.count - 1000)
        #expect(Measure.signalToNoise(wanted[range], heard[range]) > 10_000)
        // And is withheld no longer than the filter needs.
        let withheld = Double(resampler.latency) / Double(pair.0)
        let missing = 0.5 - Double(heard.count) / Double(pair.1)
        #expect(abs(missing - withheld) <= 2 / Double(min(pair.0, pair.1)))
        let samples = quality == .capture ? 24.0 : 40.0
        #expect(withheld <= (samples + 5) / Double(min(pair.0, pair.1)))
    }

    @Test(arguments: pairs, [1, 2])
    func chunksDoNotMatter(_ pair: (Int, Int), _ channels: Int) throws {
        let samples = TestSignal.noise(frames: pair.0 / 4 * channels, level: 0.5)
        let whole = try resample(
            samples,
            with: Resampler(channels: channels, from: pair.0, to: pair.1, quality: .playout)
        )
        for seed in 1...3 as ClosedRange<UInt64> {
            var random = SeededRandom(seed: seed)
            let pieces = try resample(
                samples,
                with: Resampler(channels: channels, from: pair.0, to: pair.1, quality: .playout),
                chunk: { Int(random.next() % 700) + 1 }
            )
            #expect(pieces == whole)
        }
    }

    @Test(arguments: [-300.0, -37, -1, 1, 10, 300, 1000])
    func driftIsFollowed(_ drift: Double) throws {
        let resampler = try Resampler(channels: 1, from: 48_000, to: 48_000, quality: .playout)
        try resampler.setDrift(partsPerMillion: drift)
        let seconds = 20
        let heard = try resample([Float](repeating: 0, count: 48_000 * seconds), with: resampler)
        let expected = Double(48_000 * seconds - resampler.latency) / (1 + drift / 1e6)
        #expect(abs(Double(heard.count) - expected) <= 2)
    }

    /// A change of the ratio neither clicks nor loses the place.
    @Test(arguments: [(48_000, 48_000), (44_100, 48_000), (16_000, 48_000), (48_000, 16_000)])
    func driftChangesInaudibly(_ pair: (Int, Int)) throws {
        let resampler = try Resampler(channels: 1, from: pair.0, to: pair.1, quality: .playout)
        let tone = TestSignal.tone(1000, frames: pair.0 * 2, rate: Double(pair.0))
        var heard: [Float] = []
        var random = SeededRandom(seed: 5)
        for start in stride(from: 0, to: tone.count, by: pair.0 / 10) {
            try resampler.setDrift(partsPerMillion: Double(random.next() % 601) - 300)
            heard += try resample(Array(tone[start..<start + pair.0 / 10]), with: resampler)
        }
        // A sine is the only signal whose second difference is its negative, scaled: what remains is the click.
        let scale = Float(2 * cos(2 * Double.pi * 1000 / Double(pair.1)))
        var residue = 0.0
        for index in 1000..<(heard.count - 1000) {
            let rest = heard[index - 1] + heard[index + 1] - scale * heard[index]
            residue = max(residue, Double(rest.magnitude))
        }
        #expect(residue < 0.002, "\(residue)")
    }

    @Test func nonsenseIsRefused() throws {
        for rates in [(0, 48_000), (48_000, 0), (7_999, 48_000), (48_000, 200_000), (-1, -1)] {
            #expect(throws: MediaError.self) {
                try Resampler(channels: 1, from: rates.0, to: rates.1, quality: .capture)
            }
        }
        #expect(throws: MediaError.self) {
            try Resampler(channels: 3, from: 48_000, to: 48_000, quality: .capture)
        }
        let resampler = try Resampler(channels: 1, from: 48_000, to: 48_000, quality: .capture)
        for drift in [1001, -1001, Double.nan, .infinity] {
            #expect(throws: MediaError.self) { try resampler.setDrift(partsPerMillion: drift) }
        }
        #expect(resampler.drift == 0)
    }

    @Test func resettingBeginsAnew() throws {
        let resampler = try Resampler(channels: 2, from: 44_100, to: 48_000, quality: .capture)
        let samples = TestSignal.noise(frames: 8820, level: 0.5)
        let first = try resample(samples, with: resampler)
        resampler.reset()
        #expect(try resample(samples, with: resampler) == first)
    }
}
