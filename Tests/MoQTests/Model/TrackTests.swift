import BurrowBase
import BurrowMoQ
import Testing

@Suite struct TrackTests {
    private let context = SessionContext(allocator: SliceAllocator(), unixOffset: 0)

    private func at(_ milliseconds: Int64) -> Instant { Instant(microseconds: milliseconds * 1000) }

    private func track(maxAge: Interval = .seconds(1)) throws -> Track {
        let info = TrackInfo(maxAge: maxAge, timescale: 1000)
        return Track(broadcast: try BroadcastPath("room/bob"), name: "chat", info: info, context: context)
    }

    private func write(_ text: String, timestamp: Int64, to group: Group) {
        let bytes = Array(text.utf8)
        unsafe bytes.withUnsafeBytes {
            unsafe group.appendFrame(timestamp: timestamp, payload: $0, allocator: context.allocator)
        }
    }

    private func payload(_ group: Group, _ index: Int) -> String {
        var bytes = [UInt8](repeating: 0, count: group.frames[index].length)
        unsafe bytes.withUnsafeMutableBytes {
            guard let start = $0.baseAddress else { return }
            unsafe group.copyPayload(of: index, to: start)
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test func framesComeBackAsTheyWereWritten() throws {
        let group = try #require(try track().beginGroup(3, now: at(0)))
        write("hello", timestamp: 1000, to: group)
        write("", timestamp: 1020, to: group)
        write("world", timestamp: 1010, to: group)
        group.finish()
        #expect(group.completeFrames == 3)
        #expect(group.frames.map(\.timestamp) == [1000, 1020, 1010])
        #expect((0..<3).map { payload(group, $0) } == ["hello", "", "world"])
        #expect(group.log.end == .finished)
    }

    @Test func aFrameInPiecesIsCompleteWithItsLastPiece() throws {
        let group = try #require(try track().beginGroup(0, now: at(0)))
        let whole = context.allocator.copy(Array("abcdefgh".utf8).span)
        group.beginFrame(timestampDelta: 7, length: 8, allocator: context.allocator)
        group.append(payload: whole.prefix(3), allocator: context.allocator)
        #expect(group.completeFrames == 0)
        #expect(group.missingBytes == 5)
        group.append(payload: whole.dropFirst(3), allocator: context.allocator)
        #expect(group.completeFrames == 1)
        #expect(payload(group, 0) == "abcdefgh")
    }

    @Test func aGroupThatEndsInsideAFrameIsAborted() throws {
        let group = try #require(try track().beginGroup(0, now: at(0)))
        group.beginFrame(timestampDelta: 0, length: 8, allocator: context.allocator)
        group.finish()
        #expect(group.log.end == .aborted(StreamCode.malformed.wire))
    }

    @Test func bareReadersDoNotSeeTimestamps() throws {
        let group = try #require(try track().beginGroup(0, now: at(0)))
        write("hi", timestamp: 1_000_000, to: group)
        func bytes(bare: Bool) -> [UInt8] {
            var cursor = ByteLog.Cursor()
            var all: [UInt8] = []
            while let slice = group.log.next(at: &cursor, bare: bare) {
                all += [UInt8](slice)
                cursor.offset += slice.count
            }
            return all
        }
        #expect(bytes(bare: true) == [2] + Array("hi".utf8))
        #expect(bytes(bare: false) == [0x80, 0x1e, 0x84, 0x80, 2] + Array("hi".utf8))
    }

    @Test func groupsAreKeptInOrderAndOnce() throws {
        let track = try track()
        for sequence: UInt64 in [5, 3, 4, 6] { #expect(track.beginGroup(sequence, now: at(0)) != nil) }
        #expect(track.beginGroup(4, now: at(0)) == nil)
        #expect(track.groups.map(\.sequence) == [3, 4, 5, 6])
        #expect(track.latest?.sequence == 6)
    }

    @Test func oldGroupsExpireButNeverTheNewest() throws {
        let track = try track(maxAge: .milliseconds(100))
        for sequence: UInt64 in 0..<5 {
            let group = try #require(track.beginGroup(sequence, now: at(Int64(sequence) * 40)))
            write("x", timestamp: Int64(sequence) * 40, to: group)
            group.finish()
            context.updates.deliver(now: at(Int64(sequence) * 40))
        }
        // The first was superseded 120 ms before the newest came, the second 80 ms.
        #expect(track.groups.map(\.sequence) == [1, 2, 3, 4])
        #expect(track.isExpired(track.groups[0], maxAge: .zero))
        #expect(!track.isExpired(track.groups[3], maxAge: .zero))
    }

    @Test func theBudgetCountsWhatIsHeld() throws {
        do {
            let track = try track()
            let group = try #require(track.beginGroup(0, now: at(0)))
            write("12345678", timestamp: 0, to: group)
            context.updates.deliver(now: at(0))
            #expect(context.cache.bytes == group.footprint)
        }
        #expect(context.cache.bytes == 0)
    }

    @Test func aFullCacheKeepsOnlyNewestGroups() throws {
        let track = try track()
        context.cache.limit = 10
        for sequence: UInt64 in 0..<3 {
            let group = try #require(track.beginGroup(sequence, now: at(0)))
            write("12345678", timestamp: 0, to: group)
            group.finish()
        }
        context.updates.deliver(now: at(0))
        #expect(track.groups.map(\.sequence) == [2])
        #expect(track.counters.groupsDropped == 2)
    }

    @Test func usedGroupsAreMadeNewOnesWithoutAllocation() throws {
        let track = try track(maxAge: .zero)
        for sequence: UInt64 in 0..<20_000 {
            let group = try #require(track.beginGroup(sequence, now: at(Int64(sequence))))
            write("x", timestamp: Int64(sequence), to: group)
            group.finish()
            context.updates.deliver(now: at(Int64(sequence)))
        }
        let made = context.allocator.blocksMade
        for sequence: UInt64 in 20_000..<40_000 {
            let group = try #require(track.beginGroup(sequence, now: at(Int64(sequence))))
            write("x", timestamp: Int64(sequence), to: group)
            group.finish()
            context.updates.deliver(now: at(Int64(sequence)))
        }
        #expect(context.allocator.blocksMade == made)
        #expect(context.pool.groupsMade <= 8)
    }
}
