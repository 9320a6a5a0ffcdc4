import BurrowBase
import BurrowMedia
import Testing

@Suite struct OpusTests {
    @Test(arguments: AudioEncoderSettings.Duration.allCases, [1, 2])
    func speechSurvives(_ duration: AudioEncoderSettings.Duration, _ channels: Int) throws {
        var settings = AudioEncoderSettings()
        settings.duration = duration
        settings.bitRate = 48_000 * channels
        let encoder = try OpusEncoder(channels: channels, settings: settings)
        #expect(encoder.lookahead == 312)
        let speech = TestSignal.voice(frames: 96_000, channels: channels)
        let packets = try encoder.packets(of: speech)
        let decoder = try OpusDecoder(channels: channels)
        #expect(packets.allSatisfy { decoder.frames(of: $0) == duration.frames })
        let heard = try decoder.samples(of: packets)
        #expect(heard.count == packets.count * duration.frames * channels)
        let aligned = Array(heard.dropFirst(encoder.lookahead * channels))
        let said = Array(speech.prefix(aligned.count))
        #expect(Measure.signalToNoise(said, aligned) > 4)
        #expect(Measure.envelopeCorrelation(said, aligned) > 0.98)
        let seconds = Double(packets.count) * Double(duration.rawValue) / 1000
        let rate = Double(packets.reduce(0) { $0 + $1.count } * 8) / seconds
        #expect(rate < Double(settings.bitRate) * 1.15)
    }

    @Test func changesTakeEffectOnTheNextPacket() throws {
        let speech = TestSignal.voice(frames: 48_000 * 3)
        let encoder = try OpusEncoder(channels: 1)
        let decoder = try OpusDecoder(channels: 1)
        let low = try encoder.packets(of: Array(speech[48_000..<96_000]))
        var settings = encoder.settings
        settings.bitRate = 96_000
        try encoder.apply(settings)
        let high = try encoder.packets(of: Array(speech[48_000..<96_000]))
        #expect(high[0].count > low.map(\.count).reduce(0, +) / low.count * 2)
        settings.duration = .milliseconds60
        settings.application = .music
        settings.complexity = 0
        try encoder.apply(settings)
        #expect(encoder.settings == settings)
        let long = try encoder.packets(of: speech)
        #expect(decoder.frames(of: long[0]) == 2880)
        #expect(try decoder.samples(of: low + high + long).count == 48_000 * 2 + long.count * 2880)
    }

    @Test func refusedSettingsChangeNothing() throws {
        let encoder = try OpusEncoder(channels: 1)
        var settings = encoder.settings
        settings.bitRate = 5_999
        #expect(throws: MediaError.self) { try encoder.apply(settings) }
        settings = AudioEncoderSettings()
        settings.complexity = 11
        #expect(throws: MediaError.self) { try encoder.apply(settings) }
        settings = AudioEncoderSettings()
        settings.expectedLoss = -1
        #expect(throws: MediaError.self) { try encoder.apply(settings) }
        #expect(encoder.settings == AudioEncoderSettings())
        #expect(throws: MediaError.self) { try OpusEncoder(channels: 3) }
        #expect(throws: MediaError.self) { try OpusDecoder(channels: 0) }
        #expect(throws: MediaError.self) { try encoder.packet(of: [0, 0, 0]) }
    }

    @Test func redundancyIsRecognisedAndBeatsConcealment() throws {
        let speech = TestSignal.voice(frames: 48_000 * 4)
        var settings = AudioEncoderSettings()
        let plain = try OpusEncoder(channels: 1, settings: settings).packets(of: speech)
        settings.usesFEC = true
        settings.expectedLoss = 20
        let encoder = try OpusEncoder(channels: 1, settings: settings)
        let protected = try encoder.packets(of: speech)
        let decoder = try OpusDecoder(channels: 1)
        #expect(!plain.contains { decoder.isRedundant($0) })
        #expect(protected.filter { decoder.isRedundant($0) }.count > protected.count / 2)

        let whole = try OpusDecoder(channels: 1).samples(of: protected)
        func withLoss(recovering: Bool) throws -> (samples: [Float], noise: Double) {
            let decoder = try OpusDecoder(channels: 1)
            var heard: [Float] = []
            var noise = 0.0
            for (index, packet) in protected.enumerated() {
                guard index % 7 == 5, index + 1 < protected.count else {
                    heard += try decoder.samples(of: [packet])
                    continue
                }
                let repair =
                    recovering
                    ? try decoder.recovered(from: protected[index + 1], frames: 960)
                    : try decoder.concealed(frames: 960)
                let truth = whole[(index * 960)..<(index * 960 + 960)]
                noise += zip(truth, repair).reduce(0) { $0 + Double(($1.0 - $1.1) * ($1.0 - $1.1)) }
                heard += repair
            }
            return (heard, noise)
        }
        let concealed = try withLoss(recovering: false)
        let recovered = try withLoss(recovering: true)
        #expect(recovered.noise < concealed.noise / 2)
        let gain =
            Measure.signalToNoise(whole, recovered.samples) / Measure.signalToNoise(whole, concealed.samples)
        #expect(gain > 1.5)
    }

