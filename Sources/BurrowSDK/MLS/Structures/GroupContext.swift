package import BurrowBase

/// What the members of an epoch agree on (RFC 9420 §8.1).
package struct GroupContext: Equatable, Sendable, WireValue {
    package var cipherSuite: UInt16
    package var groupID: [UInt8]
    package var epoch: UInt64
    package var treeHash: [UInt8]
    package var confirmedTranscriptHash: [UInt8]
    package var extensions: [Extension]

    package init(
        cipherSuite: UInt16,
        groupID: [UInt8],
        epoch: UInt64,
        treeHash: [UInt8],
        confirmedTranscriptHash: [UInt8],
        extensions: [Extension]
    ) {
        self.cipherSuite = cipherSuite
        self.groupID = groupID
        self.epoch = epoch
        self.treeHash = treeHash
        self.confirmedTranscriptHash = confirmedTranscriptHash
        self.extensions = extensions
    }

    package init(from reader: inout ByteReader) throws(MLSError) {
        try ProtocolVersion.expect(&reader)
        cipherSuite = try Wire.uint16(&reader)
        groupID = try Wire.opaque(&reader)
        epoch = try Wire.uint64(&reader)
        treeHash = try Wire.opaque(&reader)
        confirmedTranscriptHash = try Wire.opaque(&reader)
        extensions = try [Extension](from: &reader)
    }

    package func encode(to writer: inout ByteWriter) {
        writer.writeUInt16(ProtocolVersion.mls10)
        writer.writeUInt16(cipherSuite)
        writer.writeOpaque(groupID)
        writer.writeUInt64(epoch)
        writer.writeOpaque(treeHash)
        writer.writeOpaque(confirmedTranscriptHash)
        writer.writeList(extensions)
    }
}
