package import BurrowBase

/// An inner node of the tree (RFC 9420 §7.1).
package struct ParentNode: Equatable, Sendable {
    package var encryptionKey: [UInt8]
    package var parentHash: [UInt8]
    /// Leaves below that do not have the private key, in ascending order.
    package var unmergedLeaves: [UInt32]

    package init(encryptionKey: [UInt8], parentHash: [UInt8], unmergedLeaves: [UInt32] = []) {
        self.encryptionKey = encryptionKey
        self.parentHash = parentHash
        self.unmergedLeaves = unmergedLeaves
    }
}

extension ParentNode: WireValue {
    package init(from reader: inout ByteReader) throws(MLSError) {
        encryptionKey = try Wire.opaque(&reader)
        parentHash = try Wire.opaque(&reader)
        let length = try Wire.length(&reader)
        guard length.isMultiple(of: 4) else {
            throw MLSError(.codecInvalidLength, "part of a leaf index")
        }
        var leaves: [UInt32] = []
        leaves.reserveCapacity(length / 4)
        for _ in 0..<(length / 4) { leaves.append(try Wire.uint32(&reader)) }
        unmergedLeaves = leaves
    }

    package func encode(to writer: inout ByteWriter) {
        encode(to: &writer, unmergedLeaves: unmergedLeaves)
    }

    func encode(to writer: inout ByteWriter, unmergedLeaves: [UInt32]) {
        writer.writeOpaque(encryptionKey)
        writer.writeOpaque(parentHash)
        writer.writeVarint(UInt64(4 * unmergedLeaves.count))
        for leaf in unmergedLeaves { writer.writeUInt32(leaf) }
    }
}
