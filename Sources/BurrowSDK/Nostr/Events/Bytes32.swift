internal import BurrowBase

/// 32 bytes held without memory of their own; ordered as text and bytes are.
package struct Bytes32: Hashable, Comparable, Sendable {
    private let words: (UInt64, UInt64, UInt64, UInt64)

    /// `nil` unless there are exactly 32.
    package init?(_ bytes: [UInt8]) {
        guard bytes.count == 32 else { return nil }
        func word(_ index: Int) -> UInt64 {
            bytes[(8 * index)..<(8 * index + 8)].reduce(0) { $0 << 8 | UInt64($1) }
        }
        words = (word(0), word(1), word(2), word(3))
    }

    /// Reads 64 digits, in lower case only: NIP-01 knows one text for each value.
    package init?(hex text: some Collection<UInt8>) {
        guard text.count == 64 else { return nil }
        var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
        for (index, digit) in text.enumerated() {
            let value: UInt8
            switch digit {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = digit - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): value = digit - UInt8(ascii: "a") + 10
            default: return nil
            }
            switch index >> 4 {
            case 0: words.0 = words.0 << 4 | UInt64(value)
            case 1: words.1 = words.1 << 4 | UInt64(value)
            case 2: words.2 = words.2 << 4 | UInt64(value)
            default: words.3 = words.3 << 4 | UInt64(value)
            }
        }
        self.words = words
    }

    package init?(hex text: String) {
        self.init(hex: text.utf8)
    }

    package var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(32)
        append(to: &bytes)
        return bytes
    }

    package func append(to bytes: inout [UInt8]) {
        for word in [words.0, words.1, words.2, words.3] {
            for shift in stride(from: UInt64(56), through: 0, by: -8) {
                bytes.append(UInt8(truncatingIfNeeded: word >> shift))
            }
        }
    }

    package var hex: String { Hex.encode(bytes) }

    package static func == (a: Bytes32, b: Bytes32) -> Bool { a.words == b.words }

    package static func < (a: Bytes32, b: Bytes32) -> Bool { a.words < b.words }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(words.0)
        hasher.combine(words.1)
        hasher.combine(words.2)
        hasher.combine(words.3)
    }
}

/// The SHA-256 of an event's canonical form.
package struct EventID: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let value: Bytes32

    package init(_ value: Bytes32) {
        self.value = value
    }

    package init?(hex: String) {
        guard let value = Bytes32(hex: hex) else { return nil }
        self.init(value)
    }

    package var hex: String { value.hex }
    package var description: String { hex }

    package static func < (a: EventID, b: EventID) -> Bool { a.value < b.value }
}

/// Who somebody is: the x coordinate of a point of secp256k1. Whether it is one shows when it is used.
package struct PublicKey: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let value: Bytes32

    package init(_ value: Bytes32) {
        self.value = value
    }

    package init?(hex: String) {
        guard let value = Bytes32(hex: hex) else { return nil }
        self.init(value)
    }

    package var bytes: [UInt8] { value.bytes }
    package var hex: String { value.hex }
    package var description: String { hex }

    package static func < (a: PublicKey, b: PublicKey) -> Bool { a.value < b.value }
}

/// A BIP-340 signature over an event's id.
package struct EventSignature: Hashable, Sendable {
    private let first: Bytes32
    private let second: Bytes32

    package init?(_ bytes: [UInt8]) {
        guard bytes.count == 64, let first = Bytes32(Array(bytes[..<32])),
            let second = Bytes32(Array(bytes[32...]))
        else { return nil }
        self.first = first
        self.second = second
    }

    package init?(hex: String) {
        let digits = hex.utf8
        guard digits.count == 128, let first = Bytes32(hex: digits.prefix(64)),
            let second = Bytes32(hex: digits.dropFirst(64))
        else { return nil }
        self.first = first
        self.second = second
    }

    package var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(64)
        first.append(to: &bytes)
        second.append(to: &bytes)
        return bytes
    }

    package var hex: String { first.hex + second.hex }
}
