internal import BurrowBase
package import BurrowCrypto

/// Hashes and derivations (RFC 9420 §5.2, §8).
extension CipherSuite {
    package func hash(_ message: [UInt8]) throws(MLSError) -> [UInt8] {
        do { return try hashFunction.hash(message.span) } catch { throw MLSError(error) }
    }

    /// RefHash (RFC 9420 §5.2): the label is used as it stands.
    package func referenceHash(_ label: StaticString, _ value: [UInt8]) throws(MLSError) -> [UInt8] {
        try referenceHash(label: label.asBytes, value)
    }

    package func referenceHash(label: [UInt8], _ value: [UInt8]) throws(MLSError) -> [UInt8] {
        var writer = ByteWriter()
        writer.writeOpaque(label)
        writer.writeOpaque(value)
        return try hash(writer.bytes)
    }

    /// The MAC of confirmation and membership tags (RFC 9420 §5.2).
    package func authenticate(_ message: [UInt8], key: Secret) throws(MLSError) -> [UInt8] {
        do throws(CryptoError) {
            return try key.withBytes { (key) throws(CryptoError) in
                try hashFunction.authenticate(message.span, key: key)
            }
        } catch {
            throw MLSError(error)
        }
    }

    package func isAuthentic(_ tag: [UInt8], _ message: [UInt8], key: Secret) throws(MLSError) -> Bool {
        do throws(CryptoError) {
            return try key.withBytes { (key) throws(CryptoError) in
                try hashFunction.isValid(tag.span, for: message.span, key: key)
            }
        } catch {
            throw MLSError(error)
        }
    }

    /// KDF.Extract with the salt first, as the RFC writes it.
    package func extract(salt: Secret, _ inputKey: Secret) throws(MLSError) -> Secret {
        do throws(CryptoError) {
            return Secret(
                try salt.withBytes { (salt) throws(CryptoError) in
                    try inputKey.withBytes { (inputKey) throws(CryptoError) in
                        try HKDF.extract(hashFunction, salt: salt, inputKey: inputKey, in: arena)
                    }
                }
            )
        } catch {
            throw MLSError(error)
        }
    }

    /// ExpandWithLabel (RFC 9420 §8).
    package func expand(
        _ secret: Secret,
        label: [UInt8],
        context: [UInt8],
        count: Int
    ) throws(MLSError) -> Secret {
        guard count > 0, count <= HKDF.longestOutput(hashFunction) else {
            throw MLSError(.invalidLength, "cannot derive \(count) bytes")
        }
        var writer = ByteWriter()
        writer.writeUInt16(UInt16(truncatingIfNeeded: count))
        writer.writeVarint(UInt64(Self.labelPrefix.count + label.count))
        writer.writeBytes(Self.labelPrefix)
        writer.writeBytes(label)
        writer.writeOpaque(context)
        let info = writer.bytes
        do throws(CryptoError) {
            return Secret(
                try secret.withBytes { (secret) throws(CryptoError) in
                    try HKDF.expand(hashFunction, secret: secret, info: info.span, count: count, in: arena)
                }
            )
        } catch {
            throw MLSError(error)
        }
    }

    package func expand(
        _ secret: Secret,
        _ label: StaticString,
        _ context: [UInt8],
        _ count: Int
    ) throws(MLSError) -> Secret {
        try expand(secret, label: label.asBytes, context: context, count: count)
    }

    /// DeriveSecret (RFC 9420 §8).
    package func deriveSecret(_ secret: Secret, _ label: StaticString) throws(MLSError) -> Secret {
        try expand(secret, label, [], hashLength)
    }

    /// DeriveTreeSecret (RFC 9420 §9).
    func deriveTreeSecret(
        _ secret: Secret,
        _ label: StaticString,
        _ generation: UInt32,
        _ count: Int
    ) throws(MLSError) -> Secret {
        var writer = ByteWriter()
        writer.writeUInt32(generation)
        return try expand(secret, label, writer.bytes, count)
    }

    /// A secret of Nh bytes.
    func randomSecret() throws(MLSError) -> Secret {
        try randomSecret(count: hashLength)
    }

    func randomSecret(count: Int) throws(MLSError) -> Secret {
        do { return Secret(try SecretBytes.random(count: count, in: arena)) } catch { throw MLSError(error) }
    }

    /// Takes bytes into the keeping of this suite. The original is the caller's to erase.
    package func secret(_ bytes: [UInt8]) throws(MLSError) -> Secret {
        do { return Secret(try SecretBytes(copying: bytes.span, in: arena)) } catch { throw MLSError(error) }
    }

    /// Nh zeros, which stand for an absent secret.
    package func zeros() throws(MLSError) -> Secret {
        try secret([UInt8](repeating: 0, count: hashLength))
    }

    static let labelPrefix = Array("MLS 1.0 ".utf8)
}

extension Secret {
    /// A copy that is no longer kept as a secret: for nonces, and for what a caller asked to have.
    package func copied() -> [UInt8] {
        withBytes { (bytes) in
            var copy: [UInt8] = []
            copy.reserveCapacity(bytes.count)
            for index in bytes.indices { copy.append(bytes[index]) }
            return copy
        }
    }
}

extension StaticString {
    var asBytes: [UInt8] {
        withUTF8Buffer { unsafe Array($0) }
    }
}
