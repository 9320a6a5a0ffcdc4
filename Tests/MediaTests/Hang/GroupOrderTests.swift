import BurrowBase
import BurrowMedia
import BurrowMoQ
import Testing

/// The order of groups, and what is given up when: hang.md of the reference, §3 and §5.
@Suite struct GroupOrderTests {
    /// A consumer of one video track, told in short words what comes.
    struct Listener {
        var consumer: MediaConsumer
        let track: MediaTrackID
        var now = Instant(microseconds: 0)
        /// Groups of this one have pictures 40 ms apart, ten of them.
        static let step: Int64 = 40_000

        init(maxLatency: Interval = .milliseconds(500), container: Container = .legacy) throws {
            consumer = MediaConsumer(path: try BroadcastPath("room/alice"), maxLatency: maxLatency)
            consumer.want(video: VideoWish())
            var catalogue = Catalogue()
            var rendition = VideoRendition(name: "video", codec: "avc3.42c01f")
            rendition.container = container
            catalogue.video.renditions = [rendition]
            let document = slice(try catalogue.encoded())
            consumer.receive(document, of: .catalogue, group: 0, index: 0)
            var subscribed: MediaTrackID?
            while let action = consumer.nextAction() {
                if case .subscribe(let id, _, "video", _) = action { subscribed = id }
            }
            track = try #require(subscribed)
        }

        static func time(_ group: UInt64, _ index: Int) -> Int64 {
            (Int64(clamping: group) * 10 + Int64(index)) * step
        }

        mutating func take(_ group: UInt64, _ indices: Range<Int>) throws {
            for index in indices {
                let frame = try LegacyFrame.write(
                    timestamp: Self.time(group, index),
                    payload: [UInt8(truncatingIfNeeded: group), UInt8(truncatingIfNeeded: index)].span,
                    allocator: SliceAllocator()
                )
                consumer.receive(frame, of: track, group: group, index: index)
            }
        }

        mutating func end(_ group: UInt64, isWhole: Bool = true, count: Int = 10) {
            consumer.endGroup(group, of: track, isWhole: isWhole, count: count)
        }

        /// What comes out: `1.0` is the first frame of group 1, `*` marks a key frame, `!` a discontinuity, `|` a pause.
        mutating func heard() -> String {
            var words: [String] = []
            while let next = consumer.nextFrame(.video, now: now) {
                let payload = [UInt8](next.frame.payload)
                words.append(
                    (next.followsPause ? "|" : "") + (next.isDiscontinuous ? "!" : "")
                        + (next.frame.isKey ? "*" : "")
                        + "\(payload[0]).\(payload[1])"
                        + (next.isDecodedOnly ? "~" : "")
                )
            }
            return words.joined(separator: " ")
        }
    }

    @Test func framesComeOutAsTheyCome() throws {
        var listener = try Listener()
        try listener.take(3, 0..<2)
        #expect(listener.heard() == "*3.0 3.1")
        try listener.take(3, 2..<3)
        #expect(listener.heard() == "3.2")
        #expect(listener.heard() == "")
    }

    /// Hang §3: a group without a frame marks a break in time. What is lost marks none.
    @Test func aGroupWithoutAFrameIsAPause() throws {
        var listener = try Listener()
        try listener.take(0, 0..<2)
        listener.end(1, count: 0)
        #expect(listener.heard() == "*0.0 0.1")
        listener.end(0, count: 2)
        #expect(listener.heard() == "")
        try listener.take(2, 0..<2)
        #expect(listener.heard() == "|!*2.0 2.1")
        listener.end(2, count: 2)
        listener.end(3, isWhole: false, count: 0)
        try listener.take(4, 0..<1)
        #expect(listener.heard() == "!*4.0")
    }

    @Test func aNewerGroupWaitsForTheEndOfTheOlder() throws {
        var listener = try Listener()
        try listener.take(0, 0..<3)
        try listener.take(1, 0..<2)
        #expect(listener.heard() == "*0.0 0.1 0.2")
        try listener.take(0, 3..<10)
        #expect(listener.heard() == "0.3 0.4 0.5 0.6 0.7 0.8 0.9 *1.0 1.1")
    }

    @Test func theEndOfAGroupIsEnough() throws {
        var listener = try Listener()
        try listener.take(0, 0..<3)
        listener.end(0, count: 3)
        try listener.take(1, 0..<1)
        #expect(listener.heard() == "*0.0 0.1 0.2 *1.0")
    }

    @Test func groupsInAnyOrder() throws {
        var listener = try Listener()
        try listener.take(0, 0..<10)
        #expect(listener.heard().hasSuffix("0.9"))
        try listener.take(2, 0..<1)
        #expect(listener.heard() == "")
        try listener.take(1, 0..<10)
        #expect(listener.heard() == "*1.0 1.1 1.2 1.3 1.4 1.5 1.6 1.7 1.8 1.9 *2.0")
    }

