internal import CGnuTLS

/// The hash functions of our cipher suites (FIPS 180-4), and HMAC (RFC 2104) with each of them.
package enum HashFunction: Sendable, Hashable, CaseIterable {
    case sha256
    case sha384
    case sha512

    package var byteCount: Int {
        switch self {
        case .sha256: 32
        case .sha384: 48
        case .sha512: 64
        }
    }

    package func hash(_ message: Span<UInt8>) throws(CryptoError) -> [UInt8] {
        try Self.digest(of: message, digestAlgorithm, byteCount: byteCount)
    }

    /// What GnuTLS makes of a message at once.
    static func digest(
        of message: Span<UInt8>,
        _ algorithm: gnutls_digest_algorithm_t,
        byteCount: Int
    ) throws(CryptoError) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: byteCount)
        let status = unsafe message.withUnsafeBytes { (message) in
            unsafe digest.withUnsafeMutableBytes { (digest) in
                unsafe gnutls_hash_fast(
                    algorithm,
                    message.baseAddress,
                    message.count,
                    digest.baseAddress
                )
            }
        }
        guard status == 0 else { throw CryptoError(.failure, "hash failed with \(status)") }
        return digest
    }

    /// The HMAC of `message`.
    package func authenticate(_ message: Span<UInt8>, key: Span<UInt8>) throws(CryptoError) -> [UInt8] {
        var code = [UInt8](repeating: 0, count: byteCount)
        let status = unsafe message.withUnsafeBytes { (message) in
            unsafe key.withUnsafeBytes { (key) in
                unsafe code.withUnsafeMutableBytes { (code) in
                    unsafe gnutls_hmac_fast(
                        macAlgorithm,
                        key.baseAddress,
                        key.count,
                        message.baseAddress,
                        message.count,
                        code.baseAddress
                    )
                }
            }
        }
        guard status == 0 else { throw CryptoError(.failure, "HMAC failed with \(status)") }
        return code
    }

    /// Whether `code` is the full HMAC of `message`.
    package func isValid(
        _ code: Span<UInt8>,
        for message: Span<UInt8>,
        key: Span<UInt8>
    ) throws(CryptoError) -> Bool {
        let expected = try authenticate(message, key: key)
        return ConstantTime.equal(code, expected.span)
    }

    var digestAlgorithm: gnutls_digest_algorithm_t {
        switch self {
        case .sha256: GNUTLS_DIG_SHA256
        case .sha384: GNUTLS_DIG_SHA384
        case .sha512: GNUTLS_DIG_SHA512
        }
    }

    var macAlgorithm: gnutls_mac_algorithm_t {
        switch self {
        case .sha256: GNUTLS_MAC_SHA256
        case .sha384: GNUTLS_MAC_SHA384
        case .sha512: GNUTLS_MAC_SHA512
        }
    }
}
