import BurrowBase
import BurrowMoQ
import Testing

@Suite struct GroupTests {
    private static let bare = hex("00 02 00 05  05 68656c6c6f  05 776f726c64")
    private static let timestamped = hex("00 02 00 05  801e8480 05 68656c6c6f  80009c40 05 776f726c64")

    private static func captured(_ version: Version) -> [UInt8] { version.hasTimestamps ? timestamped : bare }

    private static func content(_ version: Version) -> [Frame] {
        version.hasTimestamps
            ? [Frame(1_000_000, "hello"), Frame(20_000, "world")]
            : [Frame(nil, "hello"), Frame(nil, "world")]
    }

    /// Reads a whole group stream that arrives in pieces of `size` bytes.
    private func read(_ version: Version, _ bytes: [UInt8], size: Int) throws -> (GroupHeader?, [Frame]) {
        var opening = StreamOpeningParser(version)
        var header: GroupHeader?
        var rest: [[UInt8]] = []
        for start in stride(from: 0, to: bytes.count, by: size) {
            var input = slice(Array(bytes[start..<min(start + size, bytes.count)]))
            if header == nil, case .group(let found) = try opening.next(&input) { header = found }
            if header != nil { rest.append([UInt8](input)) }
        }
        return (header, try frames(timestamped: version.hasTimestamps, pieces: rest))
    }

    @Test(arguments: Version.allCases)
    func capturedInPiecesOfAnySize(version: Version) throws {
        let bytes = Self.captured(version)
        for size in 1...bytes.count {
            let (header, frames) = try read(version, bytes, size: size)
            #expect(header == GroupHeader(subscribeID: 0, sequence: 5))
            #expect(frames == Self.content(version))
        }
    }

    @Test(arguments: Version.allCases)
    func ours(version: Version) {
        var bytes = GroupHeader(subscribeID: 0, sequence: 5).streamOpening.bytes
        for frame in [Frame(1_000_000, "hello"), Frame(20_000, "world")] {
            let header = FrameHeader(timestampDelta: frame.delta ?? 0, payloadLength: frame.payload.count)
            bytes += header.encoded.bytes.dropFirst(version.hasTimestamps ? 0 : header.deltaLength)
            bytes += frame.payload
        }
        #expect(bytes == Self.captured(version))
    }

