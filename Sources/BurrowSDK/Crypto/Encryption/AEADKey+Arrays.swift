/// The forms for messages that come one at a time and may cost an allocation.
extension AEADKey {
    /// The ciphertext with its tag.
    package func seal(
        _ plaintext: Span<UInt8>,
        nonce: Span<UInt8>,
        additional: Span<UInt8>
    ) throws(CryptoError) -> [UInt8] {
        let (total, overflow) = plaintext.count.addingReportingOverflow(AEADAlgorithm.tagByteCount)
        guard !overflow else { throw CryptoError(.invalidLength, "plaintext is too long") }
        var failure: CryptoError?
        let result = unsafe [UInt8](unsafeUninitializedCapacity: total) { (target, count) in
            do throws(CryptoError) {
                count = try unsafe seal(
                    plaintext,
                    into: UnsafeMutableRawBufferPointer(target),
                    nonce,
                    additional
                )
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return result
    }

    /// The plaintext, or `nil` if the ciphertext is not authentic.
    package func open(
        _ ciphertext: Span<UInt8>,
        nonce: Span<UInt8>,
        additional: Span<UInt8>
    ) throws(CryptoError) -> [UInt8]? {
        guard ciphertext.count >= AEADAlgorithm.tagByteCount else { return nil }
        var failure: CryptoError?
        var isAuthentic = false
        let capacity = ciphertext.count - AEADAlgorithm.tagByteCount
        let result = unsafe [UInt8](unsafeUninitializedCapacity: capacity) { (target, count) in
            do throws(CryptoError) {
                let target = UnsafeMutableRawBufferPointer(target)
                guard let opened = try unsafe open(ciphertext, into: target, nonce, additional) else {
                    return
                }
                count = opened
                isAuthentic = true
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return isAuthentic ? result : nil
    }

    /// The same for a plaintext that is a secret.
    package func openSecret(
        _ ciphertext: Span<UInt8>,
        nonce: Span<UInt8>,
        additional: Span<UInt8>,
        in arena: SecretArena? = nil
    ) throws(CryptoError) -> SecretBytes? {
        guard ciphertext.count >= AEADAlgorithm.tagByteCount else { return nil }
        var failure: CryptoError?
        var isAuthentic = false
        let capacity = ciphertext.count - AEADAlgorithm.tagByteCount
        let result = try unsafe SecretBytes(count: capacity, in: arena) { (target) in
            do throws(CryptoError) {
                let target = unsafe UnsafeMutableRawBufferPointer(start: target, count: capacity)
                isAuthentic = try unsafe open(ciphertext, into: target, nonce, additional) != nil
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        guard isAuthentic else { return nil }
        return consume result
    }

    private func seal(
        _ plaintext: Span<UInt8>,
        into target: UnsafeMutableRawBufferPointer,
        _ nonce: Span<UInt8>,
        _ additional: Span<UInt8>
    ) throws(CryptoError) -> Int {
        try unsafe plaintext.withUnsafeBytes { (plaintext) throws(CryptoError) in
            try unsafe nonce.withUnsafeBytes { (nonce) throws(CryptoError) in
                try unsafe additional.withUnsafeBytes { (additional) throws(CryptoError) in
                    try unsafe seal(plaintext, into: target, nonce: nonce, additional: additional)
                }
            }
        }
    }

    private func open(
        _ ciphertext: Span<UInt8>,
        into target: UnsafeMutableRawBufferPointer,
        _ nonce: Span<UInt8>,
        _ additional: Span<UInt8>
    ) throws(CryptoError) -> Int? {
        try unsafe ciphertext.withUnsafeBytes { (ciphertext) throws(CryptoError) in
            try unsafe nonce.withUnsafeBytes { (nonce) throws(CryptoError) in
                try unsafe additional.withUnsafeBytes { (additional) throws(CryptoError) in
                    try unsafe open(ciphertext, into: target, nonce: nonce, additional: additional)
                }
            }
        }
    }
}
