package import BurrowBase

/// The header of a frame (RFC 9605 §4.3): which key, and which use of it.
///
/// Read strictly: only the shortest form of either number is accepted. The RFC asks it of senders alone, but the header is
/// part of what tells a frame from its repetition, so there has to be one form.
package struct SFrameHeader: Equatable, Sendable {
    /// The configuration byte and two numbers of 8 bytes.
    package static let longestByteCount = 17

    package let keyID: UInt64
    package let counter: UInt64

    package init(keyID: UInt64, counter: UInt64) {
        self.keyID = keyID
        self.counter = counter
    }

    package init(from reader: inout ByteReader) throws(DecodeError) {
        let configuration = try reader.readUInt8()
        keyID = try Self.number(configuration >> 4, from: &reader)
        counter = try Self.number(configuration & 0xf, from: &reader)
    }

    /// A number as four bits of the configuration byte announce it: itself, or how many bytes it takes.
    private static func number(_ bits: UInt8, from reader: inout ByteReader) throws(DecodeError) -> UInt64 {
        guard bits & 8 != 0 else { return UInt64(bits) }
        let count = Int(bits & 7) + 1
        var value: UInt64 = 0
        for _ in 0..<count { value = value << 8 | UInt64(try reader.readUInt8()) }
        guard value >= 8, length(value) == count else { throw .malformed }
        return value
    }

    /// How many bytes a number takes behind the configuration byte.
    private static func length(_ value: UInt64) -> Int {
        value < 8 ? 0 : (71 - value.leadingZeroBitCount) / 8
    }

    package var byteCount: Int { 1 + Self.length(keyID) + Self.length(counter) }

    package var bytes: [UInt8] {
        var result = [UInt8](repeating: 0, count: byteCount)
        unsafe result.withUnsafeMutableBytes { unsafe write(to: $0) }
        return result
    }

    /// Writes `byteCount` bytes, or none if they do not fit.
    func write(to target: UnsafeMutableRawBufferPointer) {
        guard target.count >= byteCount else { return }
        unsafe target[0] = Self.bits(keyID) << 4 | Self.bits(counter)
        let position = unsafe Self.write(keyID, to: target, at: 1)
        _ = unsafe Self.write(counter, to: target, at: position)
    }

    private static func bits(_ value: UInt64) -> UInt8 {
        value < 8 ? UInt8(truncatingIfNeeded: value) : UInt8(truncatingIfNeeded: length(value) - 1) | 8
    }

    private static func write(_ value: UInt64, to target: UnsafeMutableRawBufferPointer, at first: Int) -> Int
    {
        let count = length(value)
        for index in 0..<count {
            let shift = UInt64(8 * (count - 1 - index))
            unsafe target[first + index] = UInt8(truncatingIfNeeded: value >> shift)
        }
        return first + count
    }
}
