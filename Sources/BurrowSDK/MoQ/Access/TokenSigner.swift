internal import BurrowBase
internal import BurrowCrypto

/// Makes tokens that relays of the moq-token family accept.
package final class TokenSigner {
    private let key: TokenKey

    package init(_ key: TokenKey) throws(AccessError) {
        guard key.maySign else { throw AccessError(.invalidKey, "key may not sign") }
        self.key = key
    }

    /// Refuses claims that every verifier would refuse.
    package func sign(_ claims: TokenClaims) throws(AccessError) -> String {
        guard !claims.scope.grantsNothing else {
            throw AccessError(.malformed, "token would grant nothing")
        }
        if let limit = key.scope, try !limit.covers(claims.scope) {
            throw AccessError(.unauthorized, "token would grant more than its key may")
        }
        var header = JSONWriter()
        header.object { (writer) in
            writer.string("JWT", for: "typ")
            writer.string(key.algorithm.rawValue, for: "alg")
            if let identifier = key.identifier { writer.string(identifier, for: "kid") }
        }
        var payload = JSONWriter()
        claims.write(to: &payload)
        let signed = Base64.url.encode(header.bytes) + "." + Base64.url.encode(payload.bytes)
        do {
            return signed + "." + Base64.url.encode(try key.sign(Array(signed.utf8)))
        } catch {
            throw AccessError(.invalidKey, error.context)
        }
    }
}
