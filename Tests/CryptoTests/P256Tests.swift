import BurrowBase
import BurrowCrypto
import Testing

@Suite struct P256Tests {
    /// RFC 7515 appendix A.3.
    static let x = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"
    static let y = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"
    static let d = "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"
    static let message =
        "eyJhbGciOiJFUzI1NiJ9."
        + "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
    static let signature =
        "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"

    private func publicKey() throws -> P256.PublicKey {
        let x = try Base64.url.decode(Self.x)
        let y = try Base64.url.decode(Self.y)
        return try P256.PublicKey(x: x, y: y)
    }

    private func privateKey() throws -> P256.PrivateKey {
        let x = try Base64.url.decode(Self.x)
        let y = try Base64.url.decode(Self.y)
        let d = try Base64.url.decode(Self.d)
        return try P256.PrivateKey(d: d, x: x, y: y)
    }

    @Test func publishedVector() throws {
        let key = try publicKey()
        let message = Array(Self.message.utf8)
        let signature = try Base64.url.decode(Self.signature)
        #expect(key.isValid(signature, for: message))
        let other = message + [0]
        #expect(!key.isValid(signature, for: other))
        for index in [0, 31, 32, 63] {
            var changed = signature
            changed[index] ^= 1
            #expect(!key.isValid(changed, for: message))
        }
    }

    /// Enough signatures that some have r or s with leading zero bytes.
    @Test func ownSignaturesVerify() throws {
        let signer = try privateKey()
        let verifier = try publicKey()
        var shortNumbers = 0
        for index in 0..<1500 {
            let message = Array("message \(index)".utf8)
            let signature = try signer.sign(message.span)
            #expect(signature.count == 64)
            if signature[0] == 0 || signature[32] == 0 { shortNumbers += 1 }
            #expect(verifier.isValid(signature, for: message))
        }
        #expect(shortNumbers > 0)
    }

    @Test func emptyMessage() throws {
        let message: [UInt8] = []
        let signature = try privateKey().sign(message.span)
        #expect(try publicKey().isValid(signature, for: message))
    }

    @Test func impossibleSignatures() throws {
        let key = try publicKey()
        let message = Array(Self.message.utf8)
        let good = try Base64.url.decode(Self.signature)
        let zero = [UInt8](repeating: 0, count: 32)
        let ones = [UInt8](repeating: 0xff, count: 32)
        let order = try Hex.decode("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551")
        let r = Array(good[..<32])
        let s = Array(good[32...])
        let candidates: [[UInt8]] = [
            zero + zero, zero + s, r + zero, ones + ones, order + s,
            r + order,
            good + [0], Array(good.dropLast()), [],
        ]
        for candidate in candidates { #expect(!key.isValid(candidate, for: message)) }
    }

    @Test func numbersThatAreNoKey() throws {
        let x = try Base64.url.decode(Self.x)
        let y = try Base64.url.decode(Self.y)
        let d = try Base64.url.decode(Self.d)
        let zero = [UInt8](repeating: 0, count: 32)
        let ones = [UInt8](repeating: 0xff, count: 32)
        let points = [(x, x), (y, x), (zero, zero), (ones, ones), (x, Array(y.dropLast())), ([], [])]
        for (x, y) in points {
            let error = #expect(throws: CryptoError.self) { try P256.PublicKey(x: x, y: y) }
            #expect(error?.code == .invalidKey)
        }
        for scalar in [zero, ones, x, Array(d.dropFirst())] {
            let error = #expect(throws: CryptoError.self) {
                try P256.PrivateKey(d: scalar, x: x, y: y)
            }
            #expect(error?.code == .invalidKey)
        }
    }
}
