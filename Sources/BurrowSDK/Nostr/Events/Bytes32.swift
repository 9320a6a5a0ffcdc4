internal import BurrowBase
internal import BurrowCrypto

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
    package init?(hex text: Span<UInt8>) {
        guard text.count == 64, let first = Self.word(text, 0), let second = Self.word(text, 16),
            let third = Self.word(text, 32), let fourth = Self.word(text, 48)
        else { return nil }
        words = (first, second, third, fourth)
    }

    private static func word(_ text: Span<UInt8>, _ start: Int) -> UInt64? {
        var word: UInt64 = 0
        for index in start..<(start + 16) {
            let digit = text[index]
            let value: UInt8
            switch digit {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = digit - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): value = digit - UInt8(ascii: "a") + 10
            default: return nil
            }
            word = word << 4 | UInt64(value)
        }
        return word
    }

    package init?(hex text: String) {
        self.init(hex: Array(text.utf8).span)
    }

    var lastByte: UInt8 { UInt8(truncatingIfNeeded: words.3) }

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

    /// Writes the digits of `hex`.
    func appendHex(to text: inout [UInt8]) {
        for word in [words.0, words.1, words.2, words.3] {
            for shift in stride(from: UInt64(60), through: 0, by: -4) {
                let digit = UInt8(truncatingIfNeeded: word >> shift) & 0xf
                text.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
            }
        }
    }

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

    /// The id of the event with this canonical form.
    init(hashing form: [UInt8]) throws(NostrError) {
        let digest: [UInt8]
        do {
            digest = try SHA256.hash(form.span)
        } catch {
            throw NostrError(.failure, error.context)
        }
        guard let value = Bytes32(digest) else {
            throw NostrError(.failure, "digest is not 32 bytes long")
        }
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

    init(_ first: Bytes32, _ second: Bytes32) {
        self.first = first
        self.second = second
    }

    package init?(hex: String) {
        let digits = Array(hex.utf8)
        guard digits.count == 128, let first = Bytes32(hex: digits.span.extracting(first: 64)),
            let second = Bytes32(hex: digits.span.extracting(last: 64))
        else { return nil }
        self.init(first, second)
    }

    package var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(64)
        first.append(to: &bytes)
        second.append(to: &bytes)
        return bytes
    }

    package var hex: String { first.hex + second.hex }

    /// Writes the digits of `hex`.
    func appendHex(to text: inout [UInt8]) {
        first.appendHex(to: &text)
        second.appendHex(to: &text)
    }
}
