internal import CGnuTLS
internal import CSodium

/// The compound of AES-128-CTR and truncated HMAC-SHA-256 (RFC 9605 §4.5.1), keyed once.
///
/// GnuTLS offers no counter mode by itself. Inside GCM there is one: with a nonce N of 12 bytes it encrypts with the
/// blocks E(N ‖ 2), E(N ‖ 3) and so on, where this suite begins at E(N ‖ 0). So the first two blocks come from CBC with a
/// zero vector, which encrypts a single block as it is, and all others from GCM, whose tag is not used.
@safe package final class CounterModeKey {
    private static let blockByteCount = 16
    /// What the GCM we do not want the tag of writes behind the text; the shortest tag of a suite has room for it.
    static let spill = 4
    private static let encryptionKeyByteCount = 16

    private let stream: gnutls_aead_cipher_hd_t
    private let block: gnutls_cipher_hd_t
    private let authentication: KeyedHMAC
    private let tagByteCount: Int
    private let scratch: UnsafeMutableRawBufferPointer

    /// What is where in `scratch`.
    private enum Slots {
        /// Three lengths and the nonce: what the tag covers first.
        static let head = 0..<36
        /// The first two blocks of the key stream.
        static let pad = 36..<68
        /// A tag before it is cut.
        static let tag = 68..<100
        static let vector = 100..<116
        static let byteCount = 116
    }

    /// `key` is the encryption key followed by the authentication key. The suite is one of those with counter mode.
    package init(_ suite: SFrameSuite, key: Span<UInt8>) throws(CryptoError) {
        guard suite.hasCounterMode, key.count == suite.keyByteCount else {
            throw CryptoError(.invalidKey, "AES-CTR-HMAC key has \(key.count) bytes")
        }
        authentication = try KeyedHMAC(.sha256, key: key.extracting(Self.encryptionKeyByteCount..<key.count))
        let encryption = key.extracting(first: Self.encryptionKeyByteCount)
        var stream: gnutls_aead_cipher_hd_t?
        var status = unsafe GnuTLS.withDatum(encryption) { (key) in
            unsafe gnutls_aead_cipher_init(&stream, GNUTLS_CIPHER_AES_128_GCM, &key)
        }
        guard status == 0, let stream = unsafe stream else {
            throw CryptoError(.failure, "AES-CTR could not be set up: \(status)")
        }
        var block: gnutls_cipher_hd_t?
        let zeros = [UInt8](repeating: 0, count: Self.blockByteCount)
        status = unsafe GnuTLS.withDatum(encryption) { (key) in
            unsafe GnuTLS.withDatum(zeros.span) { (vector) in
                unsafe gnutls_cipher_init(&block, GNUTLS_CIPHER_AES_128_CBC, &key, &vector)
            }
        }
        guard status == 0, let block = unsafe block else {
            unsafe gnutls_aead_cipher_deinit(stream)
            throw CryptoError(.failure, "AES-CTR could not be set up: \(status)")
        }
        unsafe self.stream = stream
        unsafe self.block = block
        tagByteCount = suite.tagByteCount
        unsafe scratch = .allocate(byteCount: Slots.byteCount, alignment: 16)
    }

    deinit {
        unsafe gnutls_aead_cipher_deinit(stream)
        unsafe gnutls_cipher_deinit(block)
        if let start = unsafe scratch.baseAddress { unsafe sodium_memzero(start, scratch.count) }
        unsafe scratch.deallocate()
    }

    /// Encrypts the first `count` bytes of `text` in place and puts the tag behind them.
    package func seal(
        _ text: UnsafeMutableRawBufferPointer,
        count: Int,
        nonce: UnsafeRawBufferPointer,
        additional: UnsafeRawBufferPointer
    ) throws(CryptoError) {
        guard count >= 0, text.count - count >= tagByteCount else {
            throw CryptoError(.invalidLength, "no room for a tag")
        }
        try unsafe apply(to: text, count: count, nonce: nonce)
        let tag = try unsafe tag(UnsafeRawBufferPointer(rebasing: text.prefix(count)), nonce, additional)
        for index in 0..<tagByteCount { unsafe text[count + index] = tag[index] }
    }

    /// Checks the tag behind the first `count` bytes of `text`, then decrypts those in place. Whether it was authentic.
    package func open(
        _ text: UnsafeMutableRawBufferPointer,
        count: Int,
        nonce: UnsafeRawBufferPointer,
        additional: UnsafeRawBufferPointer
    ) throws(CryptoError) -> Bool {
        guard count >= 0, text.count - count >= tagByteCount, let start = text.baseAddress else {
            return false
        }
        let tag = try unsafe tag(UnsafeRawBufferPointer(rebasing: text.prefix(count)), nonce, additional)
        guard let expected = tag.baseAddress, unsafe sodium_memcmp(expected, start + count, tagByteCount) == 0
        else { return false }
        try unsafe apply(to: text, count: count, nonce: nonce)
        return true
    }

    /// The tag before truncation: over the lengths in bytes, the nonce, and what is authenticated.
    private func tag(
        _ ciphertext: UnsafeRawBufferPointer,
        _ nonce: UnsafeRawBufferPointer,
        _ additional: UnsafeRawBufferPointer
    ) throws(CryptoError) -> UnsafeRawBufferPointer {
        guard nonce.count == SFrameSuite.nonceByteCount, let output = unsafe slot(Slots.tag).baseAddress
        else {
            throw CryptoError(.invalidLength, "SFrame nonce has the wrong length")
        }
        let head = unsafe slot(Slots.head)
        unsafe Self.write(additional.count, to: head, at: 0)
        unsafe Self.write(ciphertext.count, to: head, at: 8)
        unsafe Self.write(tagByteCount, to: head, at: 16)
        for index in nonce.indices { unsafe head[24 + index] = nonce[index] }
        guard unsafe authentication.update(UnsafeRawBufferPointer(head)),
            unsafe authentication.update(additional), unsafe authentication.update(ciphertext)
        else { throw CryptoError(.failure, "HMAC failed") }
        unsafe authentication.finish(into: output)
        return unsafe UnsafeRawBufferPointer(slot(Slots.tag))
    }

    /// Counter mode with the initial block nonce ‖ 0, in place; encryption and decryption are the same. Clobbers `spill`
    /// bytes behind the text.
    private func apply(
        to text: UnsafeMutableRawBufferPointer,
        count: Int,
        nonce: UnsafeRawBufferPointer
    ) throws(CryptoError) {
        let pad = unsafe slot(Slots.pad)
        let size = Self.blockByteCount
        for number in 0..<2 where count > number * size {
            let block = unsafe UnsafeMutableRawBufferPointer(
                rebasing: pad[number * size..<(number + 1) * size]
            )
            for index in nonce.indices { unsafe block[index] = nonce[index] }
            for index in nonce.count..<size { unsafe block[index] = 0 }
            unsafe block[size - 1] = UInt8(truncatingIfNeeded: number)
            try unsafe encrypt(block)
            for index in 0..<min(size, count - number * size) {
                unsafe text[number * size + index] ^= block[index]
            }
        }
        guard count > 2 * size, let start = text.baseAddress else { return }
        let rest = count - 2 * size
        var written = rest + Self.spill
        let status = unsafe gnutls_aead_cipher_encrypt(
            stream,
            nonce.baseAddress,
            nonce.count,
            nil,
            0,
            Self.spill,
            start + 2 * size,
            rest,
            start + 2 * size,
            &written
        )
        guard status == 0, written == rest + Self.spill else {
            throw CryptoError(.failure, "AES-CTR failed with \(status)")
        }
    }

    private func encrypt(_ text: UnsafeMutableRawBufferPointer) throws(CryptoError) {
        let vector = unsafe slot(Slots.vector)
        for index in vector.indices { unsafe vector[index] = 0 }
        unsafe gnutls_cipher_set_iv(block, vector.baseAddress, vector.count)
        let status = unsafe gnutls_cipher_encrypt(block, text.baseAddress, text.count)
        guard status == 0 else { throw CryptoError(.failure, "AES failed with \(status)") }
    }

    private static func write(_ number: Int, to target: UnsafeMutableRawBufferPointer, at first: Int) {
        for index in 0..<8 {
            unsafe target[first + index] = UInt8(truncatingIfNeeded: number >> (8 * (7 - index)))
        }
    }

    private func slot(_ range: Range<Int>) -> UnsafeMutableRawBufferPointer {
        unsafe UnsafeMutableRawBufferPointer(rebasing: scratch[range])
    }
}
