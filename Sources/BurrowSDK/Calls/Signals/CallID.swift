package import BurrowBase

/// The name of a call: opaque, compared byte by byte.
package struct CallID: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let text: String

    /// `nil` unless there are 1 to 128 letters, digits, `_` and `-`.
    package init?(_ text: String) {
        guard (1...CallLimits.idBytes).contains(text.utf8.count), text.utf8.allSatisfy(Self.allows) else {
            return nil
        }
        self.text = text
    }

    /// A UUID of version 4 (RFC 9562 §5.4), which nobody can guess when the source is fit for keys.
    package init(random: inout some RandomSource) {
        let high = random.next() & 0xffff_ffff_ffff_0fff | 0x4000
        let low = random.next() & 0x3fff_ffff_ffff_ffff | 0x8000_0000_0000_0000
        var digits: [UInt8] = []
        for word in [high, low] {
            for shift in stride(from: UInt64(56), through: 0, by: -8) {
                digits.append(UInt8(truncatingIfNeeded: word >> shift))
            }
        }
        let hex = Array(Hex.encode(digits))
        text = [0..<8, 8..<12, 12..<16, 16..<20, 20..<32].map { String(hex[$0]) }.joined(separator: "-")
    }

    private static func allows(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }

    package var description: String { text }

    package static func < (a: CallID, b: CallID) -> Bool {
        a.text.utf8.lexicographicallyPrecedes(b.text.utf8)
    }
}

/// One installation of somebody: 8 to 64 hexadecimal digits.
package struct DeviceID: Hashable, Sendable, CustomStringConvertible {
    package let text: String

    package init?(_ text: String) {
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        let letters = UInt8(ascii: "a")...UInt8(ascii: "f")
        let capitals = UInt8(ascii: "A")...UInt8(ascii: "F")
        guard (8...64).contains(text.utf8.count),
            text.utf8.allSatisfy({ digits ~= $0 || letters ~= $0 || capitals ~= $0 })
        else { return nil }
        self.text = text
    }

    package init(random: inout some RandomSource) {
        let word = random.next()
        let bytes = stride(from: UInt64(56), through: 0, by: -8).map { UInt8(truncatingIfNeeded: word >> $0) }
        text = Hex.encode(bytes)
    }

    package var description: String { text }
}

/// With pictures or without.
package enum CallMedia: String, Hashable, Sendable, CaseIterable {
    case audio, video

    /// What is not known is without pictures.
    init(lenient text: String?) {
        self = text.flatMap { CallMedia(rawValue: $0) } ?? .audio
    }
}
