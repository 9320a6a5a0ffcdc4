package import BurrowBase

/// How a message is wrapped (RFC 9420 §6).
package enum WireFormat: UInt16, Sendable {
    case publicMessage = 1
    case privateMessage = 2
    case welcome = 3
    case groupInfo = 4
    case keyPackage = 5
}

/// Who sent a message (RFC 9420 §6).
package enum Sender: Hashable, Sendable, WireValue {
    case member(UInt32)
    /// An index into the group's `external_senders`.
    case external(UInt32)
    case newMemberProposal
    case newMemberCommit

    package init(from reader: inout ByteReader) throws(MLSError) {
        switch try Wire.uint8(&reader) {
        case 1: self = .member(try Wire.uint32(&reader))
        case 2: self = .external(try Wire.uint32(&reader))
        case 3: self = .newMemberProposal
        case 4: self = .newMemberCommit
        case let value: throw MLSError(.codecInvalidValue, "sender of unknown type \(value)")
        }
    }

    package func encode(to writer: inout ByteWriter) {
        switch self {
        case .member(let leaf):
            writer.writeUInt8(1)
            writer.writeUInt32(leaf)
        case .external(let index):
            writer.writeUInt8(2)
            writer.writeUInt32(index)
        case .newMemberProposal: writer.writeUInt8(3)
        case .newMemberCommit: writer.writeUInt8(4)
        }
    }

    /// Whether the sender knows the group's state and therefore signs it too (RFC 9420 §6.1).
    var signsContext: Bool {
        switch self {
        case .member, .newMemberCommit: true
        case .external, .newMemberProposal: false
        }
    }
}

/// What a message says (RFC 9420 §6).
package enum Content: Equatable, Sendable {
    package enum Kind: UInt8, Sendable {
        case application = 1
        case proposal = 2
        case commit = 3

        init(from reader: inout ByteReader) throws(MLSError) {
            let value = try Wire.uint8(&reader)
            guard let kind = Kind(rawValue: value) else {
                throw MLSError(.codecInvalidValue, "content of unknown type \(value)")
            }
            self = kind
        }
    }

    case application([UInt8])
    case proposal(Proposal)
    case commit(Commit)

    package var kind: Kind {
        switch self {
        case .application: .application
        case .proposal: .proposal
        case .commit: .commit
        }
    }

    init(_ kind: Kind, from reader: inout ByteReader) throws(MLSError) {
        switch kind {
        case .application: self = .application(try Wire.opaque(&reader))
        case .proposal: self = .proposal(try Proposal(from: &reader))
        case .commit: self = .commit(try Commit(from: &reader))
        }
    }

    func encode(to writer: inout ByteWriter) {
        switch self {
        case .application(let data): writer.writeOpaque(data)
        case .proposal(let proposal): proposal.encode(to: &writer)
        case .commit(let commit): commit.encode(to: &writer)
        }
    }
}

/// A message with its addressing, before protection (RFC 9420 §6).
package struct FramedContent: Equatable, Sendable, WireValue {
    package let groupID: [UInt8]
    package let epoch: UInt64
    package let sender: Sender
    package let authenticatedData: [UInt8]
    package let content: Content

    package init(
        groupID: [UInt8],
        epoch: UInt64,
        sender: Sender,
        authenticatedData: [UInt8],
        content: Content
    ) {
        self.groupID = groupID
        self.epoch = epoch
        self.sender = sender
        self.authenticatedData = authenticatedData
        self.content = content
    }

    package init(from reader: inout ByteReader) throws(MLSError) {
        groupID = try Wire.opaque(&reader)
        epoch = try Wire.uint64(&reader)
        sender = try Sender(from: &reader)
        authenticatedData = try Wire.opaque(&reader)
        content = try Content(try Content.Kind(from: &reader), from: &reader)
    }

    package func encode(to writer: inout ByteWriter) {
        writer.writeOpaque(groupID)
        writer.writeUInt64(epoch)
        sender.encode(to: &writer)
        writer.writeOpaque(authenticatedData)
        writer.writeUInt8(content.kind.rawValue)
        content.encode(to: &writer)
    }

    /// FramedContentTBS (RFC 9420 §6.1).
    func toBeSigned(_ wireFormat: WireFormat, context: GroupContext) -> [UInt8] {
        var writer = ByteWriter()
        writer.writeUInt16(ProtocolVersion.mls10)
        writer.writeUInt16(wireFormat.rawValue)
        encode(to: &writer)
        if sender.signsContext { context.encode(to: &writer) }
        return writer.bytes
    }
}

/// What proves a message (RFC 9420 §6.1).
package struct ContentAuthentication: Equatable, Sendable {
    package let signature: [UInt8]
    /// Of commits, and only of them.
    package let confirmationTag: [UInt8]?

    package init(signature: [UInt8], confirmationTag: [UInt8]?) {
        self.signature = signature
        self.confirmationTag = confirmationTag
    }

    init(_ kind: Content.Kind, from reader: inout ByteReader) throws(MLSError) {
        signature = try Wire.opaque(&reader)
        confirmationTag = kind == .commit ? try Wire.opaque(&reader) : nil
    }

    func encode(to writer: inout ByteWriter) {
        writer.writeOpaque(signature)
        if let confirmationTag { writer.writeOpaque(confirmationTag) }
    }
}

/// A message and its proof, however it was wrapped (RFC 9420 §6).
package struct AuthenticatedContent: Equatable, Sendable, WireValue {
    package let wireFormat: WireFormat
    package let content: FramedContent
    package let authentication: ContentAuthentication

    package init(wireFormat: WireFormat, content: FramedContent, authentication: ContentAuthentication) {
        self.wireFormat = wireFormat
        self.content = content
        self.authentication = authentication
    }

    package init(from reader: inout ByteReader) throws(MLSError) {
        let value = try Wire.uint16(&reader)
        guard let format = WireFormat(rawValue: value), format == .publicMessage || format == .privateMessage
        else { throw MLSError(.codecInvalidValue, "content of wire format \(value)") }
        wireFormat = format
        content = try FramedContent(from: &reader)
        authentication = try ContentAuthentication(content.content.kind, from: &reader)
    }

    package func encode(to writer: inout ByteWriter) {
        writer.writeUInt16(wireFormat.rawValue)
        content.encode(to: &writer)
        authentication.encode(to: &writer)
    }

    /// What the confirmed transcript hash takes in (RFC 9420 §8.2).
    var transcriptInput: [UInt8] {
        var writer = ByteWriter()
        writer.writeUInt16(wireFormat.rawValue)
        content.encode(to: &writer)
        writer.writeOpaque(authentication.signature)
        return writer.bytes
    }
}
