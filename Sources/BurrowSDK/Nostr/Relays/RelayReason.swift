/// Why a relay said no, or how it said yes: a word that programs read, and a text for people (NIP-01).
package struct RelayReason: Equatable, Sendable {
    package enum Kind: Equatable, Sendable {
        case duplicate
        case proofOfWork
        case blocked
        case rateLimited
        case invalid
        case restricted
        /// Taken, but nobody is there to hear it.
        case mute
        case error
        case authenticationRequired
        case unsupported
        /// No word, or one that is not known.
        case other
    }

    package let kind: Kind
    /// The whole text, shortened to a limit.
    package let text: String

    package init(_ text: String) {
        let word = text.utf8.prefix { $0 != UInt8(ascii: ":") }
        kind =
            switch word.count == text.utf8.count ? "" : String(decoding: word, as: UTF8.self) {
            case "duplicate": .duplicate
            case "pow": .proofOfWork
            case "blocked": .blocked
            case "rate-limited": .rateLimited
            case "invalid": .invalid
            case "restricted": .restricted
            case "mute": .mute
            case "error": .error
            case "auth-required": .authenticationRequired
            case "unsupported": .unsupported
            default: .other
            }
        self.text = Self.shortened(text)
    }

    private static func shortened(_ text: String) -> String {
        guard text.utf8.count > NostrLimits.reasonBytes else { return text }
        var shorter = text.prefix(NostrLimits.reasonBytes)
        // One character may be many bytes.
        while shorter.utf8.count > NostrLimits.reasonBytes { shorter.removeLast() }
        return String(shorter)
    }
}
