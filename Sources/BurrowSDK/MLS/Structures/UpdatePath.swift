package import BurrowBase

/// Something encrypted to one public key (RFC 9420 §7.6).
package struct HPKECiphertext: Equatable, Sendable, WireValue {
    package let kemOutput: [UInt8]
    package let ciphertext: [UInt8]

    package init(kemOutput: [UInt8], ciphertext: [UInt8]) {
        self.kemOutput = kemOutput
        self.ciphertext = ciphertext
    }

    package init(from reader: inout ByteReader) throws(MLSError) {
        kemOutput = try Wire.opaque(&reader)
        ciphertext = try Wire.opaque(&reader)
    }

    package func encode(to writer: inout ByteWriter) {
        writer.writeOpaque(kemOutput)
        writer.writeOpaque(ciphertext)
    }
}

/// A new key for one node above the committer (RFC 9420 §7.6).
package struct UpdatePathNode: Equatable, Sendable, WireValue {
    package let encryptionKey: [UInt8]
    /// The path secret for each node of the copath child's resolution.
    package let encryptedPathSecrets: [HPKECiphertext]

    package init(encryptionKey: [UInt8], encryptedPathSecrets: [HPKECiphertext]) {
        self.encryptionKey = encryptionKey
        self.encryptedPathSecrets = encryptedPathSecrets
    }

    package init(from reader: inout ByteReader) throws(MLSError) {
        encryptionKey = try Wire.opaque(&reader)
        encryptedPathSecrets = try Wire.list(&reader, limit: Int(MLSLimits.leaves))
    }

    package func encode(to writer: inout ByteWriter) {
        writer.writeOpaque(encryptionKey)
        writer.writeList(encryptedPathSecrets)
    }
}

/// New keys from the committer's leaf to the root (RFC 9420 §7.6).
package struct UpdatePath: Equatable, Sendable, WireValue {
    package let leafNode: LeafNode
    package let nodes: [UpdatePathNode]

    package init(leafNode: LeafNode, nodes: [UpdatePathNode]) {
        self.leafNode = leafNode
        self.nodes = nodes
    }

    package init(from reader: inout ByteReader) throws(MLSError) {
        leafNode = try LeafNode(from: &reader)
        nodes = try Wire.list(&reader, limit: 32)
    }

    package func encode(to writer: inout ByteWriter) {
        leafNode.encode(to: &writer)
        writer.writeList(nodes)
    }
}
