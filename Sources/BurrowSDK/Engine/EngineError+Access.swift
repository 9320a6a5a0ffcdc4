package import BurrowMoQ

extension EngineError {
    /// What is wrong with a token or a key for tokens, as hosts are told.
    package init(_ error: AccessError) {
        let code: Code =
            switch error.code {
            case .malformed: .token
            case .expired: .tokenExpired
            case .unauthorized, .forbiddenPath: .unauthorized
            case .invalidKey: .tokenKey
            }
        self.init(code, error.context)
    }
}
