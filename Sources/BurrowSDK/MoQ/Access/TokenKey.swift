package import BurrowBase
internal import BurrowCrypto

/// A key that signs or verifies tokens, read from a JWK (RFC 7517).
///
/// It is bound to one algorithm, so a token cannot choose how it is verified.
package final class TokenKey {
    private enum Material: ~Copyable {
        case shared(SecretBytes)
        case p256(P256.PublicKey, P256.PrivateKey?)
        case ed25519(publicKey: [UInt8], Ed25519.PrivateKey?)
    }

    package let algorithm: TokenAlgorithm
    package let identifier: String?
    /// The only thing tokens of this key may grant; `nil` when they may grant everything.
    package let scope: SessionScope?
    package let maySign: Bool
    package let mayVerify: Bool
    private let material: Material

    /// Reads a JWK. `nil` when it is of an algorithm we do not know, which a key set may contain.
    package static func parse(_ object: JSON.Object) throws(AccessError) -> TokenKey? {
        do {
            guard let algorithm = TokenAlgorithm(rawValue: try object.string("alg")) else { return nil }
            return try TokenKey(object, algorithm)
        } catch let error as JSONError {
            throw AccessError(.invalidKey, "key: \(error.context)")
        } catch let error as CryptoError {
            throw AccessError(.invalidKey, "key: \(error.context)")
        } catch let error as AccessError {
            throw AccessError(.invalidKey, "key: \(error.context)")
        } catch {
            throw AccessError(.invalidKey, "key cannot be read")
        }
    }

    private init(_ object: JSON.Object, _ algorithm: TokenAlgorithm) throws {
        let material = try Self.material(object, algorithm)
        let operations = try object.optionalArray("key_ops")?.map(\.stringValue) ?? ["sign", "verify"]
        self.algorithm = algorithm
        identifier = try object.optionalString("kid")
        scope = try object.optionalObject("scope").map(SessionScope.init(granting:))
        maySign = operations.contains("sign") && Self.isPrivate(material)
        mayVerify = operations.contains("verify")
        self.material = material
    }

    private static func material(_ object: JSON.Object, _ algorithm: TokenAlgorithm) throws -> Material {
        let type = try object.optionalString("kty") ?? "oct"
        switch algorithm {
        case .hs256:
            try require(type == "oct", "HS256 needs a key of type oct")
            let secret = try bytes("k", object)
            // RFC 7518 §3.2.
            try require(secret.count >= HMACSHA256.byteCount, "HS256 needs a secret of at least 32 bytes")
            return .shared(try SecretBytes(copying: secret.span))
        case .es256:
            let curve = try object.string("crv")
            try require(type == "EC" && curve == "P-256", "ES256 needs a key of type EC on P-256")
            let x = try bytes("x", object)
            let y = try bytes("y", object)
            let publicKey = try P256.PublicKey(x: x.span, y: y.span)
            guard object["d"] != nil else { return .p256(publicKey, nil) }
            let d = try bytes("d", object)
            return .p256(publicKey, try P256.PrivateKey(d: d.span, x: x.span, y: y.span))
        case .edDSA:
            let curve = try object.string("crv")
            try require(type == "OKP" && curve == "Ed25519", "EdDSA needs a key of type OKP on Ed25519")
            let x = try bytes("x", object)
            try require(x.count == Ed25519.publicKeyByteCount, "Ed25519 public key is not 32 bytes long")
            guard object["d"] != nil else { return .ed25519(publicKey: x, nil) }
            let seed = try bytes("d", object)
            let privateKey = try Ed25519.PrivateKey(seed: seed.span)
            try require(privateKey.publicKey == x, "Ed25519 private and public key do not belong together")
            return .ed25519(publicKey: x, privateKey)
        }
    }

    private static func bytes(_ name: String, _ object: JSON.Object) throws -> [UInt8] {
        let text = try object.string(name)
        guard let bytes = try? Base64.url.decode(text) else {
            throw AccessError(.invalidKey, "member \"\(name)\" is not unpadded base64url")
        }
        return bytes
    }

    private static func require(_ condition: Bool, _ context: String) throws(AccessError) {
        guard condition else { throw AccessError(.invalidKey, context) }
    }

    private static func isPrivate(_ material: borrowing Material) -> Bool {
        switch material {
        case .shared: true
        case .p256(_, let privateKey): privateKey != nil
        case .ed25519(_, .some): true
        case .ed25519(_, .none): false
        }
    }

    func isValid(_ signature: [UInt8], for message: [UInt8]) throws(CryptoError) -> Bool {
        switch material {
        case .shared(let secret):
            try HMACSHA256.isValid(signature.span, for: message.span, key: secret.bytes)
        case .p256(let publicKey, _):
            publicKey.isValid(signature.span, for: message.span)
        case .ed25519(let publicKey, _):
            try Ed25519.isValid(signature.span, for: message.span, publicKey: publicKey.span)
        }
    }

    func sign(_ message: [UInt8]) throws(CryptoError) -> [UInt8] {
        switch material {
        case .shared(let secret):
            return try HMACSHA256.authenticate(message.span, key: secret.bytes)
        case .p256(_, .some(let privateKey)):
            return try privateKey.sign(message.span)
        case .ed25519(_, .some(let privateKey)):
            return try privateKey.sign(message.span)
        default:
            throw CryptoError(.invalidKey, "key has no private part")
        }
    }
}
