package import BurrowBase

/// Reads the front of a unidirectional stream: its type and, for a group, the group's header. What follows stays in
/// the input, untouched, for `GroupParser` or a `MessageBuffer`. Holds at most 32 bytes and allocates nothing.
package struct StreamOpeningParser: Sendable {
    package enum Opening: Equatable, Sendable {
        case group(GroupHeader)
        /// Any other type; its bytes follow.
        case other(UInt64)
    }

    private let version: Version
    private var partial = ShortHeader()

    package init(_ version: Version) {
        self.version = version
    }

    /// Takes bytes from the front of `input`; `nil` when they do not suffice. To be called no more after success.
    package mutating func next(_ input: inout Slice) throws(DecodeError) -> Opening? {
        if partial.count == 0, let (opening, length) = try opening(input.span) {
            _ = input.removeFirst(length)
            return opening
        }
        while input.count > 0 {
            guard partial.append(input.span[0]) else { throw .malformed }
            _ = input.removeFirst(1)
            if let (opening, _) = try opening(partial.span) { return opening }
        }
        return nil
    }

    /// Whether bytes were taken for an opening that is not complete yet.
    package var isPartial: Bool { partial.count > 0 }

    private func opening(_ bytes: Span<UInt8>) throws(DecodeError) -> (Opening, length: Int)? {
        var reader = ByteReader(bytes)
        guard let type = try? reader.readVarint() else { return nil }
        guard type == UnidirectionalStreamType.group.rawValue else { return (.other(type), reader.offset) }
        guard let announced = try? reader.readVarint() else { return nil }
        // Two varints are all there is in the body, so nothing longer can be right.
        guard let length = Int(exactly: announced), length <= 16 else { throw .malformed }
        guard reader.remaining >= length else { return nil }
        let body = bytes.extracting(reader.offset..<(reader.offset + length))
        return (.group(try GroupHeader.decode(body, version)), reader.offset + length)
    }
}
