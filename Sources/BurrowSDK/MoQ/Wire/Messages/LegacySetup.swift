package import BurrowBase

/// The version exchange on the client's first bidirectional stream under ALPN `moql`.
///
/// It is the framing of draft-ietf-moq-transport-14: a type byte, a 16-bit length, a body. We send no parameters and
/// skip what we get.
package struct LegacySetup: Equatable, Sendable {
    package enum Side: Sendable { case client, server }

    package static let lite01: UInt64 = 0xff0d_ad01
    package static let lite02: UInt64 = 0xff0d_ad02

    package let side: Side
    /// The client's offer, best first; from the server the one it chose.
    package let versions: [UInt64]

    /// CLIENT_SETUP. A server takes the first version *of this list* that it knows.
    package static func client(versions: [UInt64] = [lite02]) -> LegacySetup {
        LegacySetup(side: .client, versions: Array(versions.prefix(WireLimits.legacyVersions)))
    }

    /// SERVER_SETUP.
    package static func server(version: UInt64 = lite02) -> LegacySetup {
        LegacySetup(side: .server, versions: [version])
    }

    private init(side: Side, versions: [UInt64]) {
        self.side = side
        self.versions = versions
    }

    /// Everything there is to send: type, length and body.
    package func encode() -> [UInt8] {
        var body = ByteWriter()
        if side == .client { body.writeVarint(UInt64(versions.count)) }
        for version in versions { body.writeVarint(version) }
        body.writeVarint(0)

        let type: BidirectionalStreamType = side == .client ? .clientSetup : .serverSetup
        var message = ByteWriter()
        message.writeVarint(type.rawValue)
        message.writeUInt16(UInt16(clamping: body.bytes.count))
        message.writeBytes(body.bytes)
        return message.bytes
    }

    /// Takes the message that follows the type, or `nil` while bytes are missing.
    package static func next(
        from buffer: inout MessageBuffer,
        sentBy side: Side
    ) throws(DecodeError) -> LegacySetup? {
        guard let body = buffer.nextLegacyMessage() else { return nil }
        return try decode(body.span, sentBy: side)
    }

    /// Reads a whole body, without type and length.
    package static func decode(_ body: Span<UInt8>, sentBy side: Side) throws(DecodeError) -> LegacySetup {
        var reader = ByteReader(body)
        let count = side == .client ? try reader.readLength(limit: WireLimits.legacyVersions) : 1
        var versions: [UInt64] = []
        for _ in 0..<count { versions.append(try reader.readVarint()) }
        for _ in 0..<(try reader.readLength(limit: WireLimits.setupParameters)) {
            // Even keys hold a number, odd keys bytes.
            if try reader.readVarint().isMultiple(of: 2) {
                _ = try reader.readVarint()
            } else {
                try reader.skip(try reader.readLength(limit: Int(UInt16.max)))
            }
        }
        try reader.expectEnd()
        return LegacySetup(side: side, versions: versions)
    }
}
