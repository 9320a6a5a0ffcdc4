package import BurrowBase

/// Reading of the presentation language (RFC 9420 §2): what is missing, not minimal or too much is an error.
package enum Wire {
    package static func uint8(_ reader: inout ByteReader) throws(MLSError) -> UInt8 {
        do { return try reader.readUInt8() } catch { throw truncated }
    }

    package static func uint16(_ reader: inout ByteReader) throws(MLSError) -> UInt16 {
        do { return try reader.readUInt16() } catch { throw truncated }
    }

    package static func uint32(_ reader: inout ByteReader) throws(MLSError) -> UInt32 {
        UInt32(try uint16(&reader)) << 16 | UInt32(try uint16(&reader))
    }

    package static func uint64(_ reader: inout ByteReader) throws(MLSError) -> UInt64 {
        UInt64(try uint32(&reader)) << 32 | UInt64(try uint32(&reader))
    }

    /// The length prefix of a vector (RFC 9420 §2.1.2), not yet compared with what follows.
    package static func lengthPrefix(_ reader: inout ByteReader) throws(MLSError) -> Int {
        let first = try uint8(&reader)
        let start = Int(first & 0x3f)
        let length: Int
        switch first >> 6 {
        case 0: return start
        case 1:
            length = start << 8 | Int(try uint8(&reader))
            guard length >= 1 << 6 else { throw notMinimal }
        case 2:
            let low = Int(try uint8(&reader)) << 16 | Int(try uint16(&reader))
            length = start << 24 | low
            guard length >= 1 << 14 else { throw notMinimal }
        default: throw MLSError(.codecInvalidLength, "length prefix of a form that does not exist")
        }
        return length
    }

    /// The length of a vector all of which is there.
    package static func length(_ reader: inout ByteReader) throws(MLSError) -> Int {
        let length = try lengthPrefix(&reader)
        guard length <= reader.remaining else { throw truncated }
        return length
    }

    /// `opaque value<V>`
    package static func opaque(_ reader: inout ByteReader) throws(MLSError) -> [UInt8] {
        try bytes(&reader, count: try length(&reader))
    }

    package static func bytes(_ reader: inout ByteReader, count: Int) throws(MLSError) -> [UInt8] {
        do { return try reader.readBytes(count) } catch { throw truncated }
    }

    /// `optional<T>`: whether a value follows.
    package static func presence(_ reader: inout ByteReader) throws(MLSError) -> Bool {
        switch try uint8(&reader) {
        case 0: return false
        case 1: return true
        default: throw MLSError(.codecInvalidValue, "optional is neither absent nor present")
        }
    }

    package static func optional<T: WireValue>(_ reader: inout ByteReader) throws(MLSError) -> T? {
        try presence(&reader) ? T(from: &reader) : nil
    }

    /// `T values<V>`, at most `limit` of them.
    package static func list<T: WireValue>(_ reader: inout ByteReader, limit: Int) throws(MLSError) -> [T] {
        let length = try length(&reader)
        let end = reader.offset + length
        var values: [T] = []
        while reader.offset < end {
            guard values.count < limit else { throw MLSError(.codecLimit, "more than \(limit) \(T.self)") }
            values.append(try T(from: &reader))
        }
        guard reader.offset == end else {
            throw MLSError(.codecInvalidLength, "\(T.self) exceeds its vector")
        }
        return values
    }

    /// `uint16 values<V>`
    package static func uint16List(_ reader: inout ByteReader, limit: Int) throws(MLSError) -> [UInt16] {
        let length = try length(&reader)
        guard length.isMultiple(of: 2) else { throw MLSError(.codecInvalidLength, "half of a 16-bit value") }
        guard length / 2 <= limit else { throw MLSError(.codecLimit, "more than \(limit) values") }
        var values: [UInt16] = []
        values.reserveCapacity(length / 2)
        for _ in 0..<(length / 2) { values.append(try uint16(&reader)) }
        return values
    }

    package static var truncated: MLSError { MLSError(.codecTruncated, "message ends too early") }

    private static var notMinimal: MLSError {
        MLSError(.codecInvalidLength, "length prefix longer than necessary")
    }
}
