package import BurrowBase

/// Which pre-shared key goes into the key schedule (RFC 9420 §8.4).
package struct PreSharedKeyID: Hashable, Sendable {
    package enum Usage: UInt8, Sendable {
        case application = 1
        case reinit = 2
        case branch = 3
    }

    package enum Kind: Hashable, Sendable {
        case external(id: [UInt8])
        case resumption(Usage, groupID: [UInt8], epoch: UInt64)
    }

    package let kind: Kind
    package let nonce: [UInt8]

    package init(kind: Kind, nonce: [UInt8]) {
        self.kind = kind
        self.nonce = nonce
    }

    var usage: Usage? {
        if case .resumption(let usage, _, _) = kind { return usage }
        return nil
    }
}

extension PreSharedKeyID: WireValue {
    package init(from reader: inout ByteReader) throws(MLSError) {
        switch try Wire.uint8(&reader) {
        case 1: kind = .external(id: try Wire.opaque(&reader))
        case 2:
            let value = try Wire.uint8(&reader)
            guard let usage = Usage(rawValue: value) else {
                throw MLSError(.codecInvalidValue, "resumption of unknown usage \(value)")
            }
            let groupID = try Wire.opaque(&reader)
            kind = .resumption(usage, groupID: groupID, epoch: try Wire.uint64(&reader))
        case let value: throw MLSError(.codecInvalidValue, "pre-shared key of unknown type \(value)")
        }
        nonce = try Wire.opaque(&reader)
    }

    package func encode(to writer: inout ByteWriter) {
        switch kind {
        case .external(let id):
            writer.writeUInt8(1)
            writer.writeOpaque(id)
        case .resumption(let usage, let groupID, let epoch):
            writer.writeUInt8(2)
            writer.writeUInt8(usage.rawValue)
            writer.writeOpaque(groupID)
            writer.writeUInt64(epoch)
        }
        writer.writeOpaque(nonce)
    }
}
