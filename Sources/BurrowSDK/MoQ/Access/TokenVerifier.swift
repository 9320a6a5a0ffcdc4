internal import BurrowBase
internal import BurrowCrypto

/// Decides whether a token is to be believed (moq-token: a compact JWS, RFC 7515 §7.1).
package final class TokenVerifier {
    private let file: TokenKeyFile

    package init(_ file: TokenKeyFile) throws(AccessError) {
        guard file.keys.contains(where: \.mayVerify) else {
            throw AccessError(
                .invalidKey,
                "no key of the file may verify with an algorithm that is supported"
            )
        }
        self.file = file
    }

    /// The claims of a token that is well-formed, signed by one of the keys, in time and good for something.
    package func verify(_ token: String, now unixSeconds: Int64) throws(AccessError) -> TokenClaims {
        let bytes = Array(token.utf8)
        guard bytes.count <= AccessLimits.tokenBytes else {
            throw AccessError(.malformed, "token is longer than \(AccessLimits.tokenBytes) bytes")
        }
        let parts = bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 3 else { throw AccessError(.malformed, "token does not have three parts") }
        let key = try key(for: try Self.object(parts[0], "header"))
        let signature = try Self.decode(parts[2], "signature")
        let signed = Array(bytes[..<parts[1].endIndex])
        guard Self.isValid(signature, for: signed, key) else {
            throw AccessError(.unauthorized, "token signature does not match")
        }
        let claims = try TokenClaims(try Self.object(parts[1], "payload"))
        if let expires = claims.expires, unixSeconds >= expires {
            throw AccessError(.expired, "token expired")
        }
        guard !claims.scope.grantsNothing else {
            throw AccessError(.unauthorized, "token grants nothing")
        }
        if let limit = key.scope, try !limit.covers(claims.scope) {
            throw AccessError(.unauthorized, "token grants more than its key may")
        }
        return claims
    }

    /// The key a header asks for. A single key serves every `kid`; in a set the `kid` must match, and may be absent
    /// only when there is nothing to choose from.
    private func key(for header: JSON.Object) throws(AccessError) -> TokenKey {
        let algorithm: String
        let identifier: String?
        do {
            algorithm = try header.string("alg")
            identifier = try header.optionalString("kid")
        } catch {
            throw AccessError(.malformed, "token header: \(error.context)")
        }
        // RFC 7515 §4.1.11: what must be understood and is not, ends it.
        guard header["crit"] == nil else {
            throw AccessError(.unauthorized, "token header has critical extensions")
        }
        let found: TokenKey?
        if !file.isSet || (identifier == nil && file.listedCount == 1) {
            found = file.keys.first
        } else if let identifier {
            found = file.keys.first { $0.identifier == identifier }
        } else {
            throw AccessError(.unauthorized, "token names no key and there are several")
        }
        guard let key = found, key.mayVerify else {
            throw AccessError(.unauthorized, "token names a key that is not known")
        }
        guard algorithm == key.algorithm.rawValue else {
            throw AccessError(.unauthorized, "token algorithm is not that of its key")
        }
        return key
    }

    private static func isValid(_ signature: [UInt8], for message: [UInt8], _ key: TokenKey) -> Bool {
        do {
            return try key.isValid(signature, for: message)
        } catch {
            // What cannot be checked is not believed.
            return false
        }
    }

    private static func object(_ part: ArraySlice<UInt8>, _ name: String) throws(AccessError) -> JSON.Object {
        let json = try decode(part, name)
        let limits = JSON.Limits(bytes: AccessLimits.tokenBytes, depth: AccessLimits.depth)
        do {
            if let object = try JSON.parse(json, limits: limits).objectValue { return object }
        } catch {
            throw AccessError(.malformed, "token \(name): \(error.context)")
        }
        throw AccessError(.malformed, "token \(name) is not a JSON object")
    }

    private static func decode(_ part: ArraySlice<UInt8>, _ name: String) throws(AccessError) -> [UInt8] {
        do {
            return try Base64.url.decode(part)
        } catch {
            throw AccessError(.malformed, "token \(name) is not unpadded base64url")
        }
    }
}
