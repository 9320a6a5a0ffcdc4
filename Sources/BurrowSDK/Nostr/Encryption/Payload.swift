internal import BurrowBase

/// The form of NIP-44 version 2 around a ciphertext.
package enum Payload {
    static let version: UInt8 = 2
    package static let nonceByteCount = 32
    static let messageKeyByteCount = 76
    static let cipherKey = 0..<32
    static let cipherNonce = 32..<44
    static let authenticationKey = 44..<76

    /// What is encrypted at most: other implementations refuse to pad more.
    package static let encryptedBytes = 65408
    /// What the two-byte length can say.
    static let shortBytes = 65535
    /// The payload of the longest text of the short form.
    package static let encodedBytes = 87472
    private static let fewestEncodedBytes = 132
    private static let fewestBytes = 99

    /// How long a text of `count` bytes is once padded, without its length in front. `nil` when there is no such text.
    package static func paddedCount(_ count: Int) -> Int? {
        guard count >= 1, count <= Int(UInt32.max) else { return nil }
        if count <= 32 { return 32 }
        let next = 1 << (Int.bitWidth - (count - 1).leadingZeroBitCount)
        let chunk = next <= 256 ? 32 : next / 8
        return chunk * ((count - 1) / chunk + 1)
    }

    /// Length, text and zeros.
    static func pad(_ plaintext: [UInt8]) throws(NostrError) -> [UInt8] {
        let count = plaintext.count
        guard let padded = paddedCount(count) else {
            throw NostrError(.messageTooLong, "text is too long for any payload")
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(6 + padded)
        if count > shortBytes {
            bytes += [0, 0]
            for shift in [24, 16, 8, 0] { bytes.append(UInt8(truncatingIfNeeded: count >> shift)) }
        } else {
            for shift in [8, 0] { bytes.append(UInt8(truncatingIfNeeded: count >> shift)) }
        }
        bytes += plaintext
        bytes += repeatElement(0, count: padded - count)
        return bytes
    }

    static func unpad(_ padded: [UInt8], allowsLong: Bool) throws(NostrError) -> [UInt8] {
        guard padded.count >= 2 else { throw NostrError(.invalidPadding, "padded text has no length") }
        var count = Int(padded[0]) << 8 | Int(padded[1])
        var start = 2
        if count == 0, padded.count >= 6 {
            for index in 2..<6 { count = count << 8 | Int(padded[index]) }
            // The long form for what the short one can say is no form at all.
            guard count > shortBytes, count <= padded.count - 6 else {
                throw NostrError(.invalidPadding, "padded text has a bad length")
            }
            guard allowsLong else { throw NostrError(.messageTooLong, "payload has the form for long texts") }
            start = 6
        }
        guard count <= padded.count - start, let expected = paddedCount(count),
            padded.count == start + expected, padded[(start + count)...].allSatisfy({ $0 == 0 })
        else { throw NostrError(.invalidPadding, "padding is not what the length demands") }
        return Array(padded[start..<(start + count)])
    }

    /// The bytes of a payload, long enough for all parts and of our version.
    static func decode(_ payload: String, limit: Int) throws(NostrError) -> [UInt8] {
        let text = payload.utf8
        guard let first = text.first, first != UInt8(ascii: "#") else {
            throw NostrError(.unknownVersion, "payload is of no version")
        }
        guard text.count >= fewestEncodedBytes else {
            throw NostrError(.invalidLength, "payload is too short")
        }
        guard text.count <= limit else {
            throw NostrError(.messageTooLong, "payload is longer than \(limit) characters")
        }
        let bytes: [UInt8]
        do {
            bytes = try Base64.standard.decode(payload)
        } catch {
            throw NostrError(.invalidBase64, "payload is not base64")
        }
        guard bytes.count >= fewestBytes else { throw NostrError(.invalidLength, "payload is too short") }
        guard bytes.first == version else {
            throw NostrError(.unknownVersion, "payload is of another version than \(version)")
        }
        return bytes
    }
}
