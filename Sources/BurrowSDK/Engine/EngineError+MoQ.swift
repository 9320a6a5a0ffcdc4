package import BurrowMoQ

extension EngineError {
    package init(_ error: MoQError) {
        let code: Code =
            switch error.code {
            case .invalidArgument: .invalidArgument
            case .wrongKind: .wrongKind
            case .alreadyExists: .exists
            case .closed: .closed
            case .cancelled: .cancelled
            case .limit: .limit
            case .internalError: .internalError
            case .system: .system
            case .addressInUse: .addressInUse
            case .nameNotFound: .nameNotFound
            case .unreachable: .unreachable
            case .timeout: .timeout
            case .certificateExpired: .certificateExpired
            case .certificateHostMismatch: .certificateWrongHost
            case .certificateUnknownIssuer: .certificateUnknownIssuer
            case .certificatePinMismatch: .certificateWrongPin
            case .noCommonProtocol: .noCommonProtocol
            case .tls: .tls
            case .connectionLost: .connectionLost
            case .transport: .transport
            case .protocolViolation: .protocolViolation
            case .versionMismatch: .version
            case .unauthorized: .unauthorized
            case .notFound: .notFound
            case .tooFarBehind: .tooFarBehind
            case .goingAway: .goingAway
            case .overloaded: .overloaded
            case .peer: .peer
            case .invalidKey: .tokenKey
            }
        self.init(code, error.context, peerCode: Int64(clamping: error.peerCode))
    }
}

extension MoQError {
    /// What the resolver could not do, for the node that asked.
    init(_ error: EngineError) {
        self.init(error.code == .nameNotFound ? .nameNotFound : .system, error.context)
    }
}
