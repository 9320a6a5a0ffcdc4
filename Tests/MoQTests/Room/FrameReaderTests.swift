import BurrowBase
import BurrowMoQ
import Testing

@Suite struct FrameReaderTests {
    private let context = SessionContext(allocator: SliceAllocator(), unixOffset: 0)
    private let ready = ReadyReaders()

    private func at(_ milliseconds: Int64) -> Instant { Instant(microseconds: milliseconds * 1000) }

    private func track(timescale: UInt64 = 1_000_000) throws -> Track {
        let info = TrackInfo(maxAge: .seconds(5), timescale: timescale)
        return Track(broadcast: try BroadcastPath("a"), name: "t", info: info, context: context)
    }

    private func reader(ordered: Bool, maxAge: Interval = .milliseconds(200)) -> FrameReader {
        let options = SubscribeOptions(priority: 1, ordered: ordered, maxAge: maxAge)
        return FrameReader(id: TrackID(rawValue: 1), options: options, ready: ready)
    }

    private func write(_ track: Track, _ sequence: UInt64, frames: Int = 1, at time: Int64, ends: Bool = true)
    {
        guard let group = track.beginGroup(sequence, now: at(time)) else { return }
        for index in 0..<frames {
            unsafe [UInt8(index)].withUnsafeBytes {
                unsafe group.appendFrame(
                    timestamp: time * 1000 + Int64(index),
                    payload: $0,
                    allocator: context.allocator
                )
            }
        }
        if ends { group.finish() }
        track.note(group)
        context.updates.deliver(now: at(time))
    }

    private func drain(_ reader: FrameReader, at time: Int64) -> [String] {
        var all: [String] = []
        while let frame = reader.next(now: at(time)) {
            all.append("\(frame.group).\(frame.index)" + (frame.isDiscontinuous ? "!" : ""))
        }
        return all
    }

    private func pieces(_ reader: FrameReader, at time: Int64) -> [String] {
        var all: [String] = []
        while let piece = reader.nextPiece(now: at(time)) {
            switch piece {
            case .frame(let frame): all.append("\(frame.group).\(frame.index)")
            case .groupEnd(let group, let count, let isWhole):
                all.append("\(group)/\(count)\(isWhole ? "" : "?")")
            case .restart: all.append("restart")
            }
        }
        return all
    }

    @Test(arguments: [true, false]) func theEndOfAGroupIsTold(ordered: Bool) throws {
        let track = try track()
        let reader = reader(ordered: ordered)
        reader.attach(to: track, now: at(0))
        write(track, 0, frames: 2, at: 0)
        write(track, 1, frames: 0, at: 1)
        write(track, 2, frames: 1, at: 2, ends: false)
        #expect(pieces(reader, at: 2) == ["0.0", "0.1", "0/2", "1/0", "2.0"])
        track.group(2)?.abort(.cancelled)
        if let group = track.group(2) { track.note(group) }
        context.updates.deliver(now: at(3))
        #expect(pieces(reader, at: 3) == ["2/1?"])
    }

    @Test func soIsThatAGroupIsGivenUp() throws {
        let track = try track()
        let reader = reader(ordered: false)
        reader.attach(to: track, now: at(0))
        write(track, 0, frames: 1, at: 0, ends: false)
        #expect(pieces(reader, at: 0) == ["0.0"])
        write(track, 1, at: 100)
        write(track, 2, at: 400)
        #expect(pieces(reader, at: 400) == ["0/1?", "1.0", "1/1", "2.0", "2/1"])
    }

    @Test func soIsAPublisherThatStartsAnew() throws {
        let reader = reader(ordered: false)
        let before = try track()
        reader.attach(to: before, now: at(0))
        write(before, 7, at: 0)
        #expect(pieces(reader, at: 0) == ["7.0", "7/1"])
        reader.detach()
        let after = try track()
        write(after, 1, at: 500)
        reader.attach(to: after, now: at(500))
        #expect(pieces(reader, at: 500) == ["restart", "1.0", "1/1"])
    }

    @Test(arguments: [true, false]) func whatComesTwoWaysIsReadOnce(ordered: Bool) throws {
        let reader = reader(ordered: ordered)
        let (before, after) = (try track(), try track())
        before.setState(.live)
        reader.attach(to: before, now: at(0))
        write(before, 0, at: 0)
        write(before, 1, frames: 2, at: 1, ends: false)
        #expect(drain(reader, at: 1) == ["0.0", "1.0", "1.1"])
        write(after, 1, frames: 3, at: 2)
        reader.handOver(to: after, now: at(2))
        #expect(drain(reader, at: 2) == ["1.2"])
        // Whichever is quicker; the one may have what the other has not.
        write(before, 2, at: 3)
        write(after, 2, at: 4)
        write(after, 3, at: 5)
        write(before, 3, at: 6)
        write(before, 4, at: 7)
        write(after, 5, at: 8)
        #expect(drain(reader, at: 8) == ["2.0", "3.0", "4.0", "5.0"])
        reader.dropFormer()
        write(before, 6, at: 9)
        #expect(drain(reader, at: 9).isEmpty)
        write(after, 6, at: 10)
        #expect(drain(reader, at: 10) == ["6.0"])
    }

    @Test func whoStartsAnewIsNotTakenForAnotherWay() throws {
        let reader = reader(ordered: true)
        let (before, after) = (try track(), try track())
        before.setState(.live)
        reader.attach(to: before, now: at(0))
        write(before, 7, at: 0)
        #expect(pieces(reader, at: 0) == ["7.0", "7/1"])
        reader.handOver(to: after, now: at(1))
        write(before, 8, at: 2)
        #expect(pieces(reader, at: 2) == ["8.0", "8/1"])
        write(after, 1, at: 3)
        write(before, 9, at: 4)
        #expect(pieces(reader, at: 4) == ["restart", "1.0", "1/1"])
    }

