internal import CGnuTLS

/// HKDF (RFC 5869). What comes out is a secret and is kept as one.
package enum HKDF {
    /// The longest output of `expand`: 255 blocks (RFC 5869 §2.3).
    package static func longestOutput(_ hash: HashFunction) -> Int { 255 * hash.byteCount }

    /// RFC 5869 §2.2. An empty salt means the same as zeros.
    package static func extract(
        _ hash: HashFunction,
        salt: Span<UInt8>,
        inputKey: Span<UInt8>,
        in arena: SecretArena? = nil
    ) throws(CryptoError) -> SecretBytes {
        guard salt.count <= GnuTLS.longestDatum, inputKey.count <= GnuTLS.longestDatum else {
            throw CryptoError(.invalidLength, "HKDF input is too long")
        }
        var status: CInt = 0
        let result = try unsafe SecretBytes(count: hash.byteCount, in: arena) { (target) in
            status = unsafe GnuTLS.withDatum(salt) { (salt) in
                unsafe GnuTLS.withDatum(inputKey) { (key) in
                    unsafe gnutls_hkdf_extract(hash.macAlgorithm, &key, &salt, target)
                }
            }
        }
        guard status == 0 else { throw CryptoError(.failure, "HKDF-Extract failed with \(status)") }
        return result
    }

    /// RFC 5869 §2.3. `count` is at least 1 and at most `longestOutput`; anything else is an error.
    package static func expand(
        _ hash: HashFunction,
        secret: Span<UInt8>,
        info: Span<UInt8>,
        count: Int,
        in arena: SecretArena? = nil
    ) throws(CryptoError) -> SecretBytes {
        guard count >= 1, count <= longestOutput(hash) else {
            throw CryptoError(.invalidLength, "HKDF cannot give \(count) bytes")
        }
        guard secret.count <= GnuTLS.longestDatum, info.count <= GnuTLS.longestDatum else {
            throw CryptoError(.invalidLength, "HKDF input is too long")
        }
        var status: CInt = 0
        let result = try unsafe SecretBytes(count: count, in: arena) { (target) in
            status = unsafe GnuTLS.withDatum(secret) { (secret) in
                unsafe GnuTLS.withDatum(info) { (info) in
                    unsafe gnutls_hkdf_expand(hash.macAlgorithm, &secret, &info, target, count)
                }
            }
        }
        guard status == 0 else { throw CryptoError(.failure, "HKDF-Expand failed with \(status)") }
        return result
    }
}
