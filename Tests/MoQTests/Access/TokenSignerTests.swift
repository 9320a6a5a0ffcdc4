import BurrowMoQ
import Testing

@Suite struct TokenSignerTests {
    private func claims(put: String = "alice", get: String = ".") throws -> TokenClaims {
        let scope = SessionScope(
            root: try BroadcastPath("room/123"),
            publish: try paths(put),
            subscribe: try paths(get)
        )
        return TokenClaims(scope: scope, expires: Sample.expires, issued: Sample.issued)
    }

    @Test func sharedSecretGivesTheKnownToken() throws {
        let signer = try TokenSigner(try Sample.key(Sample.sharedKey))
        #expect(try signer.sign(claims()) == Sample.sharedToken)
    }

    @Test(arguments: [Sample.sharedKey, Sample.p256Key, Sample.edwardsKey])
    func whatWasSignedVerifies(key: String) throws {
        let claims = try claims(put: "alice bob/x", get: "")
        let token = try TokenSigner(try Sample.key(key)).sign(claims)
        #expect(try Sample.verifier(key).verify(token, now: Sample.now) == claims)
    }

    @Test func uselessClaimsAreRefused() throws {
        let signer = try TokenSigner(try Sample.key(Sample.sharedKey))
        #expect(throws: AccessError.self) { try signer.sign(claims(put: "", get: "")) }
    }

    @Test func scopeOfTheKeyBinds() throws {
        let scoped = Sample.sharedKey.dropLast() + #","scope":{"root":"room/123","put":"alice"}}"#
        let signer = try TokenSigner(try Sample.key(String(scoped)))
        #expect(throws: Never.self) { try signer.sign(claims(put: "alice/phone", get: "")) }
        #expect(throws: AccessError.self) { try signer.sign(claims(put: "alice", get: ".")) }
        #expect(throws: AccessError.self) { try signer.sign(claims(put: "bob", get: "")) }
    }
}
