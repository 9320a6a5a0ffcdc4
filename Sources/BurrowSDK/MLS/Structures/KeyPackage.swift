package import BurrowBase

/// What somebody publishes in order to be added to groups (RFC 9420 §10).
package struct KeyPackage: Equatable, Sendable {
    package var cipherSuite: UInt16
    package var initKey: [UInt8]
    package var leafNode: LeafNode
    package var extensions: [Extension]
    package var signature: [UInt8]

    /// Whether it may be used for more than one group.
    package var isLastResort: Bool { extensions.data(of: Extension.lastResort) != nil }

    private func encodeUnsigned(to writer: inout ByteWriter) {
        writer.writeUInt16(ProtocolVersion.mls10)
        writer.writeUInt16(cipherSuite)
        writer.writeOpaque(initKey)
        leafNode.encode(to: &writer)
        writer.writeList(extensions)
    }

    /// KeyPackageTBS
    package var signedBytes: [UInt8] {
        var writer = ByteWriter()
        encodeUnsigned(to: &writer)
        return writer.bytes
    }
}

extension KeyPackage: WireValue {
    package init(from reader: inout ByteReader) throws(MLSError) {
        try ProtocolVersion.expect(&reader)
        cipherSuite = try Wire.uint16(&reader)
        initKey = try Wire.opaque(&reader)
        leafNode = try LeafNode(from: &reader)
        extensions = try [Extension](from: &reader)
        signature = try Wire.opaque(&reader)
    }

    package func encode(to writer: inout ByteWriter) {
        encodeUnsigned(to: &writer)
        writer.writeOpaque(signature)
    }
}
