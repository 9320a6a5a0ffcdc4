/// Why a call could not do what it was asked, or a signal was refused. The context has nothing of what people wrote.
package struct CallError: Error, Equatable, Sendable {
    package enum Code: Equatable, Sendable, CaseIterable {
        /// A signal that is none.
        case malformed
        /// No call with this id.
        case unknownCall
        /// The call is not in a state in which that can be done.
        case invalidState
        /// There is another call already.
        case busy
        /// No group whose keys could protect the call.
        case noGroup
    }

    package let code: Code
    package let context: String

    package init(_ code: Code, _ context: String) {
        self.code = code
        self.context = context
    }
}

extension CallError: CustomStringConvertible {
    package var description: String { context }
}
