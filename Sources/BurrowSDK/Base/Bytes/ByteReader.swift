/// What a parser reports when bytes are not what they should be.
package enum DecodeError: Error, Equatable, Sendable {
    /// The input ends too early.
    case truncated
    /// The bytes are all there but mean nothing.
    case malformed
    /// A length or count is above what we accept.
    case tooLarge
}

/// Reads bytes from a peer. Never traps: whatever is not there is an error.
package struct ByteReader: ~Escapable {
    private let bytes: Span<UInt8>
    package private(set) var offset = 0

    @_lifetime(copy bytes)
    package init(_ bytes: Span<UInt8>) {
        self.bytes = bytes
    }

    package var remaining: Int { bytes.count - offset }
    package var isAtEnd: Bool { remaining == 0 }

    @_lifetime(self: copy self)
    package mutating func readUInt8() throws(DecodeError) -> UInt8 {
        guard offset < bytes.count else { throw .truncated }
        defer { offset += 1 }
        return bytes[offset]
    }

    /// Big-endian.
    @_lifetime(self: copy self)
    package mutating func readUInt16() throws(DecodeError) -> UInt16 {
        UInt16(try readUInt8()) << 8 | UInt16(try readUInt8())
    }

    /// A QUIC variable-length integer (RFC 9000 §16). Accepts longer forms than necessary.
    @_lifetime(self: copy self)
    package mutating func readVarint() throws(DecodeError) -> UInt64 {
        let first = try readUInt8()
        let extra = (1 << Int(first >> 6)) - 1
        guard remaining >= extra else {
            offset -= 1
            throw .truncated
        }
        var value = UInt64(first & 0x3f)
        for _ in 0..<extra { value = value << 8 | UInt64(try readUInt8()) }
        return value
    }

    /// A count or length that must fit what follows and `limit`.
    @_lifetime(self: copy self)
    package mutating func readLength(limit: Int) throws(DecodeError) -> Int {
        let value = try readVarint()
        guard let length = Int(exactly: value), length <= limit else { throw .tooLarge }
        return length
    }

    @_lifetime(self: copy self)
    package mutating func readBytes(_ count: Int) throws(DecodeError) -> [UInt8] {
        guard count >= 0, count <= remaining else { throw .truncated }
        var result: [UInt8] = []
        result.reserveCapacity(count)
        for index in offset..<(offset + count) { result.append(bytes[index]) }
        offset += count
        return result
    }

    @_lifetime(self: copy self)
    package mutating func skip(_ count: Int) throws(DecodeError) {
        guard count >= 0, count <= remaining else { throw .truncated }
        offset += count
    }

    /// UTF-8 text behind a varint length.
    @_lifetime(self: copy self)
    package mutating func readString(limit: Int) throws(DecodeError) -> String {
        let raw = try readBytes(try readLength(limit: limit))
        guard let text = String(validating: raw, as: UTF8.self) else { throw .malformed }
        return text
    }

    /// Throws unless everything was read.
    package func expectEnd() throws(DecodeError) {
        guard isAtEnd else { throw .malformed }
    }
}
