package import BurrowBase

/// Anything members send each other, with version and kind in front (RFC 9420 §6).
package enum MLSMessage: Equatable, Sendable, WireValue {
    case publicMessage(PublicMessage)
    case privateMessage(PrivateMessage)
    case welcome(Welcome)
    case groupInfo(GroupInfo)
    case keyPackage(KeyPackage)

    package init(from reader: inout ByteReader) throws(MLSError) {
        try ProtocolVersion.expect(&reader)
        let value = try Wire.uint16(&reader)
        switch WireFormat(rawValue: value) {
        case .publicMessage: self = .publicMessage(try PublicMessage(from: &reader))
        case .privateMessage: self = .privateMessage(try PrivateMessage(from: &reader))
        case .welcome: self = .welcome(try Welcome(from: &reader))
        case .groupInfo: self = .groupInfo(try GroupInfo(from: &reader))
        case .keyPackage: self = .keyPackage(try KeyPackage(from: &reader))
        case nil: throw MLSError(.codecInvalidValue, "message of unknown wire format \(value)")
        }
    }

    package func encode(to writer: inout ByteWriter) {
        writer.writeUInt16(ProtocolVersion.mls10)
        writer.writeUInt16(wireFormat.rawValue)
        switch self {
        case .publicMessage(let message): message.encode(to: &writer)
        case .privateMessage(let message): message.encode(to: &writer)
        case .welcome(let message): message.encode(to: &writer)
        case .groupInfo(let message): message.encode(to: &writer)
        case .keyPackage(let message): message.encode(to: &writer)
        }
    }

    package var wireFormat: WireFormat {
        switch self {
        case .publicMessage: .publicMessage
        case .privateMessage: .privateMessage
        case .welcome: .welcome
        case .groupInfo: .groupInfo
        case .keyPackage: .keyPackage
        }
    }
}
