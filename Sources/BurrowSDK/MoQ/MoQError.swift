package import BurrowQUIC

/// What can go wrong with a room, a track or a relay, for the host to branch on and for people to read.
package struct MoQError: Error, Equatable, Sendable {
    package enum Code: Equatable, Sendable {
        case invalidArgument
        case wrongKind
        case alreadyExists
        case closed
        case cancelled
        case limit
        case internalError
        /// The operating system refused a socket or a name.
        case system
        case addressInUse
        case nameNotFound
        case unreachable
        case timeout
        case certificateExpired
        case certificateHostMismatch
        case certificateUnknownIssuer
        case certificatePinMismatch
        case noCommonProtocol
        case tls
        case connectionLost
        case transport
        case protocolViolation
        case versionMismatch
        case unauthorized
        case notFound
        case tooFarBehind
        case goingAway
        case overloaded
        /// The peer closed with a code of its own.
        case peer
        case invalidKey
    }

    package var code: Code
    /// In lower case, without a full stop, free of secrets.
    package var context: String
    /// The peer's numeric code, or 0.
    package var peerCode: UInt64

    package init(_ code: Code, _ context: String, peerCode: UInt64 = 0) {
        self.code = code
        self.context = context
        self.peerCode = peerCode
    }

    /// Whether trying again later, with nothing changed, could help.
    package var isTransient: Bool {
        switch code {
        case .nameNotFound, .unreachable, .timeout, .connectionLost, .transport, .goingAway, .overloaded,
            .peer,
            .system, .internalError:
            true
        default: false
        }
    }
}

extension MoQError {
    package init(_ error: QUICError) {
        var peerCode: UInt64 = 0
        let code: Code
        switch error.code {
        case .certificateExpired: code = .certificateExpired
        case .certificateHostMismatch: code = .certificateHostMismatch
        case .certificateUnknownIssuer: code = .certificateUnknownIssuer
        case .certificatePinMismatch: code = .certificatePinMismatch
        case .certificateInvalid, .handshakeFailed: code = .tls
        case .noCommonProtocol: code = .noCommonProtocol
        case .handshakeTimeout: code = .timeout
        case .idleTimeout, .statelessReset: code = .connectionLost
        case .refused: code = .overloaded
        case .versionNegotiation: code = .versionMismatch
        case .internalError: code = .internalError
        case .transport(let number):
            code = .transport
            peerCode = number
        case .application(let number):
            (code, peerCode) = (Self.code(of: SessionCode(number)), number)
        case .localClose(let number): code = number == 0 ? .closed : Self.code(of: SessionCode(number))
        case .invalidConfiguration: code = .invalidArgument
        case .noViablePath: code = .unreachable
        }
        self.init(code, error.context, peerCode: peerCode)
    }

    private static func code(of session: SessionCode) -> Code {
        switch session {
        case .noError: .goingAway
        case .unauthorized: .unauthorized
        case .protocolViolation, .keyValueFormatting: .protocolViolation
        case .versionNegotiationFailed: .versionMismatch
        case .goawayTimeout, .controlMessageTimeout: .timeout
        case .internalError: .internalError
        default: .peer
        }
    }

    /// Why a track was refused or broke off.
    package init(_ code: StreamCode) {
        let own: Code
        switch code {
        case .notFound, .noSuchTrack, .noSuchBroadcast: own = .notFound
        case .deliveryTimeout, .tooFarBehind: own = .tooFarBehind
        case .goingAway: own = .goingAway
        case .sessionClosed: own = .connectionLost
        case .cancelled: own = .cancelled
        case .malformed: own = .protocolViolation
        default: own = .peer
        }
        self.init(own, "\(code)", peerCode: code.rawValue)
    }
}
