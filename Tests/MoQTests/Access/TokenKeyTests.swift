import BurrowBase
import BurrowMoQ
import Testing

@Suite struct TokenKeyTests {
    @Test(arguments: [
        (Sample.sharedKey, TokenAlgorithm.hs256, "test-key"), (Sample.p256Key, .es256, "p"),
        (Sample.edwardsKey, .edDSA, "e"),
    ])
    func keys(text: String, algorithm: TokenAlgorithm, identifier: String) throws {
        let key = try Sample.key(text)
        #expect(key.algorithm == algorithm)
        #expect(key.identifier == identifier)
        #expect(key.maySign)
        #expect(key.mayVerify)
        #expect(key.scope == nil)
        // The whole file in base64url means the same.
        #expect(try Sample.key(Base64.url.encode(Array(text.utf8))).identifier == identifier)
    }

    @Test func typeDefaultsToSharedSecret() throws {
        let key = try Sample.key(#"{"alg":"HS256","k":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"}"#)
        #expect(key.algorithm == .hs256)
        #expect(key.identifier == nil)
    }

    @Test func operationsAreHonoured() throws {
        let verifying = Sample.sharedKey.replacing(#""sign","verify""#, with: #""verify""#)
        #expect(try !Sample.key(verifying).maySign)
        #expect(throws: AccessError.self) { try TokenSigner(Sample.key(verifying)) }
        let signing = Sample.sharedKey.replacing(#""sign","verify""#, with: #""sign""#)
        #expect(try !Sample.key(signing).mayVerify)
        #expect(throws: AccessError.self) { try Sample.verifier(signing) }
        #expect(throws: AccessError.self) { try Sample.verifier("{\"keys\":[\(signing)]}") }
        #expect(throws: AccessError.self) { try Sample.verifier(#"{"keys":[]}"#) }
    }

    @Test(arguments: [Sample.p256Key, Sample.edwardsKey])
    func publicPartVerifiesOnly(text: String) throws {
        let start = try #require(text.firstRange(of: ",\"d\":")?.lowerBound)
        let key = try Sample.key(text[..<start] + "}")
        #expect(!key.maySign)
        #expect(key.mayVerify)
        #expect(throws: AccessError.self) { try TokenSigner(key) }
    }

    @Test(arguments: [
        "", " \n", "x", "{", "[]", "null", "e30", "e30=", "{}", #"{"alg":5}"#,
        #"{"alg":"RS256","kty":"RSA"}"#,
        #"{"alg":"none"}"#, #"{"alg":"HS256"}"#, #"{"alg":"HS256","k":"AAE"}"#, #"{"alg":"HS256","k":""}"#,
        #"{"alg":"HS256","k":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="}"#,
        #"{"alg":"HS256","kty":"EC","k":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"}"#,
        Sample.p256Key.replacing("P-256", with: "P-384"), Sample.p256Key.replacing(#""EC""#, with: #""OKP""#),
        Sample.p256Key.replacing("ES256", with: "EdDSA"), Sample.p256Key.replacing("f83O", with: "f83P"),
        Sample.p256Key.replacing("jpsQ", with: "jpsR"), Sample.p256Key.replacing("jpsQ", with: ""),
        Sample.edwardsKey.replacing("Ed25519", with: "X25519"),
        Sample.edwardsKey.replacing("EdDSA", with: "HS256"),
        Sample.edwardsKey.replacing("nWGx", with: "nWGy"), Sample.edwardsKey.replacing("11qY", with: ""),
        Sample.sharedKey.replacing(#"["sign","verify"]"#, with: #""verify""#),
        Sample.sharedKey.replacing(#""test-key""#, with: "1"),
        Sample.sharedKey.dropLast() + #","scope":{"put":5}}"#,
        Sample.sharedKey.dropLast() + #","scope":"room"}"#,
        #"{"keys":{}}"#, #"{"keys":[1]}"#, #"{"keys":[{}]}"#,
        "{\"keys\":[\(Sample.sharedKey),\(Sample.sharedKey)]}",
        "{\"alg\":\(String(repeating: "[", count: 100))\(String(repeating: "]", count: 100))}",
        String(repeating: " ", count: 65537),
    ])
    func unusableKeys(text: String) {
        let error = #expect(throws: AccessError.self) { try TokenKeyFile(Array(text.utf8)) }
        #expect(error?.code == .invalidKey)
        #expect(error?.context.contains("AAEC") == false)
    }

    @Test func setsSkipKeysOfOtherKinds() throws {
        let file = try TokenKeyFile(
            Array("{\"keys\":[{\"alg\":\"PS256\",\"kty\":\"RSA\"},\(Sample.p256Key)]}".utf8)
        )
        #expect(file.isSet)
        #expect(file.keys.map(\.algorithm) == [.es256])
        #expect(file.listedCount == 2)
    }
}
