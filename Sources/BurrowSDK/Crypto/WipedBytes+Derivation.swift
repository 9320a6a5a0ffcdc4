internal import CGnuTLS

/// Keys for one message, derived without pages of their own.
extension WipedBytes {
    /// HMAC-SHA-256 (RFC 2104) of a secret; with a salt as key this is HKDF-Extract (RFC 5869 §2.2).
    package static func authenticationCode(
        of secret: Span<UInt8>,
        key: Span<UInt8>
    ) throws(CryptoError) -> WipedBytes {
        var status: CInt = 0
        let code = unsafe WipedBytes(count: 32) { (target) in
            status = unsafe secret.withUnsafeBytes { (secret) in
                unsafe key.withUnsafeBytes { (key) in
                    unsafe gnutls_hmac_fast(
                        GNUTLS_MAC_SHA256,
                        key.baseAddress,
                        key.count,
                        secret.baseAddress,
                        secret.count,
                        target
                    )
                }
            }
        }
        guard status == 0 else { throw CryptoError(.failure, "HMAC-SHA-256 failed with \(status)") }
        return code
    }

    /// HKDF-Expand with SHA-256 (RFC 5869 §2.3) of this secret, for a `count` from 1 to 8160.
    package borrowing func expanded(info: Span<UInt8>, count: Int) throws(CryptoError) -> WipedBytes {
        var status: CInt = 0
        let keys = unsafe WipedBytes(count: count) { (target) in
            status = unsafe bytes.withUnsafeBufferPointer { (secret) in
                unsafe info.withUnsafeBufferPointer { (info) in
                    var key = unsafe gnutls_datum_t(
                        data: UnsafeMutablePointer(mutating: secret.baseAddress),
                        size: UInt32(clamping: secret.count)
                    )
                    var context = unsafe gnutls_datum_t(
                        data: UnsafeMutablePointer(mutating: info.baseAddress),
                        size: UInt32(clamping: info.count)
                    )
                    return unsafe gnutls_hkdf_expand(GNUTLS_MAC_SHA256, &key, &context, target, count)
                }
            }
        }
        guard status == 0 else { throw CryptoError(.failure, "HKDF-Expand failed with \(status)") }
        return keys
    }
}
