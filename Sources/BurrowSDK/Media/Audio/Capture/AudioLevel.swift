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
        var sum: Float = 0
        for index in samples.indices { sum += samples[index] * samples[index] }
        return attenuation(power: sum / Float(samples.count))
    }

    /// Of a mean square.
    static func attenuation(power: Float) -> UInt8 {
        guard power > 1e-13 else { return 127 }
        let level = (-10 * cburrow_log10f(power)).rounded()
        return UInt8(min(max(level, 0), 127))
    }
}
