/// Why a cryptographic operation could not be done. A signature that does not match is no error but an answer, and so is a
/// ciphertext that is not authentic.
package struct CryptoError: Error, Equatable, Sendable {
    package enum Code: Equatable, Sendable {
        /// A key has the wrong length, or its numbers are no key.
        case invalidKey
        /// A length is outside of what the operation is defined for, or a buffer is too small.
        case invalidLength
        /// There is no key yet.
        case missingKey
        /// Bytes mean nothing.
        case malformed
        /// A version or suite that is not ours.
        case unsupported
        /// Going on would use a nonce twice or a key for too much.
        case exhausted
        /// There was no memory for a secret.
        case outOfMemory
        /// The library below failed.
        case failure
    }

    package let code: Code
    package let context: String

    package init(_ code: Code, _ context: String) {
        self.code = code
        self.context = context
    }
}

extension CryptoError: CustomStringConvertible {
    package var description: String { context }
}
