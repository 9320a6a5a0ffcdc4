internal import CSodium

/// Ed25519 (RFC 8032 §5.1, without context or prehash).
package enum Ed25519 {
    package static let publicKeyByteCount = 32
    package static let seedByteCount = 32
    package static let signatureByteCount = 64

    /// Refuses keys and points of small order and numbers outside their range, as libsodium does.
    package static func isValid(
        _ signature: Span<UInt8>,
        for message: Span<UInt8>,
        publicKey: Span<UInt8>
    ) throws(CryptoError) -> Bool {
        try Sodium.require()
        guard signature.count == signatureByteCount, publicKey.count == publicKeyByteCount else {
            return false
        }
        return unsafe signature.withUnsafeBufferPointer { (signature) in
            unsafe message.withUnsafeBufferPointer { (message) in
                unsafe publicKey.withUnsafeBufferPointer { (publicKey) in
                    guard let first = signature.baseAddress, let point = publicKey.baseAddress else {
                        return false
                    }
                    let count = UInt64(message.count)
                    return unsafe crypto_sign_verify_detached(first, message.baseAddress, count, point) == 0
                }
            }
        }
    }

    /// A private key with its public key.
    package struct PrivateKey: ~Copyable {
        /// Seed and public key, as libsodium keeps them.
        private let expanded: SecretBytes
        package let publicKey: [UInt8]

        package init(seed: Span<UInt8>) throws(CryptoError) {
            try Sodium.require()
            guard seed.count == seedByteCount else {
                throw CryptoError(
                    .invalidKey,
                    "Ed25519 seed has \(seed.count) bytes instead of \(seedByteCount)"
                )
            }
            var publicKey = [UInt8](repeating: 0, count: publicKeyByteCount)
            expanded = try unsafe SecretBytes(count: Int(crypto_sign_SECRETKEYBYTES)) { (target) in
                unsafe seed.withUnsafeBufferPointer { (seed) in
                    unsafe publicKey.withUnsafeMutableBufferPointer { (publicKey) in
                        guard let point = publicKey.baseAddress, let first = seed.baseAddress else { return }
                        // Fails for no seed of the right length.
                        _ = unsafe crypto_sign_seed_keypair(point, target, first)
                    }
                }
            }
            self.publicKey = publicKey
        }

        /// The 32 bytes everything else follows from (RFC 8032 §5.1.5); what MLS calls the signature private key.
        package var seed: Span<UInt8> {
            @_lifetime(borrow self)
            borrowing get { expanded.bytes.extracting(first: seedByteCount) }
        }

        package static func random() throws(CryptoError) -> PrivateKey {
            let seed = try SecretBytes.random(count: seedByteCount)
            return try PrivateKey(seed: seed.bytes)
        }

        package borrowing func sign(_ message: Span<UInt8>) throws(CryptoError) -> [UInt8] {
            var signature = [UInt8](repeating: 0, count: signatureByteCount)
            let status = unsafe signature.withUnsafeMutableBufferPointer { (signature) in
                unsafe message.withUnsafeBufferPointer { (message) in
                    unsafe expanded.bytes.withUnsafeBufferPointer { (key) -> CInt in
                        guard let target = signature.baseAddress, let first = key.baseAddress else {
                            return -1
                        }
                        let count = UInt64(message.count)
                        return unsafe crypto_sign_detached(target, nil, message.baseAddress, count, first)
                    }
                }
            }
            guard status == 0 else { throw CryptoError(.failure, "Ed25519 could not sign") }
            return signature
        }
    }
}
