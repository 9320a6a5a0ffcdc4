internal import CSodium

/// Diffie-Hellman on Curve25519 (RFC 7748 §5).
package enum X25519 {
    package static let publicKeyByteCount = 32
    package static let privateKeyByteCount = 32

    /// The u coordinates of the points whose order divides 8, without those that have a second spelling by the ignored top
    /// bit. With any of them the shared secret does not depend on the private key.
    private static let smallOrder: [[UInt8]] = [
        [UInt8](repeating: 0, count: 32),
        [1] + [UInt8](repeating: 0, count: 31),
        [
            0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f, 0xc4, 0x6a,
            0xda, 0x09, 0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00,
        ],
        [
            0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0, 0xb1, 0x55, 0x9c, 0x83, 0xef, 0x5b,
            0x04, 0x44, 0x5c, 0xc4, 0x58, 0x1c, 0x8e, 0x86, 0xd8, 0x22, 0x4e, 0xdd, 0xd0, 0x9f, 0x11, 0x57,
        ],
        [0xec] + [UInt8](repeating: 0xff, count: 30) + [0x7f],
        [0xed] + [UInt8](repeating: 0xff, count: 30) + [0x7f],
        [0xee] + [UInt8](repeating: 0xff, count: 30) + [0x7f],
    ]

    /// Whether agreeing with this public key gives a secret: it has 32 bytes and no small order. Public keys are public, so
    /// this takes as long as it takes.
    package static func isValid(publicKey: Span<UInt8>) -> Bool {
        guard publicKey.count == publicKeyByteCount else { return false }
        for point in smallOrder {
            var isSame = true
            for index in publicKey.indices {
                let byte = index == 31 ? publicKey[index] & 0x7f : publicKey[index]
                if byte != point[index] {
                    isSame = false
                    break
                }
            }
            if isSame { return false }
        }
        return true
    }

    /// A private key with its public key.
    package struct PrivateKey: ~Copyable {
        private let scalar: SecretBytes
        package let publicKey: [UInt8]

        /// Any 32 bytes are a private key; the bits that RFC 7748 fixes are fixed when it is used.
        package init(_ bytes: consuming SecretBytes) throws(CryptoError) {
            try Sodium.require()
            guard bytes.count == privateKeyByteCount else {
                throw CryptoError(
                    .invalidKey,
                    "X25519 key has \(bytes.count) bytes instead of \(privateKeyByteCount)"
                )
            }
            var point = [UInt8](repeating: 0, count: publicKeyByteCount)
            let status = unsafe bytes.bytes.withUnsafeBufferPointer { (scalar) in
                unsafe point.withUnsafeMutableBufferPointer { (point) -> CInt in
                    guard let target = point.baseAddress, let first = scalar.baseAddress else { return -1 }
                    return unsafe crypto_scalarmult_base(target, first)
                }
            }
            guard status == 0 else { throw CryptoError(.failure, "X25519 public key could not be computed") }
            scalar = bytes
            publicKey = point
        }

        package init(copying bytes: Span<UInt8>, in arena: SecretArena? = nil) throws(CryptoError) {
            guard bytes.count == privateKeyByteCount else {
                throw CryptoError(
                    .invalidKey,
                    "X25519 key has \(bytes.count) bytes instead of \(privateKeyByteCount)"
                )
            }
            try self.init(SecretBytes(copying: bytes, in: arena))
        }

        package static func random(in arena: SecretArena? = nil) throws(CryptoError) -> PrivateKey {
            try PrivateKey(SecretBytes.random(count: privateKeyByteCount, in: arena))
        }

        /// The 32 bytes as they were given.
        package var bytes: Span<UInt8> {
            @_lifetime(borrow self)
            borrowing get { scalar.bytes }
        }

        /// Lends the same bytes, for keys that are a property of a class.
        package borrowing func withBytes<Result: ~Copyable, Failure: Error>(
            _ body: (Span<UInt8>) throws(Failure) -> Result
        ) throws(Failure) -> Result {
            try scalar.withBytes(body)
        }

        /// The shared secret. A public key of small order, for which it would be zero, is `invalidKey` (RFC 7748 §6.1,
        /// RFC 9180 §7.1.4).
        package borrowing func agree(
            with publicKey: Span<UInt8>,
            in arena: SecretArena? = nil
        ) throws(CryptoError) -> SecretBytes {
            guard publicKey.count == publicKeyByteCount else {
                throw CryptoError(.invalidKey, "X25519 public key has \(publicKey.count) bytes")
            }
            var status: CInt = -1
            let own = scalar.bytes
            let shared = try unsafe SecretBytes(count: publicKeyByteCount, in: arena) { (target) in
                status = unsafe own.withUnsafeBufferPointer { (scalar) in
                    unsafe publicKey.withUnsafeBufferPointer { (point) -> CInt in
                        guard let point = point.baseAddress, let first = scalar.baseAddress else { return -1 }
                        return unsafe crypto_scalarmult(target, first, point)
                    }
                }
            }
            guard status == 0 else { throw CryptoError(.invalidKey, "X25519 public key has a small order") }
            return shared
        }
    }
}