    @Test func unorderedFramesComeAsTheyArrive() throws {
        let track = try track()
        let reader = reader(ordered: false)
        reader.attach(to: track, now: at(0))
        write(track, 1, frames: 2, at: 0)
        write(track, 0, at: 1)
        #expect(drain(reader, at: 1) == ["0.0", "1.0", "1.1"])
        write(track, 3, at: 2)
        #expect(drain(reader, at: 2) == ["3.0"])
        #expect(drain(reader, at: 2).isEmpty)
    }

    @Test func orderedFramesWaitForAMissingGroupAsLongAsTheAgeAllows() throws {
        let track = try track()
        let reader = reader(ordered: true)
        reader.attach(to: track, now: at(0))
        write(track, 0, at: 0)
        #expect(drain(reader, at: 0) == ["0.0"])
        write(track, 2, at: 20)
        #expect(drain(reader, at: 20).isEmpty)
        #expect(reader.deadline == at(220))
        write(track, 1, at: 40)
        #expect(drain(reader, at: 40) == ["1.0", "2.0"])
        write(track, 4, at: 60)
        #expect(drain(reader, at: 259).isEmpty)
        #expect(drain(reader, at: 260) == ["4.0"])
    }

    @Test func aLateJoinerBeginsWithTheNewestGroupFromItsFirstFrame() throws {
        let track = try track()
        write(track, 7, at: 0)
        write(track, 8, frames: 3, at: 20, ends: false)
        let reader = reader(ordered: true)
        reader.attach(to: track, now: at(30))
        #expect(drain(reader, at: 30) == ["8.0", "8.1", "8.2"])
    }

    @Test func groupsThatGrowTooOldAreGivenUp() throws {
        let track = try track()
        let reader = reader(ordered: true)
        reader.attach(to: track, now: at(0))
        write(track, 0, at: 0, ends: false)
        #expect(drain(reader, at: 0) == ["0.0"])
        write(track, 1, at: 100)
        #expect(drain(reader, at: 100).isEmpty)
        write(track, 2, at: 300)
        #expect(drain(reader, at: 300) == ["1.0!", "2.0"])
        #expect(reader.counters.expiredGroups == 1)
    }

    @Test(arguments: [true, false]) func aReconnectedReaderGoesOnWhereItWas(ordered: Bool) throws {
        let reader = reader(ordered: ordered)
        let before = try track()
        reader.attach(to: before, now: at(0))
        write(before, 4, at: 0)
        write(before, 5, frames: 2, at: 20, ends: false)
        #expect(drain(reader, at: 20) == ["4.0", "5.0", "5.1"])
        reader.detach()
        let after = try track()
        write(after, 5, frames: 3, at: 500, ends: false)
        reader.attach(to: after, now: at(500))
        #expect(drain(reader, at: 500) == ["5.2!"])
    }

    @Test func nothingComesTwiceAfterAReconnect() throws {
        let reader = reader(ordered: false)
        let before = try track()
        reader.attach(to: before, now: at(0))
        write(before, 10, at: 0)
        write(before, 12, at: 20)
        #expect(drain(reader, at: 20) == ["10.0", "12.0"])
        write(before, 11, at: 30)
        #expect(drain(reader, at: 30) == ["11.0"])
        reader.detach()
        let after = try track()
        write(after, 12, at: 500)
        reader.attach(to: after, now: at(500))
        write(after, 13, at: 510)
        #expect(drain(reader, at: 510) == ["13.0!"])
    }

    @Test(arguments: [true, false]) func aGroupCutOffByTheLossOfTheConnectionGoesOn(ordered: Bool) throws {
        let reader = reader(ordered: ordered)
        let before = try track()
        reader.attach(to: before, now: at(0))
        write(before, 4, frames: 2, at: 0, ends: false)
        #expect(drain(reader, at: 0) == ["4.0", "4.1"])
        let group = try #require(before.latest)
        group.abort(.sessionClosed)
        before.note(group)
        context.updates.deliver(now: at(10))
        #expect(drain(reader, at: 10).isEmpty)
        reader.detach()
        let after = try track()
        write(after, 4, frames: 4, at: 500)
        reader.attach(to: after, now: at(500))
        write(after, 5, at: 510)
        #expect(drain(reader, at: 510) == ["4.2!", "4.3", "5.0"])
    }

    @Test(arguments: [true, false]) func aRestartedPublisherIsReadFromItsBeginning(ordered: Bool) throws {
        let reader = reader(ordered: ordered)
        let before = try track()
        reader.attach(to: before, now: at(0))
        write(before, 900, at: 0)
        #expect(drain(reader, at: 0) == ["900.0"])
        reader.detach()
        let after = try track()
        reader.attach(to: after, now: at(500))
        write(after, 0, at: 500)
        write(after, 1, at: 520)
        #expect(drain(reader, at: 520) == ["0.0!", "1.0"])
    }

    @Test func timestampsAreMicrosecondsWhateverTheTimescale() throws {
        let track = try track(timescale: 1000)
        let reader = reader(ordered: false)
        reader.attach(to: track, now: at(0))
        let group = try #require(track.beginGroup(0, now: at(0)))
        for stamp in [Int64(1500), -20, .max] {
            unsafe [UInt8(1)].withUnsafeBytes {
                unsafe group.appendFrame(timestamp: stamp, payload: $0, allocator: context.allocator)
            }
        }
        track.note(group)
        context.updates.deliver(now: at(0))
        #expect(reader.next(now: at(0))?.timestamp == 1_500_000)
        #expect(reader.next(now: at(0))?.timestamp == -20_000)
        #expect(reader.next(now: at(0))?.timestamp == .max)
    }
}
