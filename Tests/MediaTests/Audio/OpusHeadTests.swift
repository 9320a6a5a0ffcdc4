import BurrowMedia
import Testing

@Suite struct OpusHeadTests {
    /// What a current publisher writes (hang §4).
    private let known: [UInt8] = [
        0x4f, 0x70, 0x75, 0x73, 0x48, 0x65, 0x61, 0x64, 1, 2, 0x38, 0x01, 0x80, 0xbb, 0, 0, 0, 0, 0,
    ]

    @Test func isWhatOthersWrite() throws {
        #expect(OpusHead(channels: 2, preSkip: 312).encode() == known)
        #expect(try OpusHead.decode(known.span) == OpusHead(channels: 2, preSkip: 312))
    }

    @Test(arguments: [
        OpusHead(channels: 1, preSkip: 0),
        OpusHead(channels: 1, preSkip: 65_535, inputRate: 192_000, gain: -32_768),
        OpusHead(channels: 2, preSkip: 1, inputRate: 0x0102_0304, gain: 258),
    ])
    func everyFieldSurvives(_ head: OpusHead) throws {
        #expect(try OpusHead.decode(head.encode().span) == head)
        #expect(head.encode().count == OpusHead.length)
    }

    @Test func everyPrefixIsMalformed() {
        for count in 0..<known.count {
            #expect(throws: MediaError(.malformed, "opus description: truncated")) {
                try OpusHead.decode(Array(known.prefix(count)).span)
            }
        }
    }

    @Test(arguments: [
        (0, 0x50, MediaError.Code.malformed), (8, 0x10, .unsupported), (9, 0, .malformed),
        (9, 3, .unsupported),
        (18, 1, .unsupported),
    ])
    func wrongFieldsAreRefused(_ offset: Int, _ value: UInt8, _ code: MediaError.Code) {
        var bytes = known
        bytes[offset] = value
        #expect { try OpusHead.decode(bytes.span) } throws: { ($0 as? MediaError)?.code == code }
    }
}
