/// Base 64 (RFC 4648 §4 and §5), read strictly: one text for every byte string.
package enum Base64: Sendable {
    /// `+` and `/`, always padded.
    case standard
    /// `-` and `_`, never padded, as JOSE wants it (RFC 7515 §2).
    case url

    package func encode(_ bytes: [UInt8]) -> String {
        let digits = digits
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count + 2) / 3 * 4)
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let count = min(3, bytes.count - start)
            var group: UInt32 = 0
            for index in 0..<3 {
                group = group << 8 | (index < count ? UInt32(bytes[start + index]) : 0)
            }
            for index in 0...count {
                text.append(digits[Int(group >> (18 - 6 * UInt32(index)) & 0x3f)])
            }
            if case .standard = self {
                for _ in count..<3 { text.append(UInt8(ascii: "=")) }
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// Refuses other alphabets, white space, padding where it does not belong or is missing, and bits set behind the
    /// last byte.
    package func decode(_ text: some Sequence<UInt8>) throws(DecodeError) -> [UInt8] {
        var digits = Array(text)
        if case .standard = self {
            guard digits.count.isMultiple(of: 4) else { throw .truncated }
            for _ in 0..<2 where digits.last == UInt8(ascii: "=") { digits.removeLast() }
        }
        guard digits.count % 4 != 1 else { throw .truncated }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(digits.count / 4 * 3 + 2)
        var buffer: UInt32 = 0
        var bits = 0
        for digit in digits {
            guard let value = value(digit) else { throw .malformed }
            buffer = buffer << 6 | UInt32(value)
            bits += 6
            if bits >= 8 {
                bits -= 8
                bytes.append(UInt8(truncatingIfNeeded: buffer >> UInt32(bits)))
                buffer &= (1 << UInt32(bits)) - 1
            }
        }
        guard buffer == 0 else { throw .malformed }
        return bytes
    }

    package func decode(_ text: String) throws(DecodeError) -> [UInt8] {
        try decode(text.utf8)
    }

    private static let standardDigits = digits("+/")
    private static let urlDigits = digits("-_")

    private static func digits(_ last: String) -> [UInt8] {
        Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789\(last)".utf8)
    }

    private var digits: [UInt8] { self == .standard ? Self.standardDigits : Self.urlDigits }

    private func value(_ digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): digit - UInt8(ascii: "A")
        case UInt8(ascii: "a")...UInt8(ascii: "z"): digit - UInt8(ascii: "a") + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0") + 52
        case UInt8(ascii: "+") where self == .standard, UInt8(ascii: "-") where self == .url: 62
        case UInt8(ascii: "/") where self == .standard, UInt8(ascii: "_") where self == .url: 63
        default: nil
        }
    }
}
