/// Why a proxy does not connect us. The text names the proxy and the server, and nothing by which we are known.
package struct ProxyError: Error, Equatable, Sendable {
    package enum Code: Equatable, Sendable {
        /// The answer is none of the protocol.
        case badAnswer
        /// It wants to know who we are, does not believe that, or does not let us go there.
        case unauthorized
        /// It cannot reach the server, or find its name.
        case unreachable
        case timeout
        case overloaded
        /// It does not connect anybody, or not to such an address.
        case unsupported
        /// Anything else, with the number it gives.
        case refused
    }

    package let code: Code
    package let context: String
    /// HTTP's status or SOCKS' reply, 0 when there is none.
    package let number: Int

    package init(_ code: Code, _ context: String, number: Int = 0) {
        self.code = code
        self.context = context
        self.number = number
    }
}
