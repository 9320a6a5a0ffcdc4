package import BurrowBase

/// The state of a group, signed by a member, for those who join (RFC 9420 §12.4.3).
package struct GroupInfo: Equatable, Sendable {
    package var context: GroupContext
    package var extensions: [Extension]
    package var confirmationTag: [UInt8]
    package var signer: UInt32
    package var signature: [UInt8]

    func encodeUnsigned(to writer: inout ByteWriter) {
        context.encode(to: &writer)
        writer.writeExtensions(extensions)
        writer.writeOpaque(confirmationTag)
        writer.writeUInt32(signer)
    }

    /// GroupInfoTBS
    package var signedBytes: [UInt8] {
        var writer = ByteWriter()
        encodeUnsigned(to: &writer)
        return writer.bytes
    }
}

extension GroupInfo: WireValue {
    package init(from reader: inout ByteReader) throws(MLSError) {
        context = try GroupContext(from: &reader)
        extensions = try [Extension](from: &reader)
        confirmationTag = try Wire.opaque(&reader)
        signer = try Wire.uint32(&reader)
        signature = try Wire.opaque(&reader)
    }

    package func encode(to writer: inout ByteWriter) {
        encodeUnsigned(to: &writer)
        writer.writeOpaque(signature)
    }
}

/// The secrets of a group for one joiner (RFC 9420 §12.4.3.1).
package struct EncryptedGroupSecrets: Equatable, Sendable, WireValue {
    package let newMember: [UInt8]
    package let encryptedGroupSecrets: HPKECiphertext

    package init(newMember: [UInt8], encryptedGroupSecrets: HPKECiphertext) {
        self.newMember = newMember
        self.encryptedGroupSecrets = encryptedGroupSecrets
    }

    package init(from reader: inout ByteReader) throws(MLSError) {
        newMember = try Wire.opaque(&reader)
        encryptedGroupSecrets = try HPKECiphertext(from: &reader)
    }

    package func encode(to writer: inout ByteWriter) {
        writer.writeOpaque(newMember)
        encryptedGroupSecrets.encode(to: &writer)
    }
}

/// The invitation of one or more new members (RFC 9420 §12.4.3.1).
package struct Welcome: Equatable, Sendable, WireValue {
    package let cipherSuite: UInt16
    package let secrets: [EncryptedGroupSecrets]
    package let encryptedGroupInfo: [UInt8]

    package init(cipherSuite: UInt16, secrets: [EncryptedGroupSecrets], encryptedGroupInfo: [UInt8]) {
        self.cipherSuite = cipherSuite
        self.secrets = secrets
        self.encryptedGroupInfo = encryptedGroupInfo
    }

    package init(from reader: inout ByteReader) throws(MLSError) {
        cipherSuite = try Wire.uint16(&reader)
        secrets = try Wire.list(&reader, limit: Int(MLSLimits.leaves))
        encryptedGroupInfo = try Wire.opaque(&reader)
    }

    package func encode(to writer: inout ByteWriter) {
        writer.reserve(encryptedGroupInfo.count + secrets.count * 160 + 32)
        writer.writeUInt16(cipherSuite)
        writer.writeList(secrets)
        writer.writeOpaque(encryptedGroupInfo)
    }
}
