package import BurrowBase

/// A message behind a varint length. Says what stands in the body; the rule that a body with missing or surplus
/// bytes is an error is stated here once.
package protocol ControlMessage: Equatable, Sendable {
    func write(to writer: inout ByteWriter, _ version: Version)
    init(from reader: inout ByteReader, _ version: Version) throws(DecodeError)
}

extension ControlMessage {
    /// The message with its length in front.
    package func encode(_ version: Version) -> [UInt8] {
        var writer = ByteWriter()
        writer.writeMessage { write(to: &$0, version) }
        return writer.bytes
    }

    /// Reads a whole body, without its length.
    package static func decode(_ body: Span<UInt8>, _ version: Version) throws(DecodeError) -> Self {
        var reader = ByteReader(body)
        let message = try Self(from: &reader, version)
        try reader.expectEnd()
        return message
    }
}

// The field types that several messages share.

extension ByteReader {
    @_lifetime(self: copy self)
    mutating func readPath() throws(DecodeError) -> BroadcastPath {
        try BroadcastPath(bytes: try readBytes(try readLength(limit: WireLimits.rawPathBytes)))
    }

    @_lifetime(self: copy self)
    mutating func readTrackName() throws(DecodeError) -> String {
        try readString(limit: WireLimits.trackNameBytes)
    }

    @_lifetime(self: copy self)
    mutating func readBool() throws(DecodeError) -> Bool {
        switch try readUInt8() {
        case 0: false
        case 1: true
        default: throw .malformed
        }
    }

    /// Milliseconds, saturating at what an `Interval` holds.
    @_lifetime(self: copy self)
    mutating func readInterval() throws(DecodeError) -> Interval {
        .milliseconds(Int64(clamping: try readVarint()))
    }

    /// The "+1 form": 0 is absent, anything else one more than the value.
    @_lifetime(self: copy self)
    mutating func readOptional() throws(DecodeError) -> UInt64? {
        let value = try readVarint()
        return value == 0 ? nil : value - 1
    }
}

extension ByteWriter {
    mutating func writePath(_ path: BroadcastPath) {
        writeVarint(UInt64(path.utf8.count))
        writeBytes(path.utf8)
    }

    mutating func writeBool(_ value: Bool) {
        writeUInt8(value ? 1 : 0)
    }

    /// Whole milliseconds, rounded down; nothing below zero.
    mutating func writeInterval(_ interval: Interval) {
        writeVarint(UInt64(max(interval.milliseconds, 0)))
    }

    mutating func writeOptional(_ value: UInt64?) {
        writeVarint(value.map { min($0, Varint.max - 1) + 1 } ?? 0)
    }
}
