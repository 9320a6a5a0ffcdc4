import BurrowBase
import BurrowMedia
import Testing

/// What only a real voice can tell.
@Suite(.enabled(if: RecordedSpeech.isPresent, "\(RecordedSpeech.skipReason)"))
struct RecordedSpeechTests {
    private let words = RecordedSpeech.words

    /// The mean over segments of 20 ms with sound in them of their ratio of signal to noise, in decibels, each within
    /// 0 to 35 dB: what is missing in a pause does not count, nor how well a pause is met.
    private func segmentalRatio(_ reference: [Float], _ other: [Float]) -> Double {
        var sum = 0.0
        var count = 0
        for start in stride(from: 0, through: min(reference.count, other.count) - 960, by: 960) {
            let a = reference[start..<start + 960]
            guard Measure.power(a) > 1e-5 else { continue }
            sum += min(max(Measure.decibels(Measure.signalToNoise(a, other[start..<start + 960])), 0), 35)
            count += 1
        }
        return sum / Double(max(count, 1))
    }

    /// The voice application changes phases on purpose, so its ratio cannot be high; what it is about is the
    /// envelope.
    @Test(arguments: [
        (24_000, AudioEncoderSettings.Application.voice, 3.0), (32_000, .voice, 4.0), (64_000, .voice, 4.5),
        (128_000, .music, 15.0),
    ])
    func survivesCoding(
        _ bitRate: Int,
        _ application: AudioEncoderSettings.Application,
        _ ratio: Double
    ) throws {
        var settings = AudioEncoderSettings()
        settings.application = application
        settings.bitRate = bitRate
        let encoder = try OpusEncoder(channels: 1, settings: settings)
        let packets = try encoder.packets(of: words)
        let heard = Array(try OpusDecoder(channels: 1).samples(of: packets).dropFirst(encoder.lookahead))
        let said = Array(words.prefix(heard.count))
        #expect(Measure.envelopeCorrelation(said, heard) > 0.99)
        #expect(abs(Measure.decibels(Measure.power(heard) / Measure.power(said))) < 1)
        #expect(segmentalRatio(said, heard) > ratio, "\(segmentalRatio(said, heard))")
        let rate = Double(packets.reduce(0) { $0 + $1.count } * 8) / (Double(packets.count) * 0.02)
        #expect(rate < Double(bitRate) * 1.05)
    }

    /// By how many decibels loudness differs in segments of 20 ms with sound in them, on average.
    private func loudnessError(_ reference: [Float], _ other: [Float]) -> Double {
        var sum = 0.0
        var count = 0
        for start in stride(from: 0, through: min(reference.count, other.count) - 960, by: 960) {
            let power = Measure.power(reference[start..<start + 960])
            guard power > 1e-5 else { continue }
            let difference = Measure.decibels(power / (Measure.power(other[start..<start + 960]) + 1e-7))
            sum += difference.magnitude
            count += 1
        }
        return sum / Double(max(count, 1))
    }

    /// Redundancy is better than invention, and that better than silence.
    @Test(arguments: [5, 20])
    func redundancyIsWorthItsRate(_ percent: Int) throws {
        var settings = AudioEncoderSettings()
        settings.usesFEC = true
        settings.expectedLoss = percent
        let packets = try OpusEncoder(channels: 1, settings: settings).packets(of: words)
        var random = SeededRandom(seed: UInt64(percent))
        let lost = packets.map { _ in Int(random.next() % 100) < percent }
        let whole = try OpusDecoder(channels: 1).samples(of: packets)
        enum Repair: CaseIterable { case silence, concealment, redundancy }
        let scores = try Repair.allCases.map { (repair) in
            let decoder = try OpusDecoder(channels: 1)
            var heard: [Float] = []
            for (index, packet) in packets.enumerated() {
                let next = index + 1 < packets.count && !lost[index + 1] ? packets[index + 1] : nil
                switch (lost[index], repair, next) {
                case (false, _, _): heard += try decoder.samples(of: [packet])
                case (true, .redundancy, .some(let next)):
                    heard += try decoder.recovered(from: next, frames: 960)
                case (true, .silence, _): heard += [Float](repeating: 0, count: 960)
                default: heard += try decoder.concealed(frames: 960)
                }
            }
            return (ratio: segmentalRatio(whole, heard), error: loudnessError(whole, heard))
        }
        #expect(scores[1].error < scores[0].error * 0.6, "\(scores)")
        #expect(scores[2].error < scores[1].error * 0.8, "\(scores)")
        #expect(scores[2].ratio > scores[1].ratio + 0.5, "\(scores)")
    }

    @Test func pausesCostLittle() throws {
        var settings = AudioEncoderSettings()
        settings.complexity = 5
        // With a second of the room between two words.
        var spoken: [Float] = []
        let room = TestSignal.noise(frames: 48_000, level: 0.0005)
        for start in stride(from: 0, to: words.count - 72_000, by: 72_000) {
            spoken += Array(words[start..<start + 72_000]) + room
        }
        let steady = try OpusEncoder(channels: 1, settings: settings).packets(of: spoken)
        settings.usesDTX = true
        let sparse = try OpusEncoder(channels: 1, settings: settings).packets(of: spoken)
        let saved =
            1 - Double(sparse.reduce(0) { $0 + $1.count }) / Double(steady.reduce(0) { $0 + $1.count })
        #expect(saved > 0.08, "\(saved)")
        #expect(sparse.filter { $0.count <= 2 }.count * 4 > sparse.count)
        let (a, b) = (
            try OpusDecoder(channels: 1).samples(of: steady), try OpusDecoder(channels: 1).samples(of: sparse)
        )
        #expect(Measure.envelopeCorrelation(a, b) > 0.98)
    }

    @Test func isTakenForVoiceAndRecordedNoiseIsNot() {
        let share = VoiceDetector.share(of: words)
        // About half of these recordings is pauses.
        #expect(share > 0.35 && share < 0.95, "\(share)")
        #expect(VoiceDetector.share(of: RecordedSpeech.noise + RecordedSpeech.noise) < 0.05)
    }
}
