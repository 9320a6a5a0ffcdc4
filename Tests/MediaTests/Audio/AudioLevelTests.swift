import BurrowBase
import BurrowMedia
import Testing

extension VoiceDetector {
    /// The part of packets of 20 ms, from a second on, in which a voice is heard.
    static func share(of samples: [Float], channels: Int = 1) -> Double {
        var detector = VoiceDetector()
        var verdicts: [Bool] = []
        let step = 960 * channels
        for start in stride(from: 0, through: samples.count - step, by: step) {
            let packet = Array(samples[start..<start + step])
            verdicts.append(detector.hear(packet.span, channels: channels))
        }
        let counted = verdicts.dropFirst(50)
        return Double(counted.filter { $0 }.count) / Double(max(counted.count, 1))
    }
}

@Suite struct AudioLevelTests {
    @Test func levelsAreDecibelsBelowFullScale() {
        func level(_ samples: [Float]) -> UInt8 { AudioLevel.attenuation(of: samples.span) }
        #expect(level([1, -1, 1, -1]) == 0)
        #expect(level(TestSignal.tone(1000, frames: 960, level: 1)) == 3)
        #expect(level(TestSignal.tone(1000, frames: 960, level: 0.1)) == 23)
        #expect(level([Float](repeating: 1e-6, count: 960)) == 120)
        #expect(level([Float](repeating: 1e-20, count: 960)) == 127)
        #expect(level([Float](repeating: 0, count: 960)) == 127)
        #expect(level([]) == 127)
        #expect(AudioLevel(attenuation: 255, isVoice: true).loudness == 0)
        #expect(AudioLevel(attenuation: 27, isVoice: true).loudness == 100)
    }

    @Test(arguments: [1.0, 0.1, 0.02] as [Float])
    func aVoiceIsHeardLoudOrSoft(_ level: Float) {
        #expect(VoiceDetector.share(of: TestSignal.voice(frames: 48_000 * 3, level: level)) > 0.8)
        #expect(
            VoiceDetector.share(
                of: TestSignal.voice(frames: 48_000 * 3, channels: 2, level: level),
                channels: 2
            ) > 0.8
        )
    }

    @Test func noiseIsNoVoice() {
        #expect(VoiceDetector.share(of: TestSignal.noise(frames: 48_000 * 3, level: 0.3)) == 0)
        #expect(VoiceDetector.share(of: TestSignal.noise(frames: 48_000 * 3, level: 0.003)) == 0)
        #expect(VoiceDetector.share(of: [Float](repeating: 0, count: 48_000 * 3)) == 0)
    }

    /// A fan's hum is periodic, but it is always there.
    @Test func humIsNoVoiceForLong() {
        let hum = TestSignal.tone(100, frames: 48_000 * 15, level: 0.05)
        #expect(VoiceDetector.share(of: Array(hum.prefix(48_000 * 2))) == 1)
        var detector = VoiceDetector()
        var isVoice = true
        for start in stride(from: 0, to: hum.count, by: 960) {
            let packet = Array(hum[start..<start + 960])
            isVoice = detector.hear(packet.span, channels: 1)
        }
        #expect(!isVoice)
    }

    /// Keys and knocks: short, loud, without pitch.
    @Test func clicksAreNoVoice() {
        var samples = TestSignal.noise(frames: 48_000 * 5, level: 0.001)
        var random = SeededRandom(seed: 9)
        var at = 0
        while at < samples.count - 2000 {
            for index in 0..<600 {
                let decay = Float(1) / Float(1 + index / 20)
                samples[at + index] += (Float(random.next() % 2000) / 1000 - 1) * 0.5 * decay
            }
            at += 4000 + Int(random.next() % 8000)
        }
        #expect(VoiceDetector.share(of: samples) < 0.1)
    }
}
