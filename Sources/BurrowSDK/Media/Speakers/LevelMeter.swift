/// How loud a participant is and whether that is a voice, once every 20 ms, for those whose packets do not say so.
///
/// To be fed with what a decoder made of sound that was freed of echo and noise before it was sent.
package struct LevelMeter {
    private static let frames = MediaUnits.frames(milliseconds: 20)

    private let channels: Int
    private var voice = VoiceDetector()
    private var energy: Float = 0
    private var count = 0

    package init(channels: Int) {
        self.channels = channels == 2 ? 2 : 1
    }

    /// Takes samples; returns a reading when 20 ms are complete, the newest when several are.
    package mutating func observe(_ samples: Span<Float>) -> AudioLevel? {
        let frames = samples.count / channels
        var reading: AudioLevel?
        var index = 0
        while index < frames {
            let part = min(frames - index, Self.frames - count)
            let piece = samples.extracting((index * channels)..<((index + part) * channels))
            energy += Self.energy(piece)
            let isVoice = voice.hear(piece, channels: channels)
            count += part
            index += part
            guard count == Self.frames else { continue }
            let mean = energy / Float(Self.frames * channels)
            // What is no number is no sound.
            let attenuation = mean.isFinite ? AudioLevel.attenuation(power: mean) : 127
            reading = AudioLevel(attenuation: attenuation, isVoice: isVoice && attenuation < 127)
            energy = 0
            count = 0
        }
        return reading
    }

    private static func energy(_ samples: Span<Float>) -> Float {
        var sum: Float = 0
        var index = 0
        while index < samples.count {
            sum += samples[index] * samples[index]
            index += 1
        }
        return sum
    }
}
