internal import CGnuTLS

/// SHA-256 (FIPS 180-4).
package enum SHA256 {
    package static let byteCount = 32

    package static func hash(_ message: Span<UInt8>) throws(CryptoError) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: byteCount)
        let status = unsafe message.withUnsafeBytes { (message) in
            unsafe digest.withUnsafeMutableBytes { (digest) in
                unsafe gnutls_hash_fast(
                    GNUTLS_DIG_SHA256,
                    message.baseAddress,
                    message.count,
                    digest.baseAddress
                )
            }
        }
        guard status == 0 else { throw CryptoError(.failure, "SHA-256 failed with \(status)") }
        return digest
    }
}
