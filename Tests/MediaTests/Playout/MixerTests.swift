import BurrowMedia
import Glibc
import Testing

@Suite struct MixerTests {
    private static func tone(_ amplitude: Float, from start: Int, frames: Int, hertz: Float = 440) -> [Float]
    {
        (start..<(start + frames)).map { amplitude * sinf(2 * .pi * hertz * Float($0) / 48_000) }
    }

    private static func mix(
        _ inputs: [(samples: [Float], channels: Int)],
        channels: Int = 1,
        frames: Int,
        _ mixer: inout Mixer,
        _ gains: inout [MixerGain]
    ) -> [Float] {
        mixer.begin(frames: frames)
        for (index, input) in inputs.enumerated() {
            mixer.add(input.samples.span, channels: input.channels, gain: &gains[index])
        }
        var output = [Float](repeating: 9, count: frames * channels)
        var span = output.mutableSpan
        #expect(mixer.finish(into: &span) == frames)
        return output
    }

    @Test func quietSumIsExact() {
        var mixer = Mixer(channels: 1)
        var gains = [MixerGain(), MixerGain(0.5)]
        let a = Self.tone(0.3, from: 0, frames: 480)
        let b = Self.tone(0.3, from: 0, frames: 480, hertz: 700)
        let output = Self.mix([(a, 1), (b, 1)], frames: 480, &mixer, &gains)
        #expect(output == zip(a, b).map { $0 + $1 * 0.5 })
    }

    @Test func channelsAreConverted() {
        var gains = [MixerGain(), MixerGain()]
        let mono = [Float](repeating: 0.25, count: 480)
        let stereo = (0..<960).map { $0 % 2 == 0 ? Float(0.5) : 0 }
        var toStereo = Mixer(channels: 2)
        let two = Self.mix([(mono, 1), (stereo, 2)], channels: 2, frames: 480, &toStereo, &gains)
        #expect(two == (0..<960).map { $0 % 2 == 0 ? 0.75 : 0.25 })
        var toMono = Mixer(channels: 1)
        let one = Self.mix([(mono, 1), (stereo, 2)], frames: 480, &toMono, &gains)
        #expect(one == [Float](repeating: 0.5, count: 480))
    }

    @Test func gainChangesWithoutAStep() {
        var mixer = Mixer(channels: 1)
        var gains = [MixerGain(1)]
        let steady = [Float](repeating: 0.5, count: 480)
        gains[0].target = 0
        let output = Self.mix([(steady, 1)], frames: 480, &mixer, &gains)
        #expect(zip(output, output.dropFirst()).allSatisfy { abs($0 - $1) < 0.002 })
        #expect(Self.mix([(steady, 1)], frames: 480, &mixer, &gains).allSatisfy { $0 == 0 })
    }

    /// Sixteen loud talkers: within full scale, without corners, and with a steady loudness.
    @Test(arguments: [480, 441, 2_880, 100]) func loudSumIsLimitedWithoutPumping(frames: Int) {
        var mixer = Mixer(channels: 1)
        var gains = [MixerGain](repeating: MixerGain(), count: 16)
        var output: [Float] = []
        while output.count < 96_000 {
            let inputs = (0..<16).map { (talker) in
                (Self.tone(0.5, from: output.count, frames: frames, hertz: 200 + 37 * Float(talker)), 1)
            }
            output += Self.mix(inputs, frames: frames, &mixer, &gains)
        }
        #expect(output.allSatisfy { $0.magnitude < 1 })
        // No sample is cut flat: two in a row at the limit are not equal.
        #expect(!zip(output, output.dropFirst()).contains { $0 == $1 && $0.magnitude > 0.95 })
    }

    @Test func steadyLoudToneKeepsItsLevel() {
        var mixer = Mixer(channels: 1)
        var gains = [MixerGain()]
        var peaks: [Float] = []
        for block in 0..<200 {
            let input = Self.tone(2, from: block * 480, frames: 480)
            peaks.append(Self.mix([(input, 1)], frames: 480, &mixer, &gains).map(\.magnitude).max() ?? 0)
        }
        // After the first moment the level moves by less than half a decibel.
        let settled = peaks[20...]
        #expect((settled.min() ?? 0) > 0.94 * (settled.max() ?? 1))
        #expect((settled.max() ?? 0) < 1)
        // And one second after the loud part the gain is back.
        var quiet: [Float] = []
        for block in 0..<200 {
            quiet = Self.mix(
                [(Self.tone(0.1, from: block * 480, frames: 480), 1)],
                frames: 480,
                &mixer,
                &gains
            )
        }
        #expect(quiet == Self.tone(0.1, from: 199 * 480, frames: 480))
    }

    @Test func nonsenseIsSilence() {
        var mixer = Mixer(channels: 1)
        var gains = [MixerGain(), MixerGain(.nan)]
        var input = Self.tone(0.1, from: 0, frames: 480)
        input[7] = .nan
        input[9] = .infinity
        input[11] = 1e30
        let output = Self.mix([(input, 1), ([], 1)], frames: 480, &mixer, &gains)
        #expect(output.allSatisfy { $0.magnitude <= 1 })
        #expect(output[7] == 0 && output[9] == 0 && output[11] == 0)
        mixer.begin(frames: -5)
        var nothing: [Float] = []
        var span = nothing.mutableSpan
        #expect(mixer.finish(into: &span) == 0)
    }
}
