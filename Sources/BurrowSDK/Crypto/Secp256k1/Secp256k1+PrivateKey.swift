internal import CSecp256k1
internal import CSodium

extension Secp256k1 {
    /// A private key with its public key.
    package struct PrivateKey: ~Copyable {
        /// The library's form of the key, ready for signing, and behind it the number itself in 32 bytes.
        private let memory: SecretBytes
        package let publicKey: [UInt8]

        private static let pairByteCount = MemoryLayout<secp256k1_keypair>.size

        /// Refuses zero and numbers that are not below the order of the curve.
        package init(_ bytes: Span<UInt8>) throws(CryptoError) {
            guard bytes.count == privateKeyByteCount else {
                throw CryptoError(.invalidKey, "secp256k1 key has \(bytes.count) bytes")
            }
            let context = unsafe try Context.require()
            var pair = secp256k1_keypair()
            defer { unsafe sodium_memzero(&pair, Self.pairByteCount) }
            let isKey = unsafe bytes.withUnsafeBufferPointer { (bytes) in
                guard let start = bytes.baseAddress else { return false }
                return unsafe secp256k1_keypair_create(context, &pair, start) == 1
            }
            guard isKey else { throw CryptoError(.invalidKey, "number is no private key of secp256k1") }
            var point = secp256k1_xonly_pubkey()
            var publicKey = [UInt8](repeating: 0, count: publicKeyByteCount)
            guard unsafe secp256k1_keypair_xonly_pub(context, &point, nil, &pair) == 1,
                unsafe secp256k1_xonly_pubkey_serialize(context, &publicKey, &point) == 1
            else { throw CryptoError(.failure, "secp256k1 could not compute a public key") }
            memory = try unsafe SecretBytes(count: Self.pairByteCount + privateKeyByteCount) { (target) in
                unsafe withUnsafeBytes(of: &pair) { (pair) in
                    for index in pair.indices { unsafe target[index] = pair[index] }
                }
                for index in bytes.indices { unsafe target[Self.pairByteCount + index] = bytes[index] }
            }
            self.publicKey = publicKey
        }

        /// A fresh key.
        package static func random() throws(CryptoError) -> PrivateKey {
            try Sodium.require()
            let context = unsafe try Context.require()
            // All but one of 2^127 numbers are keys.
            for _ in 0..<4 {
                let candidate = unsafe WipedBytes(count: privateKeyByteCount) { (target) in
                    unsafe randombytes_buf(target, privateKeyByteCount)
                }
                let isKey = unsafe candidate.bytes.withUnsafeBufferPointer { (bytes) in
                    guard let start = bytes.baseAddress else { return false }
                    return unsafe secp256k1_ec_seckey_verify(context, start) == 1
                }
                if isKey { return try PrivateKey(candidate.bytes) }
            }
            throw CryptoError(.failure, "the generator of random numbers gives no private key")
        }

        /// The number in 32 bytes, for exporting it.
        package var bytes: Span<UInt8> {
            @_lifetime(borrow self)
            borrowing get { memory.bytes.extracting(last: privateKeyByteCount) }
        }

        /// A signature of a message of any length, with fresh auxiliary randomness.
        package borrowing func sign(_ message: Span<UInt8>) throws(CryptoError) -> [UInt8] {
            try Sodium.require()
            var auxiliary = [UInt8](repeating: 0, count: auxiliaryByteCount)
            unsafe auxiliary.withUnsafeMutableBytes { (bytes) in
                guard let start = bytes.baseAddress else { return }
                unsafe randombytes_buf(start, bytes.count)
            }
            let signature = try sign(message, auxiliary: auxiliary.span)
            Wipe.wipe(&auxiliary)
            return signature
        }

        /// The signature BIP-340 gives for these 32 auxiliary bytes; for test vectors.
        package borrowing func sign(
            _ message: Span<UInt8>,
            auxiliary: Span<UInt8>
        ) throws(CryptoError) -> [UInt8] {
            guard auxiliary.count == auxiliaryByteCount else {
                throw CryptoError(.failure, "auxiliary randomness is not \(auxiliaryByteCount) bytes long")
            }
            let context = unsafe try Context.require()
            var signature = [UInt8](repeating: 0, count: signatureByteCount)
            let isSigned = unsafe memory.bytes.withUnsafeBytes { (memory) -> Bool in
                guard let start = memory.baseAddress else { return false }
                let pair = unsafe start.assumingMemoryBound(to: secp256k1_keypair.self)
                return unsafe message.withUnsafeBufferPointer { (message) in
                    unsafe auxiliary.withUnsafeBufferPointer { (auxiliary) in
                        // Only read, though the parameter is not declared so.
                        let noise = unsafe UnsafeMutablePointer(mutating: auxiliary.baseAddress)
                        var nothing: UInt8 = 0
                        guard let first = message.baseAddress else {
                            return unsafe secp256k1_shim_sign(context, &signature, &nothing, 0, pair, noise)
                                == 1
                        }
                        return unsafe secp256k1_shim_sign(
                            context,
                            &signature,
                            first,
                            message.count,
                            pair,
                            noise
                        ) == 1
                    }
                }
            }
            guard isSigned else { throw CryptoError(.failure, "secp256k1 could not sign") }
            return signature
        }

        /// The x coordinate of the point both sides can compute, not hashed. Refuses a public key off the curve.
        package borrowing func sharedX(with publicKey: Span<UInt8>) throws(CryptoError) -> WipedBytes {
            guard publicKey.count == publicKeyByteCount else {
                throw CryptoError(.invalidKey, "secp256k1 public key has \(publicKey.count) bytes")
            }
            let context = unsafe try Context.require()
            var point = secp256k1_pubkey()
            // The even y is what BIP-340 means by an x coordinate alone.
            var compressed: [UInt8] = [2]
            compressed.reserveCapacity(1 + publicKeyByteCount)
            for index in publicKey.indices { compressed.append(publicKey[index]) }
            guard unsafe secp256k1_ec_pubkey_parse(context, &point, compressed, compressed.count) == 1 else {
                throw CryptoError(.invalidKey, "public key is not on the curve")
            }
            var isDone = false
            let shared = unsafe WipedBytes(count: 32) { (target) in
                isDone = unsafe bytes.withUnsafeBufferPointer { (scalar) in
                    guard let start = scalar.baseAddress else { return false }
                    return unsafe secp256k1_shim_ecdh_x(context, target, &point, start) == 1
                }
            }
            guard isDone else { throw CryptoError(.failure, "secp256k1 could not agree on a secret") }
            return shared
        }
    }
}
