package import BurrowBase

/// A change to the group (RFC 9420 §12.1, SelfRemove of draft-ietf-mls-extensions).
package enum Proposal: Equatable, Sendable {
    case add(KeyPackage)
    case update(LeafNode)
    case remove(UInt32)
    case preSharedKey(PreSharedKeyID)
    case reinit(ReInit)
    case externalInit(kemOutput: [UInt8])
    case groupContextExtensions([Extension])
    case selfRemove

    package static let selfRemoveType: UInt16 = 0x000a

    package var type: UInt16 {
        switch self {
        case .add: 1
        case .update: 2
        case .remove: 3
        case .preSharedKey: 4
        case .reinit: 5
        case .externalInit: 6
        case .groupContextExtensions: 7
        case .selfRemove: Self.selfRemoveType
        }
    }

    /// The types every member supports without saying so (RFC 9420 §7.2).
    package static func isDefault(_ type: UInt16) -> Bool { (1...7).contains(type) }
}

/// The parameters of a group that replaces this one (RFC 9420 §12.1.5).
package struct ReInit: Equatable, Sendable, WireValue {
    package let groupID: [UInt8]
    package let version: UInt16
    package let cipherSuite: UInt16
    package let extensions: [Extension]

    package init(
        groupID: [UInt8],
        version: UInt16 = ProtocolVersion.mls10,
        cipherSuite: UInt16,
        extensions: [Extension]
    ) {
        self.groupID = groupID
        self.version = version
        self.cipherSuite = cipherSuite
        self.extensions = extensions
    }

    package init(from reader: inout ByteReader) throws(MLSError) {
        groupID = try Wire.opaque(&reader)
        version = try Wire.uint16(&reader)
        cipherSuite = try Wire.uint16(&reader)
        extensions = try [Extension](from: &reader)
    }

    package func encode(to writer: inout ByteWriter) {
        writer.writeOpaque(groupID)
        writer.writeUInt16(version)
        writer.writeUInt16(cipherSuite)
        writer.writeList(extensions)
    }
}

extension Proposal: WireValue {
    package init(from reader: inout ByteReader) throws(MLSError) {
        switch try Wire.uint16(&reader) {
        case 1: self = .add(try KeyPackage(from: &reader))
        case 2: self = .update(try LeafNode(from: &reader))
        case 3: self = .remove(try Wire.uint32(&reader))
        case 4: self = .preSharedKey(try PreSharedKeyID(from: &reader))
        case 5: self = .reinit(try ReInit(from: &reader))
        case 6: self = .externalInit(kemOutput: try Wire.opaque(&reader))
        case 7: self = .groupContextExtensions(try [Extension](from: &reader))
        case Self.selfRemoveType: self = .selfRemove
        // Without knowing the type nobody knows where the proposal ends.
        case let type: throw MLSError(.unsupportedProposal, "proposal of unknown type \(type)")
        }
    }

    package func encode(to writer: inout ByteWriter) {
        writer.writeUInt16(type)
        switch self {
        case .add(let keyPackage): keyPackage.encode(to: &writer)
        case .update(let leafNode): leafNode.encode(to: &writer)
        case .remove(let leaf): writer.writeUInt32(leaf)
        case .preSharedKey(let id): id.encode(to: &writer)
        case .reinit(let reinit): reinit.encode(to: &writer)
        case .externalInit(let kemOutput): writer.writeOpaque(kemOutput)
        case .groupContextExtensions(let extensions): writer.writeList(extensions)
        case .selfRemove: break
        }
    }
}
