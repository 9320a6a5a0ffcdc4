import BurrowBase

/// The name of a box (ISO/IEC 14496-12 §4.2): four letters.
struct BoxType: Equatable {
    let code: UInt32

    init(code: UInt32) {
        self.code = code
    }

    init(_ letters: StaticString) {
        var code: UInt32 = 0
        letters.withUTF8Buffer { (bytes) in
            for index in bytes.indices { code = unsafe code << 8 | UInt32(bytes[index]) }
        }
        self.code = code
    }
}

/// One box: its name and what is in it.
struct Box {
    let type: BoxType
    let body: Slice
    /// Where the box begins in what was read.
    let start: Int
    /// Bytes before the body.
    let headerLength: Int

    var bodyStart: Int { start + headerLength }
    var end: Int { bodyStart + body.count }
}

/// Goes through the boxes that stand one behind the other in some bytes.
struct BoxReader {
    private let bytes: Slice
    private var offset = 0
    private var count = 0

    init(_ bytes: Slice) {
        self.bytes = bytes
    }

    /// The next box; `nil` at the end.
    mutating func next() throws(MediaError) -> Box? {
        guard offset < bytes.count else { return nil }
        count += 1
        guard count <= HangLimits.boxes else { throw MediaError(.limit, "too many boxes") }
        let rest = bytes.dropFirst(offset)
        do {
            var reader = ByteReader(rest.span)
            var size = UInt64(try reader.readUInt32())
            let type = BoxType(code: try reader.readUInt32())
            // 1 says that the size did not fit, 0 that the box goes on to the end.
            if size == 1 { size = try reader.readUInt64() }
            let length = size == 0 ? rest.count : Int(exactly: size) ?? .max
            guard length >= reader.offset, length <= rest.count else { throw DecodeError.truncated }
            let header = reader.offset
            let box = Box(
                type: type,
                body: rest.prefix(length).dropFirst(header),
                start: offset,
                headerLength: header
            )
            offset += length
            return box
        } catch {
            throw MediaError(.malformed, "box does not fit what it stands in")
        }
    }

    /// The first box of a type in some bytes.
    static func first(_ type: BoxType, in bytes: Slice) throws(MediaError) -> Slice? {
        var reader = BoxReader(bytes)
        while let box = try reader.next() {
            if box.type == type { return box.body }
        }
        return nil
    }

    /// Follows a path of types down; `nil` when a box is missing on the way.
    static func descend(_ path: [BoxType], in bytes: Slice) throws(MediaError) -> Slice? {
        var current = bytes
        for type in path {
            guard let inner = try first(type, in: current) else { return nil }
            current = inner
        }
        return current
    }
}

extension ByteReader {
    /// Big-endian.
    @_lifetime(self: copy self)
    mutating func readUInt32() throws(DecodeError) -> UInt32 {
        UInt32(try readUInt16()) << 16 | UInt32(try readUInt16())
    }

    @_lifetime(self: copy self)
    mutating func readUInt64() throws(DecodeError) -> UInt64 {
        UInt64(try readUInt32()) << 32 | UInt64(try readUInt32())
    }

    /// The version and the flags that begin a full box.
    @_lifetime(self: copy self)
    mutating func readVersionAndFlags() throws(DecodeError) -> (version: UInt8, flags: UInt32) {
        let word = try readUInt32()
        return (UInt8(truncatingIfNeeded: word >> 24), word & 0xff_ffff)
    }
}
