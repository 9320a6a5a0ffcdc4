internal import CBurrowMedia

/// Tells whether somebody speaks: the sound stands out from the room's and has a voice's pitch.
///
/// It works on what is below 2 kHz, differentiated, so that low rumble with its slow waves does not look periodic. On
/// recorded speech half of the 20 ms reach a similarity of 0.8 with the period before, on noises of any colour hardly
/// any 0.4. Consonants have no pitch, so a verdict outlasts its evidence for a while; clicks and
/// knocks have none either, and never become one.
package struct VoiceDetector {
    /// 4 kHz, from 48.
    private static let decimation = 12
    /// Samples at 4 kHz that are judged together: 20 ms.
    private static let hop = 80
    /// What is compared with its own past: 30 ms.
    private static let window = 120
    /// Pitch periods of 70 to 400 Hz.
    private static let lags = 10...57
    /// How alike two periods of a voice are, at least.
    private static let periodicity: Float = 0.6
    /// Decibels above the floor, and of full scale, of what is left after differentiation.
    private static let margin: Float = 8
    private static let threshold: Float = -75
    /// Steps of 20 ms that a voice is believed to last.
    private static let hangover = 15

    /// The newest samples at 4 kHz, the oldest first: a window, what the longest lag needs before it, and one hop.
    private var history: [Float]
    /// Samples since the last verdict.
    private var fresh = 0
    private var sum: Float = 0
    private var summed = 0
    private var last: Float = 0
    /// The room's level, in dBov: sinks fast, rises by a decibel a second.
    private var floor: Float = -60
    private var remaining = 0

    package init() {
        history = [Float](repeating: 0, count: Self.window + Self.lags.upperBound + Self.hop)
    }

    /// Whether a voice was heard in these samples of 48 kHz or shortly before.
    package mutating func hear(_ samples: Span<Float>, channels: Int) -> Bool {
        var isVoice = remaining > 0
        let scale = 1 / Float(Self.decimation * channels)
        for frame in 0..<(samples.count / max(channels, 1)) {
            for channel in 0..<channels { sum += samples[frame * channels + channel] }
            summed += 1
            guard summed == Self.decimation else { continue }
            append(sum * scale)
            summed = 0
            sum = 0
            guard fresh == Self.hop else { continue }
            judge()
            isVoice = isVoice || remaining > 0
        }
        return isVoice
    }

    private mutating func append(_ sample: Float) {
        history[Self.window + Self.lags.upperBound + fresh] = sample - last
        last = sample
        fresh += 1
    }

    private mutating func judge() {
        fresh = 0
        let end = history.count
        let energy = AudioLevel.energy(of: history.span, from: end - Self.hop, count: Self.hop)
        let level = 10 * cburrow_log10f(max(energy / Float(Self.hop), 1e-12))
        if level > max(floor + Self.margin, Self.threshold), periodicity() > Self.periodicity {
            remaining = Self.hangover
        } else {
            remaining = max(remaining - 1, 0)
        }
        floor = level < floor ? floor + 0.3 * (level - floor) : min(floor + 0.02, level)
        for index in 0..<(end - Self.hop) { history[index] = history[index + Self.hop] }
    }

    /// The best normalised correlation of the newest window with an earlier one.
    private func periodicity() -> Float {
        let samples = history.span
        let start = samples.count - Self.window
        let energy = AudioLevel.energy(of: samples, from: start, count: Self.window) + 1e-9
        var best: Float = 0
        for lag in Self.lags {
            let product = Self.product(samples, start, lag)
            guard product > 0 else { continue }
            let earlier = AudioLevel.energy(of: samples, from: start - lag, count: Self.window) + 1e-9
            best = max(best, product * product / (energy * earlier))
        }
        return best.squareRoot()
    }

    /// Of the newest window with the one `lag` before it.
    private static func product(_ samples: Span<Float>, _ start: Int, _ lag: Int) -> Float {
        var sums = SIMD4<Float>(repeating: 0)
        var index = start
        // The window is a multiple of four.
        while index < samples.count {
            let past = index - lag
            let new = SIMD4(samples[index], samples[index + 1], samples[index + 2], samples[index + 3])
            sums += new * SIMD4(samples[past], samples[past + 1], samples[past + 2], samples[past + 3])
            index += 4
        }
        return sums.sum()
    }
}
