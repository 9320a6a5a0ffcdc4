internal import BurrowBase
package import BurrowNostr

/// Under which name something is stored.
package enum RecordKey: Hashable, Sendable {
    /// What belongs to no group: the slots of key packages.
    case client
    case keyPackage(reference: [UInt8])
    case invitation(EventID)
    /// What Marmot adds to a group.
    case group([UInt8])
    /// A part of a group and of its ways back, under a name that the MLS group gives it.
    case part(group: [UInt8], name: [UInt8])
    /// What Marmot adds to a way back to an epoch.
    case snapshot(group: [UInt8], epoch: UInt64)

    private var kind: UInt8 {
        switch self {
        case .client: 0
        case .keyPackage: 1
        case .invitation: 2
        case .group: 3
        case .part: 4
        case .snapshot: 5
        }
    }

    /// A form for the keys of a table.
    package var encoded: [UInt8] {
        var writer = ByteWriter()
        writer.writeUInt8(kind)
        switch self {
        case .client: break
        case .keyPackage(let reference): writer.writeBytes(reference)
        case .invitation(let id): writer.writeBytes(id.value.bytes)
        case .group(let id): writer.writeBytes(id)
        case .part(let id, let name):
            Self.write(id, &writer)
            writer.writeBytes(name)
        case .snapshot(let id, let epoch):
            Self.write(id, &writer)
            Self.write(epoch, &writer)
        }
        return writer.bytes
    }

    /// What the encoded forms of those parts of a group begin with whose names begin so, and nothing else does.
    package static func partPrefix(group: [UInt8], names prefix: [UInt8] = []) -> [UInt8] {
        RecordKey.part(group: group, name: prefix).encoded
    }

    private static func write(_ id: [UInt8], _ writer: inout ByteWriter) {
        writer.writeVarint(UInt64(id.count))
        writer.writeBytes(id)
    }

    private static func write(_ value: UInt64, _ writer: inout ByteWriter) {
        for shift in stride(from: UInt64(56), through: 0, by: -8) {
            writer.writeUInt8(UInt8(truncatingIfNeeded: value >> shift))
        }
    }

    package init?(decoding bytes: [UInt8]) {
        var reader = ByteReader(bytes.span)
        do {
            switch try reader.readUInt8() {
            case 0: self = .client
            case 1: self = .keyPackage(reference: try reader.readBytes(reader.remaining))
            case 2:
                guard let id = Bytes32(try reader.readBytes(reader.remaining)) else { return nil }
                self = .invitation(EventID(id))
            case 3: self = .group(try reader.readBytes(reader.remaining))
            case 4:
                let id = try reader.readBytes(try reader.readLength(limit: bytes.count))
                self = .part(group: id, name: try reader.readBytes(reader.remaining))
            case 5:
                let id = try reader.readBytes(try reader.readLength(limit: bytes.count))
                self = .snapshot(group: id, epoch: try Self.number(&reader))
            default: return nil
            }
            try reader.expectEnd()
        } catch {
            return nil
        }
    }

    private static func number(_ reader: inout ByteReader) throws(DecodeError) -> UInt64 {
        var value: UInt64 = 0
        for _ in 0..<8 { value = value << 8 | UInt64(try reader.readUInt8()) }
        return value
    }
}
