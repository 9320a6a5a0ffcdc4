internal import CGnuTLS
internal import CSodium

/// A key of authenticated encryption, set up once and used for any number of messages by one thread.
///
/// A ciphertext here is what RFC 5116 calls one: the encrypted bytes followed by the tag. The expanded key lives in memory
/// of GnuTLS, which erases it.
@safe package final class AEADKey {
    package let algorithm: AEADAlgorithm
    private let handle: gnutls_aead_cipher_hd_t

    package init(_ algorithm: AEADAlgorithm, key: Span<UInt8>) throws(CryptoError) {
        guard key.count == algorithm.keyByteCount else {
            throw CryptoError(
                .invalidKey,
                "AEAD key has \(key.count) bytes instead of \(algorithm.keyByteCount)"
            )
        }
        var created: gnutls_aead_cipher_hd_t?
        let status = unsafe GnuTLS.withDatum(key) { (key) in
            unsafe gnutls_aead_cipher_init(&created, algorithm.cipher, &key)
        }
        guard status == 0, let handle = unsafe created else {
            throw CryptoError(.failure, "AEAD could not be set up: \(status)")
        }
        unsafe self.handle = handle
        self.algorithm = algorithm
    }

    deinit {
        unsafe gnutls_aead_cipher_deinit(handle)
    }

    /// Encrypts `source` to the beginning of `target` and puts the tag behind it, allocating nothing. Both may begin at the
    /// same address; otherwise they must not overlap. Answers how many bytes were written.
    package func seal(
        _ source: UnsafeRawBufferPointer,
        into target: UnsafeMutableRawBufferPointer,
        nonce: UnsafeRawBufferPointer,
        additional: UnsafeRawBufferPointer
    ) throws(CryptoError) -> Int {
        let (total, overflow) = source.count.addingReportingOverflow(AEADAlgorithm.tagByteCount)
        guard nonce.count == AEADAlgorithm.nonceByteCount, !overflow, total <= target.count,
            let output = target.baseAddress
        else { throw CryptoError(.invalidLength, "AEAD nonce or buffer has the wrong length") }
        var written = total
        let status = unsafe gnutls_aead_cipher_encrypt(
            handle,
            nonce.baseAddress,
            nonce.count,
            additional.baseAddress,
            additional.count,
            AEADAlgorithm.tagByteCount,
            source.baseAddress ?? UnsafeRawPointer(output),
            source.count,
            output,
            &written
        )
        guard status == 0, written == total else {
            throw CryptoError(.failure, "AEAD could not encrypt: \(status)")
        }
        return total
    }

    /// Decrypts `source`, ciphertext and tag, to the beginning of `target`, allocating nothing. Both may begin at the same
    /// address; otherwise they must not overlap. Answers how many bytes were written, or `nil` if the ciphertext is not
    /// authentic; then that part of `target` is zeros.
    package func open(
        _ source: UnsafeRawBufferPointer,
        into target: UnsafeMutableRawBufferPointer,
        nonce: UnsafeRawBufferPointer,
        additional: UnsafeRawBufferPointer
    ) throws(CryptoError) -> Int? {
        guard source.count >= AEADAlgorithm.tagByteCount else { return nil }
        let total = source.count - AEADAlgorithm.tagByteCount
        guard nonce.count == AEADAlgorithm.nonceByteCount, total <= target.count else {
            throw CryptoError(.invalidLength, "AEAD nonce or buffer has the wrong length")
        }
        // Even an empty plaintext needs an address.
        var nothing: UInt8 = 0
        return unsafe withUnsafeMutableBytes(of: &nothing) { (nothing) -> Int? in
            let output = unsafe target.baseAddress ?? nothing.baseAddress
            var written = total
            let status = unsafe gnutls_aead_cipher_decrypt(
                handle,
                nonce.baseAddress,
                nonce.count,
                additional.baseAddress,
                additional.count,
                AEADAlgorithm.tagByteCount,
                source.baseAddress,
                source.count,
                output,
                &written
            )
            guard status == 0, written == total else {
                // What was decrypted is not to be believed, and not to be seen.
                if total > 0, let start = target.baseAddress { unsafe sodium_memzero(start, total) }
                return nil
            }
            return total
        }
    }
}
