internal import BurrowBase

/// A token somebody else has made, of which nothing is believed but how long it is good.
package struct IssuedToken: Equatable, Sendable {
    package let text: String
    /// Unix seconds from which on it is worth nothing.
    package let expires: Int64?
    /// Unix seconds of its making.
    package let issued: Int64?

    /// Reads what a service answers: a token as it is, or a JSON object with one under `token`.
    package init(answer body: [UInt8]) throws(AccessError) {
        guard body.count <= AccessLimits.answerBytes else {
            throw AccessError(.malformed, "answer is longer than \(AccessLimits.answerBytes) bytes")
        }
        let isObject = body.first { !Self.isSpace($0) } == UInt8(ascii: "{")
        try self.init(isObject ? Self.member(of: body) : Self.trimmed(body))
    }

    private init(_ text: String) throws(AccessError) {
        let bytes = Array(text.utf8)
        guard bytes.count <= AccessLimits.tokenBytes else {
            throw AccessError(.malformed, "token is longer than \(AccessLimits.tokenBytes) bytes")
        }
        let parts = bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 3, parts.allSatisfy({ (try? Base64.url.decode($0)) != nil }) else {
            throw AccessError(.malformed, "answer is no token")
        }
        let limits = JSON.Limits(bytes: AccessLimits.tokenBytes, depth: AccessLimits.depth)
        guard let json = try? Base64.url.decode(parts[1]),
            let payload = try? JSON.parse(json, limits: limits).objectValue
        else { throw AccessError(.malformed, "token payload is not a JSON object") }
        self.text = text
        expires = try TokenClaims.time("exp", payload)
        issued = try TokenClaims.time("iat", payload)
    }

    private static func member(of body: [UInt8]) throws(AccessError) -> String {
        let limits = JSON.Limits(bytes: AccessLimits.answerBytes, depth: AccessLimits.depth)
        guard let object = try? JSON.parse(body, limits: limits).objectValue,
            let token = object["token"]?.stringValue
        else { throw AccessError(.malformed, "answer has no token") }
        return token
    }

    private static func trimmed(_ body: [UInt8]) -> String {
        var rest = body.drop(while: isSpace)
        while let last = rest.last, isSpace(last) { rest.removeLast() }
        return String(decoding: rest, as: UTF8.self)
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0d).contains(byte) }
}
