package import BurrowBase

/// Versions of the protocol (RFC 9420 §6).
package enum ProtocolVersion {
    package static let mls10: UInt16 = 1

    static func expect(_ reader: inout ByteReader) throws(MLSError) {
        let version = try Wire.uint16(&reader)
        guard version == mls10 else { throw MLSError(.unsupportedVersion, "version \(version)") }
    }
}

/// When a key package may be used, in seconds since 1970, both ends included (RFC 9420 §7.2).
package struct Lifetime: Equatable, Sendable {
    package let notBefore: UInt64
    package let notAfter: UInt64

    package init(notBefore: UInt64, notAfter: UInt64) {
        self.notBefore = notBefore
        self.notAfter = notAfter
    }

    /// From an hour ago, because clocks differ, to 84 days from now, the longest that others accept.
    package static func standard(now: UInt64) -> Lifetime {
        let notBefore = now > 3600 ? now - 3600 : 0
        let (notAfter, overflow) = now.addingReportingOverflow(84 * 86_400)
        return Lifetime(notBefore: notBefore, notAfter: overflow ? .max : notAfter)
    }

    package func contains(_ now: UInt64) -> Bool {
        notBefore <= now && now <= notAfter
    }
}

/// A member's place in the tree: keys, identity, abilities, signed by the member (RFC 9420 §7.2).
package struct LeafNode: Equatable, Sendable {
    /// What the leaf was made for.
    package enum Source: Equatable, Sendable {
        case keyPackage(Lifetime)
        case update
        case commit(parentHash: [UInt8])
    }

    package var encryptionKey: [UInt8]
    package var signatureKey: [UInt8]
    package var credential: Credential
    package var capabilities: Capabilities
    package var source: Source
    package var extensions: [Extension]
    package var signature: [UInt8]

    package var parentHash: [UInt8]? {
        if case .commit(let parentHash) = source { return parentHash }
        return nil
    }

    private func encodeUnsigned(to writer: inout ByteWriter) {
        writer.writeOpaque(encryptionKey)
        writer.writeOpaque(signatureKey)
        credential.encode(to: &writer)
        capabilities.encode(to: &writer)
        switch source {
        case .keyPackage(let lifetime):
            writer.writeUInt8(1)
            writer.writeUInt64(lifetime.notBefore)
            writer.writeUInt64(lifetime.notAfter)
        case .update: writer.writeUInt8(2)
        case .commit(let parentHash):
            writer.writeUInt8(3)
            writer.writeOpaque(parentHash)
        }
        writer.writeList(extensions)
    }

    /// LeafNodeTBS, what is signed. A leaf of a running group is bound to the group and its index, one of a key package is not.
    package func signedBytes(groupID: [UInt8], index: UInt32) -> [UInt8] {
        var writer = ByteWriter()
        encodeUnsigned(to: &writer)
        if case .keyPackage = source { return writer.bytes }
        writer.writeOpaque(groupID)
        writer.writeUInt32(index)
        return writer.bytes
    }
}

extension LeafNode: WireValue {
    package init(from reader: inout ByteReader) throws(MLSError) {
        encryptionKey = try Wire.opaque(&reader)
        signatureKey = try Wire.opaque(&reader)
        credential = try Credential(from: &reader)
        capabilities = try Capabilities(from: &reader)
        switch try Wire.uint8(&reader) {
        case 1:
            let notBefore = try Wire.uint64(&reader)
            source = .keyPackage(Lifetime(notBefore: notBefore, notAfter: try Wire.uint64(&reader)))
        case 2: source = .update
        case 3: source = .commit(parentHash: try Wire.opaque(&reader))
        case let value: throw MLSError(.codecInvalidValue, "leaf of unknown source \(value)")
        }
        extensions = try [Extension](from: &reader)
        signature = try Wire.opaque(&reader)
    }

    package func encode(to writer: inout ByteWriter) {
        encodeUnsigned(to: &writer)
        writer.writeOpaque(signature)
    }
}
