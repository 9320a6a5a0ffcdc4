internal import CBurrowMedia

/// How loud one packet's sound is, and whether somebody speaks in it: what RFC 6464 says about a packet.
package struct AudioLevel: Equatable, Sendable {
    /// Root mean square below full scale (-dBov): 0 is the loudest there is, 127 is silence.
    package var attenuation: UInt8
    package var isVoice: Bool

    package static let silence = AudioLevel(attenuation: 127, isVoice: false)

    package init(attenuation: UInt8, isVoice: Bool) {
        self.attenuation = min(attenuation, 127)
        self.isVoice = isVoice
    }

    /// The other way round, as speaker selection counts: 0 is silence, 127 the loudest.
    package var loudness: Int { 127 - Int(attenuation) }

    /// Of samples from -1 to 1, all channels together (RFC 6465 appendix A counts the same way).
    package static func attenuation(of samples: Span<Float>) -> UInt8 {
        guard !samples.isEmpty else { return 127 }
        return attenuation(power: energy(of: samples, from: 0, count: samples.count) / Float(samples.count))
    }

    /// The sum of squares. Four sums at a time: each addition of one alone would wait for the one before it.
    static func energy(of samples: Span<Float>, from start: Int, count: Int) -> Float {
        var sums = SIMD4<Float>(repeating: 0)
        var index = start
        let end = start + count
        while index + 4 <= end {
            let four = SIMD4(samples[index], samples[index + 1], samples[index + 2], samples[index + 3])
            sums += four * four
            index += 4
        }
        var sum = sums.sum()
        while index < end {
            sum += samples[index] * samples[index]
            index += 1
        }
        return sum
    }

    /// Of a mean square.
    static func attenuation(power: Float) -> UInt8 {
        guard power > 1e-13 else { return 127 }
        let level = (-10 * cburrow_log10f(power)).rounded()
        return UInt8(min(max(level, 0), 127))
    }
}