    @Test func tooFarBehindIsGivenUp() throws {
        var listener = try Listener(maxLatency: .milliseconds(500))
        try listener.take(0, 0..<5)
        _ = listener.heard()
        // 0.4 was at 160 ms; 1.6 is at 640 ms.
        try listener.take(1, 0..<7)
        #expect(listener.heard() == "")
        try listener.take(1, 7..<8)
        #expect(listener.heard() == "!*1.0 1.1 1.2 1.3 1.4 1.5 1.6 1.7")
        try listener.take(0, 5..<10)
        #expect(listener.heard() == "")
        #expect(listener.consumer.counters.late == 5)
        #expect(listener.consumer.counters.skippedGroups == 1)
    }

    @Test func soIsWhatDoesNotComeInTime() throws {
        var listener = try Listener(maxLatency: .milliseconds(500))
        try listener.take(0, 0..<5)
        _ = listener.heard()
        try listener.take(1, 0..<2)
        #expect(listener.heard() == "")
        #expect(listener.consumer.deadline == listener.now + .milliseconds(500))
        listener.now = listener.now + .milliseconds(499)
        #expect(listener.heard() == "")
        listener.now = listener.now + .milliseconds(1)
        #expect(listener.heard() == "!*1.0 1.1")
        #expect(listener.consumer.deadline == .distantFuture)
    }

    @Test func aMissingGroupIsWaitedForAsLong() throws {
        var listener = try Listener(maxLatency: .milliseconds(300))
        try listener.take(0, 0..<10)
        listener.end(0)
        _ = listener.heard()
        try listener.take(2, 0..<2)
        // 2.0 is 440 ms after 0.9.
        #expect(listener.heard() == "!*2.0 2.1")
        try listener.take(1, 0..<1)
        #expect(listener.heard() == "")
    }

    @Test func anEmptyGroupIsABreak() throws {
        var listener = try Listener()
        try listener.take(0, 0..<10)
        listener.end(0)
        listener.end(1, count: 0)
        try listener.take(2, 0..<1)
        #expect(listener.heard().hasSuffix("0.9 |!*2.0"))
    }

    /// The next group may be lost, and known to be, before the present one has come.
    @Test func aGroupWithoutFramesHurriesNothing() throws {
        var listener = try Listener()
        try listener.take(0, 0..<3)
        listener.end(1, isWhole: false, count: 0)
        #expect(listener.heard() == "*0.0 0.1 0.2")
        try listener.take(0, 3..<10)
        #expect(listener.heard() == "0.3 0.4 0.5 0.6 0.7 0.8 0.9")
        listener.end(3, count: 0)
        #expect(listener.heard() == "")
        listener.end(0)
        try listener.take(2, 0..<1)
        #expect(listener.heard() == "!*2.0")
    }

    @Test func framesNobodyTakesAreBounded() throws {
        var listener = try Listener()
        let frame = slice([0] + [UInt8](repeating: 7, count: 1 << 20))
        for index in 0..<100 { listener.consumer.receive(frame, of: listener.track, group: 0, index: index) }
        #expect(listener.heard() == "")
        #expect(listener.consumer.counters.late > 80)
        try listener.take(1, 0..<1)
        #expect(listener.heard() == "!*1.0")
    }

    @Test func aCutGroupIsABreak() throws {
        var listener = try Listener()
        try listener.take(0, 0..<3)
        listener.end(0, isWhole: false, count: 3)
        try listener.take(1, 0..<1)
        #expect(listener.heard() == "*0.0 0.1 0.2 !*1.0")
    }

    /// The connection was lost within a group, and nothing newer came before its rest.
    @Test func aCutGroupGoesOn() throws {
        var listener = try Listener()
        try listener.take(0, 0..<3)
        listener.end(0, isWhole: false, count: 3)
        #expect(listener.heard() == "*0.0 0.1 0.2")
        try listener.take(0, 3..<10)
        listener.end(0)
        try listener.take(1, 0..<1)
        #expect(listener.heard() == "0.3 0.4 0.5 0.6 0.7 0.8 0.9 *1.0")
    }

    /// A decoder that cannot go on within a group.
    @Test func whatIsGivenUpIsSkipped() throws {
        var listener = try Listener()
        try listener.take(0, 0..<3)
        #expect(listener.heard() == "*0.0 0.1 0.2")
        try listener.take(0, 3..<6)
        listener.consumer.giveUp(0, of: listener.track)
        try listener.take(0, 6..<9)
        #expect(listener.heard() == "")
        try listener.take(1, 0..<2)
        #expect(listener.heard() == "!*1.0 1.1")
        #expect(listener.consumer.counters.late == 6)
    }

