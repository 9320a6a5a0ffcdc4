internal import CSodium

/// The bare stream cipher of RFC 8439 §2.4: no authentication, which its user brings.
package enum ChaCha20 {
    package static let keyByteCount = 32
    package static let nonceByteCount = 12

    /// Encrypts or decrypts in place, the block counter beginning at 0.
    package static func apply(
        to bytes: inout [UInt8],
        key: Span<UInt8>,
        nonce: Span<UInt8>
    ) throws(CryptoError) {
        try Sodium.require()
        guard key.count == keyByteCount, nonce.count == nonceByteCount else {
            throw CryptoError(.invalidKey, "ChaCha20 takes a key of 32 bytes and a nonce of 12")
        }
        let status = unsafe bytes.withUnsafeMutableBufferPointer { (bytes) -> CInt in
            unsafe key.withUnsafeBufferPointer { (key) in
                unsafe nonce.withUnsafeBufferPointer { (nonce) in
                    guard let start = bytes.baseAddress else { return 0 }
                    guard let key = key.baseAddress, let nonce = nonce.baseAddress else { return -1 }
                    let count = UInt64(bytes.count)
                    return unsafe crypto_stream_chacha20_ietf_xor(start, start, count, nonce, key)
                }
            }
        }
        guard status == 0 else { throw CryptoError(.failure, "ChaCha20 failed with \(status)") }
    }
}