    @Test func concealmentContinuesAndThenFades() throws {
        let decoder = try OpusDecoder(channels: 1)
        let packets = try OpusEncoder(channels: 1).packets(of: TestSignal.voice(frames: 24_000))
        let heard = try decoder.samples(of: packets)
        var buffer = [Float](repeating: 0, count: 48_000)
        var powers: [Double] = []
        for _ in 0..<50 {
            var span = buffer.mutableSpan
            #expect(try decoder.conceal(frames: 960, into: &span) == 960)
            powers.append(Measure.power(buffer.prefix(960)))
        }
        #expect(powers[0] > Measure.power(heard.suffix(960)) / 8)
        #expect(powers[40] < powers[0] / 100)
    }

    @Test(arguments: [(5, AudioEncoderSettings.Application.voice), (9, .voice), (9, .music)])
    func silenceCostsNextToNothingAndIsComfortable(
        _ complexity: Int,
        _ application: AudioEncoderSettings.Application
    ) throws {
        var settings = AudioEncoderSettings()
        settings.complexity = complexity
        settings.application = application
        let speech = TestSignal.voice(frames: 48_000 * 2)
        let quiet = TestSignal.noise(frames: 48_000 * 4, level: 0.0008)
        let steady = try OpusEncoder(channels: 1, settings: settings).packets(of: speech + quiet)
        settings.usesDTX = true
        let encoder = try OpusEncoder(channels: 1, settings: settings)
        let sparse = try encoder.packets(of: speech + quiet)
        let small = sparse.filter { $0.count <= 2 }.count
        #expect(small > sparse.count / 3)
        #expect(steady.filter { $0.count <= 2 }.isEmpty)
        #expect(sparse.reduce(0) { $0 + $1.count } * 10 < steady.reduce(0) { $0 + $1.count } * 9)

        // Sent or not sent, the listener hears a noise about as loud as the sender's, and no holes.
        for isSent in [true, false] {
            let decoder = try OpusDecoder(channels: 1)
            var buffer = [Float](repeating: 0, count: OpusDecoder.longestPacket)
            var tail: [Float] = []
            for (index, packet) in sparse.enumerated() {
                var span = buffer.mutableSpan
                if packet.count > 2 || isSent {
                    _ = try decoder.decode(packet.span, into: &span)
                } else {
                    _ = try decoder.conceal(frames: 960, into: &span)
                }
                if index >= sparse.count - 100 { tail += buffer.prefix(960) }
            }
            let loudness = Measure.power(tail) / Measure.power(quiet)
            #expect(loudness > 0.05 && loudness < 4, "\(loudness)")
            for start in stride(from: 0, to: tail.count, by: 960) {
                #expect(Measure.power(tail[start..<start + 960]) > 0)
            }
        }
    }

    @Test func refusedPacketsLeaveTheDecoderAsItWas() throws {
        let packets = try OpusEncoder(channels: 1).packets(of: TestSignal.voice(frames: 48_000))
        let clean = try OpusDecoder(channels: 1).samples(of: packets)
        let decoder = try OpusDecoder(channels: 1)
        var heard: [Float] = []
        for packet in packets {
            // Code 3 with no count byte, with no frames, with 49 frames, and nothing at all.
            for wrong: [UInt8] in [[0x03], [0x03, 0x00], [0x83, 0x31, 1], []] {
                var buffer = [Float](repeating: 0, count: OpusDecoder.longestPacket)
                var span = buffer.mutableSpan
                #expect(decoder.frames(of: wrong) == nil)
                #expect(throws: MediaError(.malformed, "not an opus packet")) {
                    _ = try decoder.decode(wrong.span, into: &span)
                }
            }
            heard += try decoder.samples(of: [packet])
        }
        #expect(heard == clean)
    }

    @Test func nonsenseIsNeverLouderThanFullScale() throws {
        var random = SeededRandom(seed: 11)
        let decoder = try OpusDecoder(channels: 2)
        var buffer = [Float](repeating: 0, count: OpusDecoder.longestPacket * 2)
        var decoded = 0
        for _ in 0..<3000 {
            let packet = (0..<Int(random.next() % 200 + 1)).map { _ in UInt8(random.next() % 256) }
            var span = buffer.mutableSpan
            guard let frames = try? decoder.decode(packet.span, into: &span) else { continue }
            decoded += 1
            #expect(buffer.prefix(frames * 2).allSatisfy { $0.magnitude <= 1 })
        }
        #expect(decoded > 500)
    }

    @Test func roomThatIsTooSmallIsRefused() throws {
        let packet = try OpusEncoder(channels: 1).packet(of: TestSignal.voice(frames: 960))
        let decoder = try OpusDecoder(channels: 2)
        var small = [Float](repeating: 0, count: 960 * 2 - 1)
        var span = small.mutableSpan
        #expect(throws: MediaError(.invalidArgument, "no room for 960 frames")) {
            _ = try decoder.decode(packet.span, into: &span)
        }
        for frames in [0, -120, 100, 5880] {
            #expect(throws: MediaError.self) { _ = try decoder.conceal(frames: frames, into: &span) }
            #expect(throws: MediaError.self) {
                _ = try decoder.recover(from: packet.span, frames: frames, into: &span)
            }
        }
    }
}
