import BurrowBase
import BurrowMoQ
import Testing

@Suite struct TokenVerifierTests {
    @Test(arguments: [
        Sample.sharedKey, Sample.sharedKeyFile, Sample.sharedKeyFile + "\n",
        "{\"keys\":[\(Sample.sharedKey)]}",
    ])
    func sharedSecret(file: String) throws {
        let claims = try Sample.verifier(file).verify(Sample.sharedToken, now: Sample.now)
        #expect(claims.scope.root.description == "room/123")
        #expect(texts(claims.scope.publish) == ["alice"])
        #expect(texts(claims.scope.subscribe) == [""])
        #expect(claims.expires == Sample.expires)
        #expect(claims.issued == Sample.issued)
    }

    /// Made with the upstream program, by its keys.
    @Test(arguments: [
        (
            #"{"alg":"HS256","key_ops":["verify","sign"],"kty":"oct","kid":"d55b1f13e6bda281","#
                + #""k":"jvS2B_SKkvhtObaiKg9n2vq_Iqdus-nVCVVYBWf0BQA"}"#,
            """
            eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiIsImtpZCI6ImQ1NWIxZjEzZTZiZGEyODEifQ.eyJyb290IjoiZGVtbyIsInB1dCI6WyJhb\
            GljZSJdLCJnZXQiOlsiYm9iIl19.eyOkZtTtj_MDkLF4Eu11cygb7B_6DyP-6e0TtwVE4UE
            """, "demo", ["alice"], ["bob"]
        ),
        (
            #"{"alg":"EdDSA","key_ops":["verify"],"kty":"OKP","crv":"Ed25519","kid":"dfab9113ea85dc27","#
                + #""x":"S9n3tEG677fSNpa0Ftf46OPBte5y1pTwvm4fPkEw_Z8"}"#,
            """
            eyJ0eXAiOiJKV1QiLCJhbGciOiJFZERTQSIsImtpZCI6ImRmYWI5MTEzZWE4NWRjMjcifQ.eyJyb290Ijoicm9vbSIsInB1dCI6WyJzd\
            HJlYW0xIiwic3RyZWFtMiJdLCJnZXQiOlsiZmVlZDEiXX0.jezhAgTHQHdYkc15CBZP8zPKKJ0z5oVRwON4wPHeQ6xvIhoM5IkCs_4YR\
            CEoG74t99pdVTQrwAMNrlfKm2O6DA
            """, "room", ["stream1", "stream2"], ["feed1"]
        ),
    ])
    func upstream(key: String, token: String, root: String, publish: [String], subscribe: [String]) throws {
        let claims = try Sample.verifier(key).verify(token, now: Sample.now)
        #expect(claims.scope.root.description == root)
        #expect(texts(claims.scope.publish) == publish)
        #expect(texts(claims.scope.subscribe) == subscribe)
    }

    /// Tokens made with a library not ours; a single string for `put`, a fraction in `iat`, an unknown claim.
    @Test(arguments: [
        (
            Sample.p256Key,
            """
            eyJhbGciOiJFUzI1NiIsImtpZCI6InAifQ.eyJyb290Ijoicm9vbS8xMjMiLCJwdXQiOiJhbGljZSIsImdldCI6WyIiLCJib2IiXSwi\
            ZXhwIjo0MTAyNDQ0ODAwLCJpYXQiOjE3NjcyMjU2MDAuNSwiY2x1c3RlciI6ZmFsc2V9.QmtL8NIrfb9cA1dhNrivV1GRT_Nu8Hw2ect\
            nV7xQZh_lgBqaR2_6WEehy9wpZ_ahHZZkxMYjRyRmWssjVYAK7A
            """
        ),
        (
            Sample.edwardsKey,
            """
            eyJhbGciOiJFZERTQSIsInR5cCI6IkpXVCJ9.eyJyb290Ijoicm9vbS8xMjMiLCJwdXQiOiJhbGljZSIsImdldCI6WyIiLCJib2IiXSw\
            iZXhwIjo0MTAyNDQ0ODAwLCJpYXQiOjE3NjcyMjU2MDAuNSwiY2x1c3RlciI6ZmFsc2V9.yhCSVx380k1k95LLtZWWHYbpCEItZ_TKc4\
            otvSKCbsucpDp9qepceeWX6JTMNAO6AgyjsR6xJQjlUUBPw6CXAg
            """
        ),
    ])
    func publicKeys(key: String, token: String) throws {
        let claims = try Sample.verifier(key).verify(token, now: Sample.now)
        #expect(texts(claims.scope.publish) == ["alice"])
        #expect(texts(claims.scope.subscribe) == ["", "bob"])
        #expect(claims.issued == Sample.issued)
        expect(.unauthorized, "signature", try Sample.verifier(key), String(token.dropLast(2)) + "AA")
    }

