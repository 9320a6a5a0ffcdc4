/// Why state could not be read or stored.
package struct StorageError: Error, Equatable, Sendable {
    package enum Code: Equatable, Sendable, CaseIterable {
        /// The file cannot be made, opened or read at all.
        case unreachable
        /// Another process has the file open, or this one has it open already.
        case inUse
        /// The file is something else.
        case foreign
        /// The file was ours, and its content makes no sense.
        case damaged
        /// The key is not the one that the file was made with.
        case wrongKey
        /// The file was written by a later version of this library.
        case tooNew
        /// There is no room; what was stored before is unharmed.
        case full
        /// Writing failed; what was stored before is unharmed.
        case failed
    }

    package let code: Code
    package let context: String

    package init(_ code: Code, _ context: String) {
        self.code = code
        self.context = context
    }
}

extension StorageError: CustomStringConvertible {
    package var description: String { context }
}
