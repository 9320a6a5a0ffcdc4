import BurrowBase

/// H.264 as a catalogue names it: `avc1.PPCCLL` or `avc3.PPCCLL` (RFC 6381 §3.3), the profile, the constraint flags and
/// the level in hexadecimal.
package struct H264: Hashable, Sendable {
    /// Where the parameter sets are (ISO/IEC 14496-15 §5.3).
    package enum Form: String, Hashable, Sendable {
        /// In the description, and the units of a picture behind their lengths.
        case avc1
        /// In the stream, and it is Annex B.
        case avc3
    }

    package var form: Form
    package var profile: UInt8
    package var constraints: UInt8
    package var level: UInt8

    package init(form: Form, profile: UInt8, constraints: UInt8, level: UInt8) {
        self.form = form
        self.profile = profile
        self.constraints = constraints
        self.level = level
    }

    package init(form: Form, _ set: SequenceParameterSet) {
        self.init(form: form, profile: set.profile, constraints: set.constraints, level: set.level)
    }

    /// Nil when `codec` is not the name of an H.264 stream.
    package init?(codec: String) {
        let parts = codec.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, let form = Form(rawValue: String(parts[0])),
            let numbers = try? Hex.decode(String(parts[1])), numbers.count == 3
        else { return nil }
        self.init(form: form, profile: numbers[0], constraints: numbers[1], level: numbers[2])
    }

    /// The name, in lower case.
    package var codec: String { "\(form.rawValue).\(Hex.encode([profile, constraints, level]))" }

    /// Whether a stream of this name can be decoded here.
    package static func supports(codec: String) -> Bool { refusal(codec: codec) == nil }

    /// Why a stream of this name cannot be decoded here; nil when it can.
    package static func refusal(codec: String) -> MediaError? {
        guard let name = H264(codec: codec) else {
            return MediaError(.unsupported, "not the name of an H.264 stream")
        }
        return refusal(profile: name.profile, level: name.level)
    }

    static func refusal(profile: UInt8, level: UInt8) -> MediaError? {
        switch profile {
        case 66, 77, 100: break
        case 88: return MediaError(.unsupported, "H.264 extended profile")
        case 110: return MediaError(.unsupported, "H.264 High 10 profile")
        case 122: return MediaError(.unsupported, "H.264 High 4:2:2 profile")
        case 144, 244: return MediaError(.unsupported, "H.264 High 4:4:4 profile")
        default: return MediaError(.unsupported, "H.264 profile \(profile)")
        }
        return level <= 52 ? nil : MediaError(.unsupported, "H.264 level \(level)")
    }

    /// Whether a sequence parameter set of the profile names its chroma format and bit depth (H.264 §7.3.2.1.1).
    static func hasChromaFormat(profile: UInt8) -> Bool {
        switch profile {
        case 44, 83, 86, 100, 110, 118, 122, 128, 134, 135, 138, 139, 144, 244: true
        default: false
        }
    }
}
