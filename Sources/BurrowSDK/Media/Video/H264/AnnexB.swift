/// One network abstraction layer unit (ITU-T H.264 §7.3.1): a range of an access unit's bytes, its header first.
package struct NALUnit: Equatable, Sendable {
    /// The kinds this library looks at (H.264 table 7-1).
    package enum Kind: UInt8, Sendable {
        case slice = 1
        case partitionA = 2
        case keySlice = 5
        case enhancement = 6
        case sequenceParameterSet = 7
        case pictureParameterSet = 8
        case delimiter = 9
    }

    package var range: Range<Int>
    package var header: UInt8

    /// Nil for kinds that change nothing here.
    package var kind: Kind? { Kind(rawValue: header & 0x1f) }
    /// Whether other pictures may refer to this one.
    package var isReference: Bool { header & 0x60 != 0 }
}

/// Finds the NAL units of a byte stream (H.264 Annex B): each behind 00 00 01 or 00 00 00 01.
///
/// Never fails: bytes before the first start code are skipped, an empty unit is left out, and so are the zeros between
/// a unit and the next start code.
package struct AnnexB: ~Escapable {
    private let bytes: Span<UInt8>
    /// Behind the start code of the next unit; nil at the end.
    private var next: Int?

    @_lifetime(copy bytes)
    package init(_ bytes: Span<UInt8>) {
        self.bytes = bytes
        next = Self.startCode(in: bytes, from: 0)?.upperBound
    }

    @_lifetime(self: copy self)
    package mutating func nextUnit() -> NALUnit? {
        while let start = next {
            let code = Self.startCode(in: bytes, from: start)
            next = code?.upperBound
            var end = code?.lowerBound ?? bytes.count
            while end > start && bytes[end - 1] == 0 { end -= 1 }
            if end > start { return NALUnit(range: start..<end, header: bytes[start]) }
        }
        return nil
    }

    /// The next 00 00 01.
    private static func startCode(in bytes: Span<UInt8>, from start: Int) -> Range<Int>? {
        var index = start + 2
        while index < bytes.count {
            switch bytes[index] {
            case 0: index += 1
            case 1 where bytes[index - 1] == 0 && bytes[index - 2] == 0: return (index - 2)..<(index + 1)
            // Neither this nor the next two can end a start code that begins before this one.
            default: index += 3
            }
        }
        return nil
    }
}

/// Finds the NAL units of an access unit as in ISO/IEC 14496-15 §5.3: each behind its length.
package struct LengthPrefixedUnits: ~Escapable {
    private let bytes: Span<UInt8>
    private let lengthSize: Int
    private var offset = 0

    /// `lengthSize` is 1 to 4.
    @_lifetime(copy bytes)
    package init(_ bytes: Span<UInt8>, lengthSize: Int) {
        self.bytes = bytes
        self.lengthSize = min(max(lengthSize, 1), 4)
    }

    /// Nil at the end. Empty units are left out.
    @_lifetime(self: copy self)
    package mutating func nextUnit() throws(MediaError) -> NALUnit? {
        while offset < bytes.count {
            guard bytes.count - offset >= lengthSize else {
                throw MediaError(.malformed, "length of a unit cut off")
            }
            var length = 0
            for _ in 0..<lengthSize {
                length = length << 8 | Int(bytes[offset])
                offset += 1
            }
            guard length <= bytes.count - offset else {
                throw MediaError(.malformed, "unit of \(length) bytes with \(bytes.count - offset) left")
            }
            let start = offset
            offset += length
            if length > 0 { return NALUnit(range: start..<offset, header: bytes[start]) }
        }
        return nil
    }
}
