internal import BurrowBase

/// Reads JSON as Nostr has it: NUL characters are text like any other, and errors have Nostr's names.
enum NostrJSON {
    static func parse(
        _ bytes: [UInt8],
        bytes limit: Int,
        depth: Int = NostrLimits.eventDepth
    ) throws(NostrError) -> JSON {
        do {
            return try JSON.parse(bytes, limits: JSON.Limits(bytes: limit, depth: depth, allowsNUL: true))
        } catch {
            throw NostrError(error, in: bytes)
        }
    }
}

extension NostrError {
    init(_ error: JSONError, in bytes: [UInt8]) {
        let code: Code =
            switch error.code {
            case .tooLarge: .tooLarge
            case .duplicateKey: .duplicateMember
            case .missing: .missingMember
            case .wrongType: .wrongType
            case .outOfMemory: .failure
            // Asked only when something is wrong, because it reads everything once more.
            case .malformed: String(validating: bytes, as: UTF8.self) == nil ? .invalidUTF8 : .malformedJSON
            }
        self.init(code, error.context)
    }
}
