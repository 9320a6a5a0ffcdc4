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
        var result = [UInt8](repeating: 0, count: Self.writeRoom)
        let count = unsafe result.withUnsafeMutableBytes { unsafe write(to: $0) }
        result.removeLast(result.count - count)
        return result
    }

    /// How much `write` may touch.
    static let writeRoom = longestByteCount + 8

    /// Writes the header and answers its length. What is behind it, up to `writeRoom`, is overwritten too: two stores are
    /// quicker than a loop over bytes, and this happens for every frame.
    func write(to target: UnsafeMutableRawBufferPointer) -> Int {
        guard target.count >= Self.writeRoom else { return 0 }
        let keyLength = Self.length(keyID)
        let counterLength = Self.length(counter)
        unsafe target[0] = Self.bits(keyID, keyLength) << 4 | Self.bits(counter, counterLength)
        unsafe target.storeBytes(of: Self.front(keyID, keyLength), toByteOffset: 1, as: UInt64.self)
        let next = 1 + keyLength
        unsafe target.storeBytes(of: Self.front(counter, counterLength), toByteOffset: next, as: UInt64.self)
        return next + counterLength
    }

    private static func bits(_ value: UInt64, _ length: Int) -> UInt8 {
        length == 0 ? UInt8(truncatingIfNeeded: value) : UInt8(truncatingIfNeeded: length - 1) | 8
    }

    /// The last `length` bytes of a number, as they are written, in front.
    private static func front(_ value: UInt64, _ length: Int) -> UInt64 {
        // A shift by all 64 bits gives 0, as it should.
        (value << UInt64(64 - 8 * length)).bigEndian
    }
}
