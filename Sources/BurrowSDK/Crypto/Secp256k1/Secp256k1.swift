internal import CSecp256k1
internal import CSodium

/// Schnorr signatures of BIP-340 and key agreement on secp256k1. Public keys are the 32 bytes of an x coordinate and
/// stand for the point whose y is even.
package enum Secp256k1 {
    package static let publicKeyByteCount = 32
    package static let privateKeyByteCount = 32
    package static let signatureByteCount = 64
    static let auxiliaryByteCount = 32

    /// Whether the number is the x coordinate of a point of the curve.
    package static func isPublicKey(_ bytes: Span<UInt8>) -> Bool {
        unsafe withPublicKey(bytes) { (_, _) in true } ?? false
    }

    /// Whether `signature` belongs to a message of any length. Wrong lengths and keys off the curve are invalid.
    package static func isValid(
        _ signature: Span<UInt8>,
        for message: Span<UInt8>,
        publicKey: Span<UInt8>
    ) -> Bool {
        PublicKey(publicKey)?.isValid(signature, for: message) ?? false
    }

    /// A public key with the point it stands for, whose y takes a tenth of the time of a verification.
    package struct PublicKey: Sendable {
        private var point: secp256k1_xonly_pubkey

        /// `nil` when the number is no x coordinate of a point of the curve.
        package init?(_ bytes: Span<UInt8>) {
            guard let point = unsafe withPublicKey(bytes, { (_, point) in point }) else { return nil }
            self.point = point
        }

        /// Whether `signature` belongs to a message of any length.
        package func isValid(_ signature: Span<UInt8>, for message: Span<UInt8>) -> Bool {
            guard signature.count == signatureByteCount, let context = unsafe Context.shared else {
                return false
            }
            var point = point
            return unsafe signature.withUnsafeBufferPointer { (signature) in
                unsafe message.withUnsafeBufferPointer { (message) in
                    guard let start = signature.baseAddress else { return false }
                    // The library wants an address also for a message without bytes.
                    var nothing: UInt8 = 0
                    guard let first = message.baseAddress else {
                        return unsafe secp256k1_schnorrsig_verify(context, start, &nothing, 0, &point) == 1
                    }
                    return unsafe secp256k1_schnorrsig_verify(context, start, first, message.count, &point)
                        == 1
                }
            }
        }
    }

    private static func withPublicKey<R>(
        _ bytes: Span<UInt8>,
        _ body: (OpaquePointer, inout secp256k1_xonly_pubkey) -> R
    ) -> R? {
        guard bytes.count == publicKeyByteCount, let context = unsafe Context.shared else { return nil }
        var key = secp256k1_xonly_pubkey()
        let isPoint = unsafe bytes.withUnsafeBufferPointer { (bytes) in
            guard let start = bytes.baseAddress else { return false }
            return unsafe secp256k1_xonly_pubkey_parse(context, &key, start) == 1
        }
        guard isPoint else { return nil }
        return unsafe body(context, &key)
    }

    /// What every call of the library starts from.
    enum Context {
        /// One for the process, blinded once. After that the library only reads it, from any thread, so its address
        /// may be shared as the number it is.
        private static let address: UInt = {
            guard let context = unsafe secp256k1_shim_context() else { return 0 }
            var seed = [UInt8](repeating: 0, count: 32)
            unsafe seed.withUnsafeMutableBytes { (bytes) in
                guard let start = bytes.baseAddress else { return }
                unsafe randombytes_buf(start, bytes.count)
            }
            // Fails for no seed; without blinding the results are the same.
            _ = unsafe secp256k1_context_randomize(context, seed)
            Wipe.wipe(&seed)
            return UInt(bitPattern: context)
        }()

        /// `nil` when there was no memory for it.
        static var shared: OpaquePointer? {
            guard (try? Sodium.require()) != nil else { return nil }
            return unsafe OpaquePointer(bitPattern: address)
        }

        static func require() throws(CryptoError) -> OpaquePointer {
            guard let context = unsafe shared else {
                throw CryptoError(.failure, "libsecp256k1 could not be initialised")
            }
            return unsafe context
        }
    }
}
