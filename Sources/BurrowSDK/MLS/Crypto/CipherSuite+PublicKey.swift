internal import BurrowBase
package import BurrowCrypto

/// A private key of HPKE with its public key.
package final class EncryptionKeyPair {
    let key: X25519.PrivateKey
    package let publicKey: [UInt8]

    package init(_ key: consuming X25519.PrivateKey) {
        publicKey = key.publicKey
        self.key = key
    }
}

/// A private key that signs, with its public key and the seed it came from.
package final class SignatureKeyPair {
    package let seed: Secret
    package let publicKey: [UInt8]
    private let key: Ed25519.PrivateKey

    package init(seed: Secret) throws(MLSError) {
        do throws(CryptoError) {
            let key = try seed.withBytes { (seed) throws(CryptoError) in try Ed25519.PrivateKey(seed: seed) }
            publicKey = key.publicKey
            self.key = key
            self.seed = seed
        } catch {
            throw MLSError(error)
        }
    }

    func sign(_ message: [UInt8]) throws(MLSError) -> [UInt8] {
        do { return try key.sign(message.span) } catch { throw MLSError(error) }
    }
}

/// Signatures and HPKE with labels (RFC 9420 §5.1.2, §5.1.3).
extension CipherSuite {
    package func generateSignatureKey() throws(MLSError) -> SignatureKeyPair {
        try SignatureKeyPair(seed: randomSecret(count: Ed25519.seedByteCount))
    }

    /// SignContent of RFC 9420 §5.1.2, which EncryptContext of §5.1.3 resembles.
    private func labeled(_ label: [UInt8], _ content: [UInt8]) -> [UInt8] {
        var writer = ByteWriter()
        writer.reserve(Self.labelPrefix.count + label.count + content.count + 16)
        writer.writeVarint(UInt64(Self.labelPrefix.count + label.count))
        writer.writeBytes(Self.labelPrefix)
        writer.writeBytes(label)
        writer.writeOpaque(content)
        return writer.bytes
    }

    /// SignWithLabel
    package func sign(
        _ content: [UInt8],
        _ label: StaticString,
        _ key: SignatureKeyPair
    ) throws(MLSError) -> [UInt8] {
        try sign(content, label: label.asBytes, key)
    }

    package func sign(
        _ content: [UInt8],
        label: [UInt8],
        _ key: SignatureKeyPair
    ) throws(MLSError) -> [UInt8] {
        try key.sign(labeled(label, content))
    }

    /// VerifyWithLabel
    func isSigned(
        _ content: [UInt8],
        _ label: StaticString,
        _ signature: [UInt8],
        by publicKey: [UInt8]
    ) throws(MLSError) -> Bool {
        try isSigned(content, label: label.asBytes, signature, by: publicKey)
    }

    package func isSigned(
        _ content: [UInt8],
        label: [UInt8],
        _ signature: [UInt8],
        by publicKey: [UInt8]
    ) throws(MLSError) -> Bool {
        let message = labeled(label, content)
        do {
            return try Ed25519.isValid(signature.span, for: message.span, publicKey: publicKey.span)
        } catch {
            throw MLSError(error)
        }
    }

    package func generateEncryptionKey() throws(MLSError) -> EncryptionKeyPair {
        do { return EncryptionKeyPair(try X25519.PrivateKey.random(in: arena)) } catch {
            throw MLSError(error)
        }
    }

    package func encryptionKey(privateKey: Secret) throws(MLSError) -> EncryptionKeyPair {
        do throws(CryptoError) {
            return EncryptionKeyPair(
                try privateKey.withBytes { (bytes) throws(CryptoError) in
                    try X25519.PrivateKey(copying: bytes, in: arena)
                }
            )
        } catch {
            throw MLSError(error)
        }
    }

    /// KEM.DeriveKeyPair
    package func deriveKeyPair(_ secret: Secret) throws(MLSError) -> EncryptionKeyPair {
        do throws(CryptoError) {
            return EncryptionKeyPair(
                try secret.withBytes { (bytes) throws(CryptoError) in
                    try HPKE.deriveKeyPair(from: bytes, in: arena)
                }
            )
        } catch {
            throw MLSError(error)
        }
    }

