internal import CGnuTLS

/// HMAC (RFC 2104) with SHA-256.
package enum HMACSHA256 {
    package static let byteCount = 32

    package static func authenticate(
        _ message: Span<UInt8>,
        key: Span<UInt8>
    ) throws(CryptoError) -> [UInt8] {
        var code = [UInt8](repeating: 0, count: byteCount)
        let status = unsafe message.withUnsafeBytes { (message) in
            unsafe key.withUnsafeBytes { (key) in
                unsafe code.withUnsafeMutableBytes { (code) in
                    unsafe gnutls_hmac_fast(
                        GNUTLS_MAC_SHA256,
                        key.baseAddress,
                        key.count,
                        message.baseAddress,
                        message.count,
                        code.baseAddress
                    )
                }
            }
        }
        guard status == 0 else { throw CryptoError(.failure, "HMAC-SHA-256 failed with \(status)") }
        return code
    }

    /// Whether `code` is the full authentication code of `message`.
    package static func isValid(
        _ code: Span<UInt8>,
        for message: Span<UInt8>,
        key: Span<UInt8>
    ) throws(CryptoError) -> Bool {
        let expected = try authenticate(message, key: key)
        return ConstantTime.equal(code, expected.span)
    }
}
