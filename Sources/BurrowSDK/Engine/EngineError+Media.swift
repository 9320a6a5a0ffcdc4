package import BurrowMedia

extension EngineError {
    /// What the media layer could not do, as hosts are told.
    package init(_ error: MediaError) {
        let code: Code =
            switch error.code {
            case .invalidArgument: .invalidArgument
            case .unsupported: .format
            case .malformed: .damaged
            case .limit: .limit
            case .codec: .codec
            }
        self.init(code, error.context)
    }
}
