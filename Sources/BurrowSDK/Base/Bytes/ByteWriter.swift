/// Builds a message. Grows as needed.
package struct ByteWriter {
    package private(set) var bytes: [UInt8] = []

    package init() {}

    /// Makes room for `count` more bytes, for who knows about how many there will be.
    package mutating func reserve(_ count: Int) {
        bytes.reserveCapacity(bytes.count + max(count, 0))
    }

    /// Takes back what was written after the first `count` bytes.
    package mutating func truncate(to count: Int) {
        bytes.removeLast(bytes.count - min(max(count, 0), bytes.count))
    }

    package mutating func writeUInt8(_ value: UInt8) {
        bytes.append(value)
    }

    /// Big-endian.
    package mutating func writeUInt16(_ value: UInt16) {
        bytes.append(UInt8(truncatingIfNeeded: value >> 8))
        bytes.append(UInt8(truncatingIfNeeded: value))
    }

    /// A QUIC variable-length integer in its shortest form. Values above 2^62 - 1 are clamped to it; no protocol
    /// field of ours gets that large.
    package mutating func writeVarint(_ value: UInt64) {
        if value < 1 << 6 { return writeUInt8(UInt8(truncatingIfNeeded: value)) }
        let value = min(value, Varint.max)
        let length = Varint.length(value)
        let mark = UInt8(truncatingIfNeeded: length.trailingZeroBitCount) << 6
        for index in 0..<length {
            let shift = 8 * (length - 1 - index)
            let byte = UInt8(truncatingIfNeeded: value >> UInt64(shift))
            bytes.append(index == 0 ? byte | mark : byte)
        }
    }

    package mutating func writeBytes(_ more: [UInt8]) {
        bytes.append(contentsOf: more)
    }

    /// UTF-8 text behind a varint length.
    package mutating func writeString(_ text: String) {
        writeVarint(UInt64(text.utf8.count))
        bytes.append(contentsOf: text.utf8)
    }

    /// A varint length followed by what `body` writes.
    package mutating func writeMessage(_ body: (inout ByteWriter) -> Void) {
        var inner = ByteWriter()
        body(&inner)
        writeVarint(UInt64(inner.bytes.count))
        bytes.append(contentsOf: inner.bytes)
    }
}

/// The numbers of RFC 9000 §16.
package enum Varint {
    package static let max: UInt64 = (1 << 62) - 1

    /// How many bytes the shortest form takes.
    package static func length(_ value: UInt64) -> Int {
        if value < 1 << 6 { return 1 }
        if value < 1 << 14 { return 2 }
        if value < 1 << 30 { return 4 }
        return 8
    }

    /// Signed numbers folded so that small ones of either sign stay short.
    package static func zigzag(_ value: Int64) -> UInt64 {
        UInt64(bitPattern: (value << 1) ^ (value >> 63))
    }

    package static func unzigzag(_ value: UInt64) -> Int64 {
        Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
    }
}
