internal import BurrowBase
package import BurrowCrypto

/// What a joiner finds inside its EncryptedGroupSecrets (RFC 9420 §12.4.3.1).
package struct GroupSecrets {
    package let joinerSecret: Secret
    package let pathSecret: Secret?
    package let preSharedKeys: [PreSharedKeyID]

    package init(joinerSecret: Secret, pathSecret: Secret?, preSharedKeys: [PreSharedKeyID]) {
        self.joinerSecret = joinerSecret
        self.pathSecret = pathSecret
        self.preSharedKeys = preSharedKeys
    }

    /// Reads the structure without a copy of the secrets in between.
    package init(decoding secret: Secret, suite: CipherSuite) throws(MLSError) {
        self = try secret.withBytes { (bytes) throws(MLSError) in
            var reader = ByteReader(bytes)
            let joinerSecret = try Self.secret(&reader, of: bytes, suite)
            let hasPath = try Wire.presence(&reader)
            let pathSecret = hasPath ? try Self.secret(&reader, of: bytes, suite) : nil
            let keys: [PreSharedKeyID] = try Wire.list(&reader, limit: MLSLimits.preSharedKeys)
            guard reader.isAtEnd else { throw MLSError(.codecTrailing, "bytes after GroupSecrets") }
            return GroupSecrets(joinerSecret: joinerSecret, pathSecret: pathSecret, preSharedKeys: keys)
        }
    }

    private static func secret(
        _ reader: inout ByteReader,
        of bytes: Span<UInt8>,
        _ suite: CipherSuite
    ) throws(MLSError) -> Secret {
        let count = try Wire.length(&reader)
        let start = reader.offset
        do { try reader.skip(count) } catch { throw Wire.truncated }
        do {
            let range = bytes.extracting(start..<(start + count))
            return Secret(try SecretBytes(copying: range, in: suite.arena))
        } catch {
            throw MLSError(error)
        }
    }

    package func encoded(_ suite: CipherSuite) throws(MLSError) -> Secret {
        var keys = ByteWriter()
        keys.writeList(preSharedKeys)
        var bytes: [UInt8] = []
        // Never moved, so no second copy of the secrets is left behind.
        bytes.reserveCapacity(64 + joinerSecret.count + (pathSecret?.count ?? 0) + keys.bytes.count)
        defer { Erasure.erase(&bytes) }
        Self.append(joinerSecret, to: &bytes)
        if let pathSecret {
            bytes.append(1)
            Self.append(pathSecret, to: &bytes)
        } else {
            bytes.append(0)
        }
        bytes += keys.bytes
        return try suite.secret(bytes)
    }

    private static func append(_ secret: Secret, to bytes: inout [UInt8]) {
        var prefix = ByteWriter()
        prefix.writeVarint(UInt64(secret.count))
        bytes += prefix.bytes
        secret.withBytes { (secret) in
            for index in secret.indices { bytes.append(secret[index]) }
        }
    }
}