    /// A decoder that is too slow.
    @Test func whoIsBehindGoesOnWithTheLastKey() throws {
        var listener = try Listener()
        try listener.take(0, 0..<10)
        try listener.take(1, 0..<10)
        try listener.take(2, 0..<2)
        listener.consumer.catchUp(listener.track)
        #expect(listener.heard() == "!*2.0 2.1")
        #expect(listener.consumer.counters.skippedGroups == 2)
        listener.consumer.catchUp(listener.track)
        try listener.take(2, 2..<4)
        listener.consumer.catchUp(listener.track)
        #expect(listener.heard() == "2.2 2.3")
    }

    @Test func withoutItsKeyAGroupIsNothing() throws {
        var listener = try Listener()
        try listener.take(0, 3..<5)
        try listener.take(1, 0..<1)
        #expect(listener.heard() == "!*1.0")
        #expect(listener.consumer.counters.late == 2)
    }

    /// The current publisher writes frames that only say when media ends, also at the front of a group.
    @Test func framesWithoutMediaAreSteppedOver() throws {
        var listener = try Listener()
        listener.consumer.receive(slice("00"), of: listener.track, group: 0, index: 0)
        listener.consumer.receive(slice("00"), of: listener.track, group: 0, index: 1)
        listener.consumer.receive(slice("00 0000"), of: listener.track, group: 0, index: 2)
        listener.consumer.receive(slice("01 0001"), of: listener.track, group: 0, index: 3)
        listener.consumer.receive(slice("02"), of: listener.track, group: 0, index: 4)
        listener.end(0, count: 5)
        try listener.take(1, 0..<1)
        #expect(listener.heard() == "*0.0 0.1 *1.0")
    }

    @Test func behindADamagedFrameNothingOfItsGroup() throws {
        var listener = try Listener()
        try listener.take(0, 0..<2)
        listener.consumer.receive(slice("80"), of: listener.track, group: 0, index: 2)
        try listener.take(0, 3..<5)
        try listener.take(1, 0..<1)
        #expect(listener.heard() == "*0.0 0.1 !*1.0")
        #expect(listener.consumer.counters.damaged == 1)
    }

    @Test func aPublisherThatStartsAnew() throws {
        var listener = try Listener()
        try listener.take(7, 0..<2)
        _ = listener.heard()
        listener.consumer.restart(listener.track)
        try listener.take(0, 0..<2)
        #expect(listener.heard() == "!*0.0 0.1")
    }

    @Test func groupsWithoutEndAreBounded() throws {
        var listener = try Listener(maxLatency: .seconds(1_000_000))
        try listener.take(0, 0..<1)
        #expect(listener.heard() == "*0.0")
        for group in 2..<1000 as Range<UInt64> { try listener.take(group, 0..<2) }
        #expect(!listener.heard().isEmpty)
    }

    @Test func aLongGroupIsNotHeld() throws {
        var listener = try Listener()
        var heard = 0
        for index in 0..<5000 {
            try listener.take(0, index..<(index + 1))
            while listener.consumer.nextFrame(.video, now: listener.now) != nil { heard += 1 }
        }
        #expect(heard == 5000)
    }

    /// Whatever arrives in whichever order: groups ascend, each begins with its key, nothing comes twice, and within a
    /// group nothing is left out.
    @Test(arguments: 0..<40 as Range<UInt64>)
    func anyArrival(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        var listener = try Listener(maxLatency: .milliseconds(Int64(random.next() % 1000)))
        var next = [Int](repeating: 0, count: 40)
        var out: [(group: Int, index: Int)] = []
        var isBroken = Set<Int>()
        for step in 0..<1500 {
            let newest = min(step / 30, 39)
            let group = max(0, newest - Int(random.next() % 3))
            switch random.next() % 20 {
            case 0:
                listener.end(UInt64(group), isWhole: random.next() % 2 == 0, count: next[group])
                next[group] = 10
            case 1: isBroken.insert(group)
            default:
                guard next[group] < 10, !isBroken.contains(group) else { break }
                try listener.take(UInt64(group), next[group]..<(next[group] + 1))
                next[group] += 1
            }
            listener.now = listener.now + .milliseconds(10)
            while let frame = listener.consumer.nextFrame(.video, now: listener.now) {
                let payload = [UInt8](frame.frame.payload)
                let (group, index) = (Int(payload[0]), Int(payload[1]))
                #expect(frame.frame.isKey == (index == 0))
                if let last = out.last {
                    #expect(group == last.group ? index == last.index + 1 : group > last.group && index == 0)
                    if group > last.group + 1 { #expect(frame.isDiscontinuous) }
                } else {
                    #expect(index == 0)
                }
                out.append((group, index))
            }
        }
        #expect(out.count > 100)
    }
}
