package import BurrowNostr
import BurrowQUIC

extension EngineError {
    package init(_ error: NostrError) {
        let code: Code =
            switch error.code {
            case .malformedJSON, .invalidUTF8, .duplicateMember, .missingMember, .wrongType, .invalidHex,
                .kindOutOfRange, .timeOutOfRange, .invalidTag, .wrongID, .invalidSignature,
                .unexpectedSignature, .expired, .wrongKind, .wrongAuthor, .invalidMessage:
                .nostrEvent
            case .invalidBech32, .invalidURL: .invalidArgument
            case .invalidKey: .nostrKey
            case .keyRefused: .keyRefused
            case .wrongKeyAnswer: .keyAnswer
            case .unknownVersion, .invalidLength, .invalidBase64, .invalidMAC, .invalidPadding, .notAWrap,
                .notForUs, .invalidSeal, .senderMismatch:
                .nostrUnreadable
            case .notInTime, .wrongChallenge, .wrongRelay, .wrongURL, .wrongMethod, .wrongPayload, .replayed,
                .invalidHeader:
                .unauthorized
            case .tooLarge, .messageTooLong, .tooMany: .limit
            case .keyTimeout: .timeout
            case .failure: .internalError
            }
        self.init(code, error.context)
    }

    init(_ error: WebSocketError) {
        switch error.code {
        case .refused(status: let status):
            let code: Code =
                switch status {
                case 401, 403: .unauthorized
                case 404, 410: .notFound
                case 429, 503: .overloaded
                default: .peer
                }
            self.init(code, error.context, peerCode: Int64(status))
        case .closed(status: let status):
            self.init(status == 1001 ? .goingAway : .peer, error.context, peerCode: Int64(status))
        case .redirected, .badAnswer, .badFrames, .tooLarge, .tooMany:
            self.init(.protocolViolation, error.context)
        case .failure: self.init(.internalError, error.context)
        }
    }

    init(_ error: ProxyError) {
        let code: Code =
            switch error.code {
            case .badAnswer: .protocolViolation
            case .unauthorized: .unauthorized
            case .unreachable: .unreachable
            case .timeout: .timeout
            case .overloaded: .overloaded
            case .unsupported: .unsupported
            case .refused: .peer
            }
        self.init(code, error.context, peerCode: Int64(error.number))
    }

    /// An error of TLS over a stream.
    init(stream error: QUICError) {
        let code: Code =
            switch error.code {
            case .certificateExpired: .certificateExpired
            case .certificateHostMismatch: .certificateWrongHost
            case .certificateUnknownIssuer: .certificateUnknownIssuer
            case .certificatePinMismatch: .certificateWrongPin
            case .noCommonProtocol: .noCommonProtocol
            case .internalError: .internalError
            case .invalidConfiguration: .invalidArgument
            default: .tls
            }
        self.init(code, error.context)
    }
}
