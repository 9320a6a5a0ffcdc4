import BurrowBase
import BurrowCrypto
import BurrowMoQ
import Testing

/// Keys and tokens for the access tests.
enum Sample {
    /// A shared secret, bytes 00 to 1f, with key, file and token checked by a JWT library not ours.
    static let sharedKey = """
        {"alg":"HS256","key_ops":["sign","verify"],"kty":"oct",\
        "k":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8","kid":"test-key"}
        """
    static let sharedKeyFile = """
        eyJhbGciOiJIUzI1NiIsImtleV9vcHMiOlsic2lnbiIsInZlcmlmeSJdLCJrdHkiOiJvY3QiLCJrIjoiQUFFQ0F3UUZCZ2NJQ1FvTERB\
        ME9EeEFSRWhNVUZSWVhHQmthR3h3ZEhoOCIsImtpZCI6InRlc3Qta2V5In0
        """
    static let sharedToken = """
        eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiIsImtpZCI6InRlc3Qta2V5In0.eyJyb290Ijoicm9vbS8xMjMiLCJwdXQiOlsiYWxpY2Ui\
        XSwiZ2V0IjpbIiJdLCJleHAiOjQxMDI0NDQ4MDAsImlhdCI6MTc2NzIyNTYwMH0.owBAFL7rSy93DnAkRV8VBIP9Q2mh4morYRt417tM\
        bhA
        """
    static let expires: Int64 = 4_102_444_800
    static let issued: Int64 = 1_767_225_600
    static let now: Int64 = 1_800_000_000

    /// The key of RFC 7515 appendix A.3.
    static let p256Key = """
        {"kty":"EC","crv":"P-256","alg":"ES256","kid":"p","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",\
        "y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0","d":"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"}
        """
    /// The key of RFC 8037 appendix A.1.
    static let edwardsKey = """
        {"kty":"OKP","crv":"Ed25519","alg":"EdDSA","kid":"e","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",\
        "d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"}
        """

    static func key(_ text: String) throws -> TokenKey {
        try #require(try TokenKeyFile(Array(text.utf8)).keys.first)
    }

    static func verifier(_ text: String) throws -> TokenVerifier {
        try TokenVerifier(TokenKeyFile(Array(text.utf8)))
    }

    /// A token over any header and payload, signed with the shared secret.
    static func token(header: [UInt8], payload: [UInt8]) throws -> String {
        let secret = Array(UInt8(0)...31)
        let signed = Base64.url.encode(header) + "." + Base64.url.encode(payload)
        let code = try HMACSHA256.authenticate(Array(signed.utf8).span, key: secret.span)
        return signed + "." + Base64.url.encode(code)
    }

    static func token(header: String = #"{"alg":"HS256"}"#, _ payload: String) throws -> String {
        try token(header: Array(header.utf8), payload: Array(payload.utf8))
    }
}

/// The paths of a grant as text.
func texts(_ paths: [BroadcastPath]) -> [String] { paths.map(\.description) }

/// Splits "a b" into paths; "." is the empty path, and no text no path.
func paths(_ text: String) throws -> [BroadcastPath] {
    try text.split(separator: " ").map { try BroadcastPath($0 == "." ? "" : String($0)) }
}
