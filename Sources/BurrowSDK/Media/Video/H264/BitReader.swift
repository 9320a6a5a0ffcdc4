package import BurrowBase

/// Reads the syntax elements of H.264 parameter sets bit by bit (ITU-T H.264 §7.2, §9.1). Never traps: whatever is
/// not there is an error.
///
/// It reads the payload of a NAL unit: the emulation prevention bytes (00 00 03) are left out on the way.
package struct BitReader: ~Escapable {
    private var reader: ByteReader
    private var current: UInt8 = 0
    private var left = 0
    private var zeros = 0

    @_lifetime(copy payload)
    package init(_ payload: Span<UInt8>) {
        reader = ByteReader(payload)
    }

    @_lifetime(self: copy self)
    package mutating func bit() throws(DecodeError) -> Bool {
        if left == 0 {
            current = try nextByte()
            left = 8
        }
        left -= 1
        return current >> UInt8(left) & 1 != 0
    }

    @_lifetime(self: copy self)
    private mutating func nextByte() throws(DecodeError) -> UInt8 {
        var byte = try reader.readUInt8()
        if zeros >= 2 && byte == 3 {
            zeros = 0
            byte = try reader.readUInt8()
        }
        zeros = byte == 0 ? zeros + 1 : 0
        return byte
    }

    /// `u(n)`, at most 32 bits.
    @_lifetime(self: copy self)
    package mutating func bits(_ count: Int) throws(DecodeError) -> UInt32 {
        guard (0...32).contains(count) else { throw .malformed }
        var value: UInt32 = 0
        for _ in 0..<count { value = value << 1 | (try bit() ? 1 : 0) }
        return value
    }

    /// `ue(v)`, from 0 to 2^32 - 2.
    @_lifetime(self: copy self)
    package mutating func unsigned() throws(DecodeError) -> UInt32 {
        var leading = 0
        while !(try bit()) {
            leading += 1
            guard leading <= 31 else { throw .malformed }
        }
        return (1 << UInt32(leading)) - 1 + (try bits(leading))
    }

    /// `ue(v)` of a syntax element that has a largest value.
    @_lifetime(self: copy self)
    package mutating func unsigned(upTo limit: Int) throws(DecodeError) -> Int {
        let value = Int(try unsigned())
        guard value <= limit else { throw .tooLarge }
        return value
    }

    /// `se(v)`.
    @_lifetime(self: copy self)
    package mutating func signed() throws(DecodeError) -> Int {
        let code = Int(try unsigned())
        return code & 1 == 1 ? code / 2 + 1 : -(code / 2)
    }
}
