internal import BurrowBase

/// What the keys of one base key are derived from (RFC 9605 §4.4.2): sframe_secret, for one suite.
package final class SFrameSecret {
    package let suite: SFrameSuite
    private let secret: SecretBytes

    /// The length of the base key is free; what MLS exports has `suite.keyByteCount`.
    package init(_ suite: SFrameSuite, baseKey: Span<UInt8>) throws(CryptoError) {
        guard !baseKey.isEmpty else { throw CryptoError(.invalidKey, "SFrame base key is empty") }
        let none: [UInt8] = []
        self.suite = suite
        secret = try HKDF.extract(suite.hash, salt: none.span, inputKey: baseKey)
    }

    /// The key with one number, ready for use.
    package func key(_ keyID: UInt64) throws(CryptoError) -> SFrameKey {
        let key = try expand("SFrame 1.0 Secret key ", keyID, count: suite.keyByteCount)
        let salt = try expand("SFrame 1.0 Secret salt ", keyID, count: SFrameSuite.nonceByteCount)
        return try SFrameKey(suite, keyID: keyID, key: key.bytes, salt: salt.bytes)
    }

    /// The base key of the next step of a sender's ratchet (RFC 9605 §5.1).
    package func ratchetedBaseKey() throws(CryptoError) -> SecretBytes {
        let label = Array("SFrame 1.0 Ratchet".utf8)
        return try expand(label, count: suite.hash.byteCount)
    }

    private func expand(_ label: String, _ keyID: UInt64, count: Int) throws(CryptoError) -> SecretBytes {
        var info = ByteWriter()
        info.writeBytes(Array(label.utf8))
        for index in 0..<8 {
            info.writeUInt8(UInt8(truncatingIfNeeded: keyID >> UInt64(8 * (7 - index))))
        }
        info.writeUInt16(suite.rawValue)
        return try expand(info.bytes, count: count)
    }

    private func expand(_ info: [UInt8], count: Int) throws(CryptoError) -> SecretBytes {
        try secret.withBytes { (secret) throws(CryptoError) in
            try HKDF.expand(suite.hash, secret: secret, info: info.span, count: count)
        }
    }
}
