internal import CGnuTLS

/// HMAC with a key set once, over messages in pieces. Nothing is allocated per message.
@safe final class KeyedHMAC {
    let hash: HashFunction
    private let handle: gnutls_hmac_hd_t

    init(_ hash: HashFunction, key: Span<UInt8>) throws(CryptoError) {
        var created: gnutls_hmac_hd_t?
        let status = unsafe key.withUnsafeBytes { (key) in
            unsafe gnutls_hmac_init(&created, hash.macAlgorithm, key.baseAddress, key.count)
        }
        guard status == 0, let handle = unsafe created else {
            throw CryptoError(.failure, "HMAC could not be set up: \(status)")
        }
        unsafe self.handle = handle
        self.hash = hash
    }

    deinit {
        unsafe gnutls_hmac_deinit(handle, nil)
    }

    /// Adds a piece to the message.
    func update(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard let start = bytes.baseAddress, bytes.count > 0 else { return true }
        return unsafe gnutls_hmac(handle, start, bytes.count) == 0
    }

    /// Writes `hash.byteCount` bytes and begins the next message.
    func finish(into target: UnsafeMutableRawPointer) {
        unsafe gnutls_hmac_output(handle, target)
    }
}
