package import BurrowBase

/// Writing of the presentation language (RFC 9420 §2).
///
/// The prefix of a vector is a QUIC integer in its shortest form, which is the same thing below 2^30 bytes; nothing of
/// ours gets near that.
extension ByteWriter {
    package mutating func writeUInt32(_ value: UInt32) {
        writeUInt16(UInt16(truncatingIfNeeded: value >> 16))
        writeUInt16(UInt16(truncatingIfNeeded: value))
    }

    package mutating func writeUInt64(_ value: UInt64) {
        writeUInt32(UInt32(truncatingIfNeeded: value >> 32))
        writeUInt32(UInt32(truncatingIfNeeded: value))
    }

    /// `opaque value<V>`
    package mutating func writeOpaque(_ value: [UInt8]) {
        writeVarint(UInt64(value.count))
        writeBytes(value)
    }

    /// `T values<V>`
    package mutating func writeList<T: WireValue>(_ values: [T]) {
        guard !values.isEmpty else { return writeUInt8(0) }
        writeMessage { (inner) in
            for value in values { value.encode(to: &inner) }
        }
    }

    /// `optional<T>`
    package mutating func writeOptional<T: WireValue>(_ value: T?) {
        guard let value else {
            writeUInt8(0)
            return
        }
        writeUInt8(1)
        value.encode(to: &self)
    }

    package mutating func writeUInt16List(_ values: [UInt16]) {
        writeVarint(UInt64(2 * values.count))
        for value in values { writeUInt16(value) }
    }
}
