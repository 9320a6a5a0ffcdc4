/// Why JSON was not accepted. The context names places and members we asked for, never content.
package struct JSONError: Error, Equatable, Sendable {
    package enum Code: Equatable, Sendable {
        /// Not JSON, or not UTF-8.
        case malformed
        /// Longer or deeper than the limits allow.
        case tooLarge
        /// An object names a member twice.
        case duplicateKey
        /// A required member is absent.
        case missing
        /// A member is there with another type.
        case wrongType
        /// There was no memory for the value.
        case outOfMemory
    }

    package let code: Code
    package let context: String

    package init(_ code: Code, _ context: String) {
        self.code = code
        self.context = context
    }
}

extension JSONError: CustomStringConvertible {
    package var description: String { context }
}
