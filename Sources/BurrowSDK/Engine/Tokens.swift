package import BurrowMoQ

/// Makes and reads tokens for hosts, which need no engine for it.
package enum Tokens {
    /// Signs with a JWK, or with the first key of a set that may sign.
    package static func sign(_ claims: TokenClaims, key text: String) throws(EngineError) -> String {
        do throws(AccessError) {
            let file = try TokenKeyFile(Array(text.utf8))
            guard let key = file.keys.first(where: \.maySign) else {
                throw AccessError(.invalidKey, "no key may sign with an algorithm that is supported")
            }
            return try TokenSigner(key).sign(claims)
        } catch {
            throw EngineError(error)
        }
    }

    /// The claims of a token that is to be believed now, by a JWK or a set of them.
    package static func verify(_ token: String, keys text: String) throws(EngineError) -> TokenClaims {
        do throws(AccessError) {
            let verifier = try TokenVerifier(try TokenKeyFile(Array(text.utf8)))
            return try verifier.verify(token, now: SystemCall.unixMicroseconds() / 1_000_000)
        } catch {
            throw EngineError(error)
        }
    }
}
