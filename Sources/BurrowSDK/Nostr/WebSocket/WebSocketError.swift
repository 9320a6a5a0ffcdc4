/// Why a WebSocket could not be opened or had to be closed. The text names no content.
package struct WebSocketError: Error, Equatable, Sendable {
    package enum Code: Equatable, Sendable {
        /// The server sends us elsewhere, where it could learn what was meant for itself.
        case redirected
        /// The server answered with this status instead of 101.
        case refused(status: Int)
        /// The answer is no HTTP, not for a WebSocket, or not for our question.
        case badAnswer
        /// The peer broke RFC 6455.
        case badFrames
        case tooLarge
        /// Frames without end, or pings faster than we can answer.
        case tooMany
        /// The peer closed, with this status.
        case closed(status: UInt16)
        /// Memory, or a library below.
        case failure
    }

    package let code: Code
    package let context: String

    package init(_ code: Code, _ context: String) {
        self.code = code
        self.context = context
    }
}
