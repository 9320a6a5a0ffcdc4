import BurrowCalls

extension EngineError {
    init(_ error: CallError) {
        let code: Code =
            switch error.code {
            case .malformed: .internalError
            case .unknownCall: .closed
            case .invalidState: .wrongKind
            case .busy: .busy
            case .noGroup: .notMember
            }
        self.init(code, error.context)
    }

    /// Why something that waited for a call did not come about.
    init(ended reason: CallEndReason, isFailure: Bool) {
        let code: Code =
            switch reason {
            case .cancelled, .hangup: .cancelled
            case .timeout: .timeout
            case .relayUnreachable: .unreachable
            case .authFailed: .unauthorized
            case .publishFailed: .notPublished
            case .removed: .notMember
            case .unsupported: .unsupported
            case .keysUnavailable: .keyMissing
            default: isFailure ? .connectionLost : .closed
            }
        self.init(code, "the call is over: \(reason.rawValue)")
    }
}

extension CallEndReason {
    /// Why there is no way into a room.
    init(_ error: EngineError?) {
        self =
            switch error?.code {
            case .unauthorized: .authFailed
            case .keyMissing: .keysUnavailable
            default: .relayUnreachable
            }
    }
}
