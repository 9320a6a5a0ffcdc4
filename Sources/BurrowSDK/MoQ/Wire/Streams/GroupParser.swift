package import BurrowBase

/// Finds the frames in a group stream, behind its header, without copying or holding any payload.
///
/// Every frame is one `.frame` and at least one `.payload`, the last of which says so; an empty frame has one empty
/// payload. Frames are bare up to lite-04 and begin with a timestamp in lite-05.
package struct GroupParser: Sendable {
    package enum Event {
        /// A frame of `length` bytes begins. The delta is `nil` where frames are bare.
        case frame(timestampDelta: Int64?, length: Int)
        case payload(Slice, isLast: Bool)
    }

    private enum State {
        case header
        case payload(remaining: Int)
    }

    private let timestamped: Bool
    private let frameLimit: Int
    private var state = State.header
    /// The front of a header that was split between slices, less than 16 bytes.
    private var partial = ShortHeader()

    package init(timestamped: Bool, frameLimit: Int = WireLimits.frameBytes) {
        self.timestamped = timestamped
        self.frameLimit = frameLimit
    }

    /// Whether the stream may end here.
    package var isBetweenFrames: Bool {
        if case .header = state { return partial.count == 0 }
        return false
    }

    /// Takes bytes from the front of `input` and says what they mean; `nil` once more input is needed.
    ///
    /// Call it until it returns `nil`, even with nothing left: the end of an empty frame needs no bytes. After an
    /// error the stream is beyond reading.
    package mutating func next(_ input: inout Slice) throws(DecodeError) -> Event? {
        switch state {
        case .header:
            guard let (delta, length) = try header(&input) else { return nil }
            state = .payload(remaining: length)
            return .frame(timestampDelta: delta, length: length)
        case .payload(let remaining):
            guard input.count > 0 || remaining == 0 else { return nil }
            let bytes = input.removeFirst(remaining)
            let rest = remaining - bytes.count
            state = rest == 0 ? .header : .payload(remaining: rest)
            return .payload(bytes, isLast: rest == 0)
        }
    }

    /// To be called when the stream ends.
    package func finish() throws(DecodeError) {
        guard isBetweenFrames else { throw .truncated }
    }

    private mutating func header(_ input: inout Slice) throws(DecodeError) -> (delta: Int64?, length: Int)? {
        if partial.count == 0 {
            var reader = ByteReader(input.span)
            if let found = try fields(&reader) {
                _ = input.removeFirst(reader.offset)
                return found
            }
        }
        while input.count > 0 {
            guard partial.append(input.span[0]) else { throw .malformed }
            _ = input.removeFirst(1)
            var reader = ByteReader(partial.span)
            if let found = try fields(&reader) {
                partial.removeAll()
                return found
            }
        }
        return nil
    }

    @_lifetime(reader: copy reader)
    private func fields(_ reader: inout ByteReader) throws(DecodeError) -> (delta: Int64?, length: Int)? {
        var delta: Int64?
        if timestamped {
            guard let folded = try? reader.readVarint() else { return nil }
            delta = Varint.unzigzag(folded)
        }
        guard let announced = try? reader.readVarint() else { return nil }
        guard let length = Int(exactly: announced), length <= frameLimit else { throw .tooLarge }
        return (delta, length)
    }
}
