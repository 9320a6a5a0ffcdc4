/// Why a connection ended or could not begin.
package struct QUICError: Error, Equatable, Sendable {
    package enum Code: Equatable, Sendable {
        /// The peer's certificate is past its end or before its beginning.
        case certificateExpired
        case certificateHostMismatch
        case certificateUnknownIssuer
        case certificatePinMismatch
        /// Anything else that is wrong with the certificate.
        case certificateInvalid
        /// The two sides share no ALPN protocol.
        case noCommonProtocol
        case handshakeFailed
        case handshakeTimeout
        case idleTimeout
        /// The peer did not want another connection.
        case refused
        case versionNegotiation
        case statelessReset
        case internalError
        /// The peer closed with a transport error (RFC 9000 §20.1).
        case transport(UInt64)
        /// The peer closed with an application code.
        case application(UInt64)
        /// We closed with this application code.
        case localClose(UInt64)
        case invalidConfiguration
        case noViablePath
    }

    package var code: Code
    /// What failed and with what, in lower case, for people.
    package var context: String

    package init(_ code: Code, _ context: String) {
        self.code = code
        self.context = context
    }
}
