import BurrowBase
import BurrowMedia
import Testing

/// The containers `legacy` and `loc`: hang.md of the reference, §3.
@Suite struct ContainerTests {
    /// Captured from upstream publishers.
    @Test(arguments: [
        ("8015f900 fcac9c", 1_440_000, "fcac9c"),
        ("8014c080 0000000167", 1_360_000, "0000000167"),
        ("80155cc0 0000000161", 1_400_000, "0000000161"),
        ("800a6040 000000f265", 680_000, "000000f265"),
    ])
    func legacy(hex: String, timestamp: Int64, payload: String) throws {
        #expect(try unpack(bytes(hex), .legacy) == [Unpacked(timestamp, true, bytes(payload))])
        let written = try LegacyFrame.write(
            timestamp: timestamp,
            payload: bytes(payload).span,
            allocator: SliceAllocator()
        )
        #expect([UInt8](written) == bytes(hex))
    }

    @Test(
        arguments: [
            0, 1, 63, 64, 16383, 16384, (1 << 30) - 1, 1 << 30, HangLimits.timestamp,
        ] as [Int64]
    )
    func legacyOfEveryLength(timestamp: Int64) throws {
        let payload: [UInt8] = [9, 8, 7]
        let written = try LegacyFrame.write(
            timestamp: timestamp,
            payload: payload.span,
            allocator: SliceAllocator()
        )
        #expect(written.count == Varint.length(UInt64(timestamp)) + 3)
        #expect(try unpack([UInt8](written), .legacy) == [Unpacked(timestamp, true, payload)])
    }

    @Test(arguments: [-1, Int64.min, HangLimits.timestamp + 1, .max])
    func noSuchTimestamp(timestamp: Int64) {
        #expect(throws: MediaError.self) {
            try LegacyFrame.write(timestamp: timestamp, payload: [1].span, allocator: SliceAllocator())
        }
    }

    @Test func onlyTheFirstPictureOfAGroupIsAKey() throws {
        let frame = bytes("8015f900 fc")
        #expect(try unpack(frame, .legacy, .video, isFirst: true).map(\.isKey) == [true])
        #expect(try unpack(frame, .legacy, .video, isFirst: false).map(\.isKey) == [false])
        #expect(try unpack(frame, .legacy, .audio, isFirst: false).map(\.isKey) == [true])
    }

    @Test(arguments: [Container.legacy, .loc])
    func emptyPayloadsAreSkipped(container: Container) throws {
        #expect(try unpack([], container).isEmpty)
        #expect(try unpack(bytes(container == .loc ? "05 10 80107ac0" : "8015f900"), container).isEmpty)
    }

    @Test(arguments: ["80", "8015f9", "c0", "40"])
    func aTimestampCutOff(hex: String) {
        #expect(throws: MediaError(.malformed, "frame is too short for its timestamp")) {
            try unpack(bytes(hex), .legacy)
        }
    }

    @Test(arguments: [
        // Captured.
        ("05 10 80107ac0 fcac5a", 1_080_000),
        // The type that older publishers use, and both, of which the newer counts.
        ("05 06 80107ac0 fcac5a", 1_080_000),
        ("04 06 01 0a 02 fcac5a", 2),
        // Timescale of 1000 before the timestamp, and after it where the difference is no longer possible.
        ("05 08 43e8 08 07 fcac5a", 7000),
        // A video configuration behind it.
        ("0a 0d 03 010203 03 4064 04 00 fcac5a", 100),
        ("05 0d 01 ff 03 05 fcac5a", 5),
    ])
    func loc(hex: String, timestamp: Int64) throws {
        #expect(try unpack(bytes(hex), .loc) == [Unpacked(timestamp, true, bytes("fcac5a"))])
    }

    @Test(arguments: [
        "00 fc", "05", "05 10 8010", "01 10 05", "02 0d 05 fc", "7fff", "02 08 05 fc", "04 08 00 08 01 fc",
        "0a 10 ffffffffffffffff fc", "0b 08 01 08 ffffffffffffffff fc",
        "12 ffffffffffffffff 00 ffffffffffffffff 00 fc", "ffffffffffffffff",
    ])
    func damagedLoc(hex: String) {
        #expect(throws: MediaError.self) { try unpack(bytes(hex), .loc) }
    }

    @Test func damagedFrames() {
        var random = SeededRandom(seed: 3)
        for example in ["8015f900 fcac9c", "05 10 80107ac0 fcac5a", "0a 0d 03 010203 03 4064 04 00 fcac5a"] {
            for _ in 0..<1000 {
                var damaged = bytes(example)
                damaged[Int(random.next() % UInt64(damaged.count))] = UInt8(truncatingIfNeeded: random.next())
                damaged.removeLast(Int(random.next() % 3))
                for container in [Container.legacy, .loc] {
                    guard let frames = try? unpack(damaged, container) else { continue }
                    #expect(frames.allSatisfy { (0...HangLimits.timestamp).contains($0.timestamp) })
                    #expect(frames.reduce(0) { $0 + $1.payload.count } < damaged.count)
                }
            }
        }
    }
}
