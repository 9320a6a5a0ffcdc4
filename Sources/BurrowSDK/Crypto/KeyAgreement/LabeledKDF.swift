internal import CSodium

/// LabeledExtract and LabeledExpand (RFC 9180 §4), for one suite_id.
struct LabeledKDF {
    /// suite_id of DHKEM(X25519, HKDF-SHA256).
    static let kem: [UInt8] = Array("KEM".utf8) + [0x00, 0x20]

    let suite: [UInt8]
    /// Where what comes out is kept.
    let arena: SecretArena?

    init(suite: [UInt8], arena: SecretArena?) {
        self.suite = suite
        self.arena = arena
    }

    func extract(
        salt: Span<UInt8>,
        _ label: StaticString,
        _ inputKey: Span<UInt8>
    ) throws(CryptoError) -> SecretBytes {
        var labeled = prefix(label, room: inputKey.count)
        labeled.append(copying: inputKey)
        // The input key was a secret, and this is a copy of it.
        defer { Self.erase(&labeled) }
        return try HKDF.extract(HPKE.hash, salt: salt, inputKey: labeled.span, in: arena)
    }

    func expand(
        _ secret: Span<UInt8>,
        _ label: StaticString,
        _ info: Span<UInt8>,
        count: Int
    ) throws(CryptoError) -> SecretBytes {
        guard let length = UInt16(exactly: count) else {
            throw CryptoError(.invalidLength, "HPKE cannot derive \(count) bytes")
        }
        var labeled: [UInt8] = []
        labeled.reserveCapacity(64 + info.count)
        labeled.append(UInt8(truncatingIfNeeded: length >> 8))
        labeled.append(UInt8(truncatingIfNeeded: length))
        labeled += prefix(label, room: 0)
        labeled.append(copying: info)
        return try HKDF.expand(HPKE.hash, secret: secret, info: labeled.span, count: count, in: arena)
    }

    private func prefix(_ label: StaticString, room: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        // Never moved, so no second copy of a secret is left behind.
        bytes.reserveCapacity(64 + room)
        bytes += "HPKE-v1".utf8
        bytes += suite
        label.withUTF8Buffer { unsafe bytes.append(contentsOf: $0) }
        return bytes
    }

    private static func erase(_ bytes: inout [UInt8]) {
        unsafe bytes.withUnsafeMutableBytes { (bytes) in
            if let start = bytes.baseAddress { unsafe sodium_memzero(start, bytes.count) }
        }
    }
}
