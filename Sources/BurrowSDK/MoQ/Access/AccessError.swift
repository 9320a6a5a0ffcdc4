/// Why a peer is not let in, or why a key cannot be used. Never contains any part of a token or key.
package struct AccessError: Error, Equatable, Sendable {
    package enum Code: Equatable, Sendable {
        /// No token where one is needed, or one that is not to be believed.
        case unauthorized
        /// The token's time is over.
        case expired
        /// The request cannot be read as what it should be.
        case malformed
        /// A believable token, or public access, that grants nothing at this path.
        case forbiddenPath
        /// The host's key file cannot be used.
        case invalidKey
    }

    package let code: Code
    package let context: String

    package init(_ code: Code, _ context: String) {
        self.code = code
        self.context = context
    }
}

extension AccessError: CustomStringConvertible {
    package var description: String { context }
}
