package import BurrowBase

/// A message in the clear, signed and for members authenticated (RFC 9420 §6.2).
package struct PublicMessage: Equatable, Sendable, WireValue {
    package let content: FramedContent
    package let authentication: ContentAuthentication
    /// Of members, and only of them.
    package let membershipTag: [UInt8]?

    package init(content: FramedContent, authentication: ContentAuthentication, membershipTag: [UInt8]?) {
        self.content = content
        self.authentication = authentication
        self.membershipTag = membershipTag
    }

    package init(from reader: inout ByteReader) throws(MLSError) {
        content = try FramedContent(from: &reader)
        authentication = try ContentAuthentication(content.content.kind, from: &reader)
        if case .member = content.sender {
            membershipTag = try Wire.opaque(&reader)
        } else {
            membershipTag = nil
        }
    }

    package func encode(to writer: inout ByteWriter) {
        content.encode(to: &writer)
        authentication.encode(to: &writer)
        if let membershipTag { writer.writeOpaque(membershipTag) }
    }

    var authenticated: AuthenticatedContent {
        AuthenticatedContent(wireFormat: .publicMessage, content: content, authentication: authentication)
    }

    /// What the membership tag is computed over (RFC 9420 §6.2).
    func membershipInput(context: GroupContext) -> [UInt8] {
        var writer = ByteWriter()
        writer.writeBytes(content.toBeSigned(.publicMessage, context: context))
        authentication.encode(to: &writer)
        return writer.bytes
    }
}

/// An encrypted message (RFC 9420 §6.3).
package struct PrivateMessage: Equatable, Sendable, WireValue {
    package let groupID: [UInt8]
    package let epoch: UInt64
    package let contentType: Content.Kind
    package let authenticatedData: [UInt8]
    package let encryptedSenderData: [UInt8]
    package let ciphertext: [UInt8]

    package init(
        groupID: [UInt8],
        epoch: UInt64,
        contentType: Content.Kind,
        authenticatedData: [UInt8],
        encryptedSenderData: [UInt8],
        ciphertext: [UInt8]
    ) {
        self.groupID = groupID
        self.epoch = epoch
        self.contentType = contentType
        self.authenticatedData = authenticatedData
        self.encryptedSenderData = encryptedSenderData
        self.ciphertext = ciphertext
    }

    package init(from reader: inout ByteReader) throws(MLSError) {
        groupID = try Wire.opaque(&reader)
        epoch = try Wire.uint64(&reader)
        contentType = try Content.Kind(from: &reader)
        authenticatedData = try Wire.opaque(&reader)
        encryptedSenderData = try Wire.opaque(&reader)
        ciphertext = try Wire.opaque(&reader)
    }

    package func encode(to writer: inout ByteWriter) {
        writer.writeOpaque(groupID)
        writer.writeUInt64(epoch)
        writer.writeUInt8(contentType.rawValue)
        writer.writeOpaque(authenticatedData)
        writer.writeOpaque(encryptedSenderData)
        writer.writeOpaque(ciphertext)
    }
}

/// Which key of whom opens a private message (RFC 9420 §6.3.2).
struct SenderData: WireValue {
    static let byteCount = 12

    let leaf: UInt32
    let generation: UInt32
    let reuseGuard: [UInt8]

    init(leaf: UInt32, generation: UInt32, reuseGuard: [UInt8]) {
        self.leaf = leaf
        self.generation = generation
        self.reuseGuard = reuseGuard
    }

    init(from reader: inout ByteReader) throws(MLSError) {
        leaf = try Wire.uint32(&reader)
        generation = try Wire.uint32(&reader)
        reuseGuard = try Wire.bytes(&reader, count: 4)
    }

    func encode(to writer: inout ByteWriter) {
        writer.writeUInt32(leaf)
        writer.writeUInt32(generation)
        writer.writeBytes(reuseGuard)
    }
}
