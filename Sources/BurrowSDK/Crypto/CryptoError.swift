/// Why a cryptographic operation could not be done. A signature that does not match is no error but an answer.
package struct CryptoError: Error, Equatable, Sendable {
    package enum Code: Equatable, Sendable {
        /// A key has the wrong length, or its numbers are no key.
        case invalidKey
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