    /// EncryptWithLabel
    package func encrypt(
        _ plaintext: Secret,
        label: [UInt8],
        context: [UInt8],
        to publicKey: [UInt8]
    ) throws(MLSError) -> HPKECiphertext {
        let info = labeled(label, context)
        let none: [UInt8] = []
        do throws(CryptoError) {
            let sealed = try plaintext.withBytes { (plaintext) throws(CryptoError) in
                try hpke.seal(
                    plaintext,
                    to: publicKey.span,
                    info: info.span,
                    additional: none.span,
                    in: arena
                )
            }
            return HPKECiphertext(kemOutput: sealed.encapsulatedKey, ciphertext: sealed.ciphertext)
        } catch {
            throw MLSError(error.code == .invalidKey ? .invalidPublicKey : .cryptoFailure, error.context)
        }
    }

    /// DecryptWithLabel. Throws `decryptionFailed` when the ciphertext is not for this key or was changed.
    package func decrypt(
        _ ciphertext: HPKECiphertext,
        label: [UInt8],
        context: [UInt8],
        with keyPair: EncryptionKeyPair
    ) throws(MLSError) -> Secret {
        let info = labeled(label, context)
        let none: [UInt8] = []
        do throws(CryptoError) {
            let opened = try hpke.openSecret(
                ciphertext.ciphertext.span,
                encapsulatedKey: ciphertext.kemOutput.span,
                key: keyPair.key,
                info: info.span,
                additional: none.span,
                in: arena
            )
            guard let opened else { throw CryptoError(.malformed, "") }
            return Secret(opened)
        } catch {
            switch error.code {
            case .malformed: throw MLSError(.decryptionFailed, "ciphertext is not authentic")
            case .invalidKey: throw MLSError(.invalidPublicKey, error.context)
            default: throw MLSError(error)
            }
        }
    }

    /// The init secret of an external commit, for its sender (RFC 9420 §8.3).
    func exportExternalInit(
        to publicKey: [UInt8]
    ) throws(MLSError) -> (kemOutput: [UInt8], initSecret: Secret) {
        let none: [UInt8] = []
        let context = Self.externalInitContext
        do throws(CryptoError) {
            let sender = try HPKE.Sender(hpke, to: publicKey.span, info: none.span, in: arena)
            let secret = try sender.export(context.span, count: hashLength, in: arena)
            return (sender.encapsulatedKey, Secret(secret))
        } catch {
            throw MLSError(error.code == .invalidKey ? .invalidPublicKey : .cryptoFailure, error.context)
        }
    }

    /// The same for the members who receive it.
    func exportExternalInit(
        _ kemOutput: [UInt8],
        with keyPair: EncryptionKeyPair
    ) throws(MLSError) -> Secret {
        let none: [UInt8] = []
        let context = Self.externalInitContext
        do throws(CryptoError) {
            let recipient = try HPKE.Recipient(
                hpke,
                key: keyPair.key,
                encapsulatedKey: kemOutput.span,
                info: none.span,
                in: arena
            )
            return Secret(try recipient.export(context.span, count: hashLength, in: arena))
        } catch {
            throw MLSError(error.code == .invalidKey ? .invalidPublicKey : .cryptoFailure, error.context)
        }
    }

    private static let externalInitContext = Array("MLS 1.0 external init secret".utf8)
}

/// AEAD (RFC 9420 §5.1).
extension CipherSuite {
    package func seal(
        _ plaintext: [UInt8],
        key: Secret,
        nonce: [UInt8],
        additional: [UInt8]
    ) throws(MLSError) -> [UInt8] {
        do throws(CryptoError) {
            let key = try key.withBytes { (key) throws(CryptoError) in try AEADKey(aead, key: key) }
            return try key.seal(plaintext.span, nonce: nonce.span, additional: additional.span)
        } catch {
            throw MLSError(error)
        }
    }

    /// The plaintext, `nil` when the ciphertext is not authentic.
    package func open(
        _ ciphertext: [UInt8],
        key: Secret,
        nonce: [UInt8],
        additional: [UInt8]
    ) throws(MLSError) -> [UInt8]? {
        do throws(CryptoError) {
            let key = try key.withBytes { (key) throws(CryptoError) in try AEADKey(aead, key: key) }
            return try key.open(ciphertext.span, nonce: nonce.span, additional: additional.span)
        } catch {
            throw MLSError(error)
        }
    }
}
