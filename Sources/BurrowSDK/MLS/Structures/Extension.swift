package import BurrowBase

/// One extension as it travels (RFC 9420 §13.4). What we do not know is carried unchanged.
package struct Extension: Equatable, Sendable {
    package let type: UInt16
    package let data: [UInt8]

    package init(type: UInt16, data: [UInt8]) {
        self.type = type
        self.data = data
    }

    package static let applicationID: UInt16 = 1
    package static let ratchetTree: UInt16 = 2
    package static let requiredCapabilities: UInt16 = 3
    package static let externalPub: UInt16 = 4
    package static let externalSenders: UInt16 = 5
    /// Of a KeyPackage: it may be used more than once (draft-ietf-mls-extensions).
    package static let lastResort: UInt16 = 0x000a

    /// The types every member supports without saying so (RFC 9420 §7.2).
    package static func isDefault(_ type: UInt16) -> Bool { (1...5).contains(type) }
}

extension Extension: WireValue {
    package init(from reader: inout ByteReader) throws(MLSError) {
        type = try Wire.uint16(&reader)
        data = try Wire.opaque(&reader)
    }

    package func encode(to writer: inout ByteWriter) {
        writer.writeUInt16(type)
        writer.writeOpaque(data)
    }
}

extension ByteWriter {
    /// `Extension extensions<V>`, without a second copy of what may be large.
    mutating func writeExtensions(_ extensions: [Extension]) {
        let count = extensions.reduce(0) { $0 + 2 + Varint.length(UInt64($1.data.count)) + $1.data.count }
        reserve(Varint.length(UInt64(count)) + count)
        writeVarint(UInt64(count))
        for one in extensions { one.encode(to: &self) }
    }
}

extension [Extension] {
    /// Reads a list in which no type occurs twice (RFC 9420 §13.4).
    init(from reader: inout ByteReader) throws(MLSError) {
        let list: [Extension] = try Wire.list(&reader, limit: MLSLimits.extensions)
        try list.requireUniqueTypes()
        self = list
    }

    func requireUniqueTypes() throws(MLSError) {
        for (index, entry) in enumerated() where self[..<index].contains(where: { $0.type == entry.type }) {
            throw MLSError(.duplicateExtension, "extension \(entry.type) occurs twice")
        }
    }

    /// The data of the extension of a type, `nil` when there is none.
    package func data(of type: UInt16) -> [UInt8]? {
        first { $0.type == type }?.data
    }
}
