internal import CGnuTLS

/// SHA-1 (FIPS 180-4), for the one place that asks for it: the answer to a WebSocket's handshake (RFC 6455 §4.2.2),
/// where it protects nothing.
package enum SHA1 {
    package static func hash(_ message: Span<UInt8>) throws(CryptoError) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: 20)
        let status = unsafe message.withUnsafeBytes { (message) in
            unsafe digest.withUnsafeMutableBytes { (digest) in
                unsafe gnutls_hash_fast(
                    GNUTLS_DIG_SHA1,
                    message.baseAddress,
                    message.count,
                    digest.baseAddress
                )
            }
        }
        guard status == 0 else { throw CryptoError(.failure, "hash failed with \(status)") }
        return digest
    }
}