    /// RFC 7515 appendix A.1 and A.3, RFC 8037 appendix A.4: their signatures hold, their payloads are no claims.
    @Test(arguments: [
        (
            """
            {"kty":"oct","alg":"HS256","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUu\
            TwjAzZr1Z9CAow"}
            """,
            """
            eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGF\
            tcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk
            """,
            "grants nothing"
        ),
        (
            Sample.p256Key,
            """
            eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb29\
            0Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q
            """,
            "grants nothing"
        ),
        (
            Sample.edwardsKey,
            """
            eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbh\
            ijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg
            """,
            "token payload: malformed"
        ),
    ])
    func publishedSignatures(key: String, token: String, complaint: String) throws {
        let verifier = try Sample.verifier(key)
        let error = #expect(throws: AccessError.self) { try verifier.verify(token, now: 0) }
        #expect(error?.context.contains(complaint) == true)
        let payload = token.split(separator: ".")[1]
        let changed = token.replacing(payload, with: payload.dropLast(4))
        expect(.unauthorized, "signature", verifier, changed)
    }

    @Test func timeIsEnforced() throws {
        let verifier = try Sample.verifier(Sample.sharedKey)
        #expect(throws: Never.self) { try verifier.verify(Sample.sharedToken, now: Sample.expires - 1) }
        expect(.expired, "expired", verifier, Sample.sharedToken, now: Sample.expires)
        expect(.expired, "expired", verifier, try Sample.token(#"{"put":"","exp":-1}"#))
        expect(.expired, "expired", verifier, try Sample.token(#"{"put":"","exp":1800000000.9}"#))
        let endless = try verifier.verify(try Sample.token(#"{"put":"","exp":null}"#), now: .max)
        #expect(endless.expires == nil)
    }

    @Test(arguments: [
        ("", "three parts"), ("a.b", "three parts"), ("a.b.c.d", "three parts"), ("..", "header"),
        ("e30.e30.", "alg"), ("e30=.e30.", "base64url"), ("!!.e30.", "base64url"),
        ("W10.e30.", "not a JSON object"),
        ("_w.e30.AA", "header"), (String(repeating: "a", count: 8193), "longer than"),
    ])
    func malformedTokens(token: String, complaint: String) throws {
        expect(.malformed, complaint, try Sample.verifier(Sample.sharedKey), token)
    }

    @Test(arguments: [
        #"{"alg":"none"}"#, #"{"alg":"None"}"#, #"{"alg":""}"#, #"{"alg":"ES256"}"#, #"{"alg":"HS512"}"#,
        #"{"alg":"hs256"}"#, #"{"alg":"EdDSA"}"#,
    ])
    func algorithmIsTheKeysChoice(header: String) throws {
        let token = try Sample.token(header: header, #"{"put":""}"#)
        expect(.unauthorized, "algorithm", try Sample.verifier(Sample.sharedKey), token)
    }

    /// A public key is known to all, so it must never serve as a shared secret.
    @Test func publicKeyIsNoSecret() throws {
        for key in [Sample.p256Key, Sample.edwardsKey] {
            let token = try Sample.token(#"{"put":""}"#)
            expect(.unauthorized, "algorithm", try Sample.verifier(key), token)
            let unsigned = try Sample.token(header: #"{"alg":"none"}"#, #"{"put":""}"#)
            let bare = unsigned.prefix(through: unsigned.lastIndex(of: ".") ?? unsigned.startIndex)
            expect(.unauthorized, "algorithm", try Sample.verifier(key), String(bare))
        }
    }

    @Test(arguments: [
        (#"{"alg":1}"#, AccessError.Code.malformed), (#"{"alg":"HS256","alg":"HS256"}"#, .malformed),
        (#"{"alg":"HS256","kid":7}"#, .malformed), (#"{"alg":"HS256","crit":["exp"]}"#, .unauthorized),
        ("[]", .malformed),
        ("{\"alg\":\"HS256\",\"x\":\(String(repeating: "[", count: 500))}", .malformed),
    ])
    func oddHeaders(header: String, code: AccessError.Code) throws {
        expect(
            code,
            "token",
            try Sample.verifier(Sample.sharedKey),
            try Sample.token(header: header, #"{"put":""}"#)
        )
    }

    @Test(arguments: [
        "", "[]", "null", "{", #"{"put":1}"#, #"{"put":[1]}"#, #"{"put":["a",null]}"#, #"{"put":{}}"#,
        #"{"put":"","root":[]}"#, #"{"put":"","exp":"soon"}"#, #"{"put":"","exp":1e300}"#,
        #"{"put":"","iat":true}"#,
        #"{"put":"a","put":"b"}"#, #"{"put":"","exp":99999999999999999999}"#,
        "{\"put\":\"\(String(repeating: "a/", count: 33))\"}",
        "{\"put\":\"\(String(repeating: "a", count: 1025))\"}",
        "{\"put\":\(String(repeating: "[", count: 40))\(String(repeating: "]", count: 40))}",
        "{\"put\":[\(Array(repeating: "\"\"", count: 257).joined(separator: ","))]}",
    ])
    func oddPayloads(payload: String) throws {
        let token = try Sample.token(payload)
        let error = #expect(throws: AccessError.self) {
            try Sample.verifier(Sample.sharedKey).verify(token, now: Sample.now)
        }
        #expect(error?.code == .malformed)
    }

    @Test func payloadThatIsNotUTF8() throws {
        let payload = Array(#"{"put":"X"}"#.utf8).map { $0 == UInt8(ascii: "X") ? 0xff : $0 }
        let token = try Sample.token(header: Array(#"{"alg":"HS256"}"#.utf8), payload: payload)
        expect(.malformed, "payload", try Sample.verifier(Sample.sharedKey), token)
    }

    @Test(arguments: [
        "{}", #"{"put":[],"get":null}"#, #"{"pub":"","sub":""}"#, #"{"root":"a","exp":4102444800}"#,
    ])
    func uselessTokens(payload: String) throws {
        expect(.unauthorized, "nothing", try Sample.verifier(Sample.sharedKey), try Sample.token(payload))
    }

    @Test func wrongSecret() throws {
        let other = Sample.sharedKey.replacing("AAECAw", with: "AAECBA")
        expect(.unauthorized, "signature", try Sample.verifier(other), Sample.sharedToken)
        for end in ["", "AA", "owBAFL7rSy93DnAkRV8VBIP9Q2mh4morYRt417tMbhE"] {
            let head = Sample.sharedToken.prefix(
                through: Sample.sharedToken.lastIndex(of: ".") ?? "".startIndex
            )
            let error = #expect(throws: AccessError.self) {
                try Sample.verifier(Sample.sharedKey).verify(head + end, now: Sample.now)
            }
            #expect(error?.code == .unauthorized || error?.code == .malformed)
        }
    }

    @Test func keyIdentifiers() throws {
        let set = try Sample.verifier(
            "{\"keys\":[\(Sample.sharedKey),\(Sample.p256Key),\(Sample.edwardsKey)]}"
        )
        #expect(throws: Never.self) { try set.verify(Sample.sharedToken, now: Sample.now) }
        expect(.unauthorized, "names no key", set, try Sample.token(#"{"put":""}"#))
        let unknown = try Sample.token(header: #"{"alg":"HS256","kid":"other"}"#, #"{"put":""}"#)
        expect(.unauthorized, "not known", set, unknown)
        let crossed = try Sample.token(header: #"{"alg":"HS256","kid":"p"}"#, #"{"put":""}"#)
        expect(.unauthorized, "algorithm", set, crossed)
        // A single key serves any identifier, a set of one only its own or none.
        #expect(throws: Never.self) { try Sample.verifier(Sample.sharedKey).verify(unknown, now: Sample.now) }
        let one = try Sample.verifier("{\"keys\":[\(Sample.sharedKey)]}")
        #expect(throws: Never.self) { try one.verify(Sample.token(#"{"put":""}"#), now: Sample.now) }
        expect(.unauthorized, "not known", one, unknown)
        // A key we do not know is still a key the token could mean.
        let mixed = try Sample.verifier(
            "{\"keys\":[\(Sample.sharedKey),{\"alg\":\"RS256\",\"kty\":\"RSA\"}]}"
        )
        expect(.unauthorized, "names no key", mixed, try Sample.token(#"{"put":""}"#))
    }

    @Test func scopeOfAKeyLimitsItsTokens() throws {
        let scoped = Sample.sharedKey.dropLast() + #","scope":{"root":"room","put":["123/alice"],"get":""}}"#
        let verifier = try Sample.verifier(String(scoped))
        #expect(throws: Never.self) { try verifier.verify(Sample.sharedToken, now: Sample.now) }
        for payload in [
            #"{"put":""}"#, #"{"root":"room/123","put":"bob"}"#, #"{"root":"room/123","put":"ali"}"#,
            #"{"get":"roo"}"#,
        ] {
            expect(.unauthorized, "more than its key", verifier, try Sample.token(payload))
        }
        #expect(throws: Never.self) {
            try verifier.verify(Sample.token(#"{"root":"room/9","get":"x"}"#), now: Sample.now)
        }
    }

    private func expect(
        _ code: AccessError.Code,
        _ complaint: String,
        _ verifier: TokenVerifier,
        _ token: String,
        now: Int64 = Sample.now,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let error = #expect(throws: AccessError.self, sourceLocation: sourceLocation) {
            try verifier.verify(token, now: now)
        }
        #expect(error?.code == code, sourceLocation: sourceLocation)
        #expect(error?.context.contains(complaint) == true, "\(error as Any)", sourceLocation: sourceLocation)
    }
}