    @Test(arguments: Version.allCases)
    func truncatedGroups(version: Version) throws {
        let bytes = Self.captured(version)
        // A group may end after its header and after each frame, nowhere else.
        let whole = version.hasTimestamps ? [4, 14, 24] : [4, 10, 16]
        for length in 4...bytes.count {
            let prefix = Array(bytes.prefix(length).dropFirst(4))
            if let index = whole.firstIndex(of: length) {
                let found = try frames(timestamped: version.hasTimestamps, pieces: [prefix])
                #expect(found == Array(Self.content(version).prefix(index)))
            } else {
                #expect(throws: DecodeError.truncated) {
                    try frames(timestamped: version.hasTimestamps, pieces: [prefix])
                }
            }
        }
    }

    @Test func emptyFramesHaveOneEmptyPayload() throws {
        #expect(try frames(timestamped: false, pieces: [hex("00 00 01 61 00")]).count == 4)
        #expect(
            try frames(timestamped: true, pieces: [hex("01 00"), hex("02"), hex("00")]) == [
                Frame(-1, ""), Frame(1, ""),
            ]
        )
        var parser = GroupParser(timestamped: false)
        var input = slice([0])
        guard case .frame(nil, length: 0) = try parser.next(&input) else {
            Issue.record("no frame")
            return
        }
        #expect(!parser.isBetweenFrames)
        guard case .payload(let payload, isLast: true) = try parser.next(&input) else {
            Issue.record("no end of the frame")
            return
        }
        #expect(payload.count == 0)
        #expect(parser.isBetweenFrames)
    }

    @Test func payloadIsNotCopied() throws {
        let whole = slice(hex("05 68656c6c6f"))
        var input = whole
        var parser = GroupParser(timestamped: false)
        _ = try parser.next(&input)
        guard case .payload(let payload, isLast: true) = try parser.next(&input) else {
            Issue.record("no payload")
            return
        }
        #expect(payload.block === whole.block)
        #expect(payload.offset == 1)
    }

    @Test(arguments: [false, true])
    func frameSizeLimit(timestamped: Bool) throws {
        let delta: [UInt8] = timestamped ? [0] : []
        for (bytes, fits) in [("0a", true), ("0b", false), ("ffffffffffffffff", false), ("800f4240", false)] {
            var parser = GroupParser(timestamped: timestamped, frameLimit: 10)
            var input = slice(delta + hex(bytes))
            if fits {
                #expect(try parser.next(&input) != nil)
            } else {
                #expect(throws: DecodeError.tooLarge) { _ = try parser.next(&input) }
            }
        }
    }

    @Test(
        arguments: [
            (Int64(0), 0, 1), (1_000_000, 5, 4), (-1, 63, 1), (31, 64, 1), (-33, 16384, 2), (.max, .max, 8),
            (.min, -1, 8), (1 << 61 - 1, 1 << 30, 8), (-(1 << 61), 1, 8),
        ] as [(Int64, Int, Int)]
    )
    func frameHeaders(delta: Int64, length: Int, deltaLength: Int) throws {
        let header = FrameHeader(timestampDelta: delta, payloadLength: length)
        #expect(header.deltaLength == deltaLength)
        #expect(header.encoded.count <= 16)
        var reader = ByteReader(header.encoded.span)
        #expect(Varint.unzigzag(try reader.readVarint()) == min(max(delta, -(1 << 61)), 1 << 61 - 1))
        #expect(reader.offset == deltaLength)
        #expect(try reader.readVarint() == min(UInt64(max(length, 0)), Varint.max))
        try reader.expectEnd()
    }

    @Test func headersCopyIntoPlace() {
        let header = FrameHeader(timestampDelta: 1_000_000, payloadLength: 5).encoded
        let copy = unsafe SliceAllocator().allocate(header.count) { unsafe header.copy(to: $0) }
        #expect([UInt8](copy) == hex("801e8480 05"))
    }

    @Test(arguments: [
        ("another type", "01 22", StreamOpeningParser.Opening.other(1)),
        ("a large type", "c000000000000021", .other(0x21)),
        (
            "numbers longer than necessary", "4000 4010 c000000000000007 c000000000000009",
            .group(GroupHeader(subscribeID: 7, sequence: 9))
        ),
    ])
    func openings(name: String, bytes: String, expected: StreamOpeningParser.Opening) throws {
        var parser = StreamOpeningParser(.lite05)
        var input = slice(hex(bytes))
        #expect(try parser.next(&input) == expected)

        var slow = StreamOpeningParser(.lite05)
        var found: StreamOpeningParser.Opening?
        for byte in hex(bytes) where found == nil {
            var input = slice([byte])
            found = try slow.next(&input)
        }
        #expect(found == expected)
    }

    /// The error is the same however the bytes come, also when a number reaches beyond its message.
    @Test(arguments: [
        ("header too long", "00 11", DecodeError.malformed),
        ("header of lite-06", "00 03 00 05 00", .malformed),
        ("header too short", "00 01 00 05", .truncated),
        ("a gigantic header", "00 ffffffffffffffff", .malformed),
        ("a number beyond the header", "00 02 00 c0 0000", .truncated),
        ("a number just beyond the header", "00 02 07 40ff 00 00", .truncated),
    ])
    func hostileOpenings(name: String, bytes: String, error: DecodeError) {
        for pieces in [[hex(bytes)], hex(bytes).map { [$0] }] {
            #expect(throws: error) {
                var parser = StreamOpeningParser(.lite05)
                for piece in pieces {
                    var input = slice(piece)
                    _ = try parser.next(&input)
                }
            }
        }
    }
}

@Suite struct DatagramTests {
    @Test func captured() throws {
        let bytes = hex("00 1e 804c4b40 646772616d")
        let header = DatagramHeader(subscribeID: 0, sequence: 30, timestamp: 5_000_000)
        let decoded = try DatagramHeader.decode(bytes.span)
        #expect(decoded.header == header)
        #expect(Array(bytes[decoded.payloadOffset...]) == Array("dgram".utf8))
        #expect(header.encode().bytes == Array(bytes.prefix(6)))
    }

    @Test func truncated() {
        let bytes = hex("00 1e 804c4b40")
        for length in 0..<bytes.count {
            #expect(throws: DecodeError.truncated) {
                try DatagramHeader.decode(Array(bytes.prefix(length)).span)
            }
        }
    }

    @Test func largest() throws {
        let header = DatagramHeader(subscribeID: .max, sequence: .max, timestamp: .max)
        let decoded = try DatagramHeader.decode(header.encode().span)
        let most = Varint.max
        #expect(decoded.header == DatagramHeader(subscribeID: most, sequence: most, timestamp: most))
        #expect(decoded.payloadOffset == 24)
    }
}
