package import BurrowCrypto

extension EngineError {
    package init(_ error: CryptoError) {
        let code: Code =
            switch error.code {
            case .invalidKey, .invalidLength, .malformed: .invalidArgument
            case .missingKey: .keyMissing
            case .exhausted: .keyExhausted
            case .unsupported: .unsupported
            case .outOfMemory: .system
            case .failure: .internalError
            }
        self.init(code, error.context)
    }
}
