import BurrowBase
import BurrowCrypto
import BurrowEngine
import Testing

/// Two rooms and what a relay makes of what passes between them, without sockets and threads.
@Suite struct RoomProtectionTests {
    private static let secrets = (0...9).map { [UInt8](repeating: UInt8($0), count: 32) }

    /// Somebody in a room.
    private final class Member {
        let room: RoomProtection
        var news: [ProtectionNews] = []

        init(_ path: String = "", keys: [UInt64] = [1], at now: Instant = .zero) throws {
            room = try RoomProtection(callID: [1, 2, 3], path: path)
            for epoch in keys { try give(epoch, at: now) }
        }

        func give(_ epoch: UInt64, removing: Bool = false, at now: Instant) throws {
            let secret = RoomProtectionTests.secrets[Int(epoch % 10)]
            try room.install(RoomKey(epoch: epoch, secret.span, isRemoval: removing), now: now)
        }

        func catalogue(_ text: String, group: UInt64 = 0, at now: Instant) throws -> [UInt8] {
            room.setCatalogue(Array(text.utf8))
            #expect(room.wantsCatalogue(now: now))
            return try #require(try room.sealCatalogue(group: group, now: now))
        }

        func read(_ document: [UInt8], of broadcast: IncomingBroadcast, group: UInt64 = 0, at now: Instant)
            -> IncomingBroadcast.Reading
        {
            room.read(document.span, group: group, of: broadcast, now: now)
        }

        func seal(_ text: String, on track: SealedTrack, _ group: UInt64, _ frame: Int = 0, at now: Instant)
            -> [UInt8]?
        {
            var memory =
                [UInt8](repeating: 0, count: 64) + Array(text.utf8) + [UInt8](repeating: 0, count: 16)
            let payload = 64..<64 + text.utf8.count
            let range = unsafe memory.withUnsafeMutableBytes { (bytes) in
                unsafe room.seal(
                    track,
                    in: bytes,
                    payload: payload,
                    position: FramePosition(group: group, frame: UInt64(frame), isKey: frame == 0),
                    isKey: frame == 0,
                    now: now
                )
            }
            return range.map { Array(memory[$0]) }
        }

        func open(
            _ frame: [UInt8],
            on track: OpenedTrack,
            _ group: UInt64,
            _ sequence: UInt64 = 0,
            flags: FrameFlags = [],
            at now: Instant
        ) -> String? {
            var memory = frame
            let description = FrameExchange.Description(
                group: group,
                sequence: sequence,
                timestamp: 0,
                arrival: now,
                flags: flags
            )
            let result = unsafe memory.withUnsafeMutableBytes {
                unsafe room.open(track, in: $0, description, now: now)
            }
            guard case .opened(let range) = result else { return nil }
            return String(decoding: memory[range], as: UTF8.self)
        }

        func takeNews() -> [ProtectionNews] {
            var result: [ProtectionNews] = []
            while let next = room.nextNews() { result.append(next) }
            return result
        }
    }

    private static func time(_ milliseconds: Int64) -> Instant {
        Instant(microseconds: 0) + .milliseconds(milliseconds)
    }

    @Test func opensInPlaceWhatAnotherRoomSealed() throws {
        let now = Self.time(0)
        let (alice, bob) = (try Member("alice"), try Member())
        let track = try alice.room.addPublished(.data, index: 7, now: now)
        let broadcast = bob.room.join("alice")
        let document = try alice.catalogue("the catalogue", at: now)
        #expect(bob.read(document, of: broadcast, at: now) == .document(Array("the catalogue".utf8)))
        let opened = OpenedTrack(1, of: broadcast, kind: .data, index: 7, isRecorded: false)
        let frame = try #require(alice.seal("words", on: track, 3, 1, at: now))
        #expect(bob.open(frame, on: opened, 3, 1, at: now) == "words")
        #expect(bob.open(frame, on: opened, 3, 1, at: now) == nil)
        #expect(bob.open(frame, on: opened, 4, 1, at: now) == nil)
        let counts = bob.room.report.counts
        #expect((counts.opened, counts.replayed, counts.forged) == (2, 2, 0))
        #expect(alice.room.report.counts.sealed == 2)
    }

    @Test func aNumberIsUsedOnce() throws {
        let alice = try Member("alice")
        let track = try alice.room.addPublished(.data, index: 1, now: Self.time(0))
        alice.room.remove(track)
        #expect(throws: CryptoError.self) {
            _ = try alice.room.addPublished(.data, index: 1, now: Self.time(0))
        }
    }

    /// A relay that has kept what a publisher sent before it began anew shows it again.
    @Test func neverGoesBackToAFormerStart() throws {
        let now = Self.time(0)
        let (first, second, bob) = (try Member("alice"), try Member("alice"), try Member())
        let broadcast = bob.room.join("alice")
        let (old, new) = (try first.catalogue("old", at: now), try second.catalogue("new", at: now))
        #expect(bob.read(old, of: broadcast, at: now) == .document(Array("old".utf8)))
        #expect(bob.read(new, of: broadcast, at: now) == .document(Array("new".utf8)))
        #expect(bob.read(old, of: broadcast, at: now) == .dropped)
        #expect(bob.room.report.counts.replayed == 1)
        // The newest one comes again whenever it is subscribed to again.
        #expect(bob.read(new, of: broadcast, at: now) == .document(Array("new".utf8)))
        #expect(bob.read(new, of: broadcast, group: 1, at: now) == .dropped)
    }

    @Test func aForgedCatalogueChangesNothing() throws {
        let now = Self.time(0)
        let (alice, bob) = (try Member("alice"), try Member())
        let broadcast = bob.room.join("alice")
        let document = try alice.catalogue("true", at: now)
        #expect(bob.read(document, of: broadcast, at: now) == .document(Array("true".utf8)))
        let opener = broadcast.opener
        for at in stride(from: 0, to: document.count, by: 7) {
            var forged = document
            forged[at] ^= 1
            #expect(bob.read(forged, of: broadcast, group: 1, at: now) != .document(Array("true".utf8)))
        }
        #expect(broadcast.opener === opener)
        #expect(bob.read(Array("{}".utf8), of: broadcast, at: now) == .dropped)
        #expect(bob.room.report.counts.unprotected >= 1)
    }

    @Test func aCatalogueWaitsForItsKey() throws {
        let (alice, bob) = (try Member("alice"), try Member(keys: []))
        let broadcast = bob.room.join("alice")
        let document = try alice.catalogue("late", at: Self.time(0))
        #expect(bob.read(document, of: broadcast, at: Self.time(0)) == .waiting)
        bob.room.tick(now: Self.time(499))
        #expect(bob.takeNews() == [])
        #expect(bob.room.deadline == Self.time(500))
        bob.room.tick(now: Self.time(500))
        #expect(bob.takeNews() == [.keyMissing(path: "alice", bits: 1, newest: nil)])
        try bob.give(1, at: Self.time(9000))
        let late = try #require(bob.room.retry(broadcast, now: Self.time(9000)))
        #expect(String(decoding: late.plaintext, as: UTF8.self) == "late")
        #expect(bob.room.report.counts.opened == 1)
    }

    @Test func framesWaitHalfASecondForTheirKey() throws {
        let (alice, bob) = (try Member("alice"), try Member())
        let track = try alice.room.addPublished(.audio, index: 1, now: Self.time(0))
        let broadcast = bob.room.join("alice")
        let document = try alice.catalogue("c", at: Self.time(0))
        _ = bob.read(document, of: broadcast, at: Self.time(0))
        let opened = OpenedTrack(1, of: broadcast, kind: .audio, index: 1, isRecorded: false)
        try alice.give(2, removing: true, at: Self.time(10))
        let frame = try #require(alice.seal("sound", on: track, 5, at: Self.time(10)))
        let exchange = FrameExchange()
        func hold(_ milliseconds: Int64) {
            #expect(bob.open(frame, on: opened, 5, at: Self.time(milliseconds)) == nil)
            let buffer = exchange.buffer(for: frame.count)
            for index in frame.indices {
                unsafe buffer.base.storeBytes(of: frame[index], toByteOffset: index, as: UInt8.self)
            }
            let description = FrameExchange.Description(
                group: 5,
                sequence: 0,
                timestamp: 0,
                arrival: Self.time(milliseconds),
                flags: []
            )
            let held = OpenedTrack.Held(buffer: buffer, count: frame.count, description: description)
            bob.room.hold(held, of: opened, now: Self.time(milliseconds))
        }
        hold(20)
        #expect(bob.room.deadline <= Self.time(520))
        bob.room.tick(now: Self.time(520))
        #expect(bob.takeNews() == [.keyMissing(path: "alice", bits: 2, newest: 1)])
        #expect(opened.counts.unknownKey == 1)
        hold(600)
        try bob.give(2, at: Self.time(700))
        #expect(bob.room.takeHolding().first === opened)
        #expect(opened.held.takeAll().count == 1)
        #expect(bob.open(frame, on: opened, 5, at: Self.time(700)) == "sound")
        #expect(bob.room.report.counts.unknownKey == 1)
    }

    /// Whoever is removed has no key of the next epoch, and it is used at once.
    @Test func aRemovalTakesEffectAtOnceAndAJoinAtTheNextKeyFrame() throws {
        let alice = try Member("alice")
        let camera = try alice.room.addPublished(.video, index: 1, now: Self.time(0))
        _ = try alice.catalogue("c", at: Self.time(0))
        #expect(alice.seal("key", on: camera, 0, at: Self.time(0)) != nil)
        try alice.give(2, at: Self.time(100))
        alice.room.tick(now: Self.time(100))
        #expect(alice.room.deadline == Self.time(600))
        #expect(!alice.room.wantsCatalogue(now: Self.time(599)))
        alice.room.tick(now: Self.time(600))
        #expect(alice.room.wantsCatalogue(now: Self.time(600)))
        #expect(try alice.room.sealCatalogue(group: 1, now: Self.time(600)) != nil)
        #expect(!alice.room.wantsCatalogue(now: Self.time(600)))
        var asked = 0
        for _ in 0..<2 { alice.room.askForKeyFrames(now: Self.time(600)) { _ in asked += 1 } }
        #expect(asked == 1)
        #expect(alice.seal("more", on: camera, 0, 1, at: Self.time(610)) != nil)
        #expect(camera.sealer.epoch == 1)
        #expect(alice.seal("key", on: camera, 1, at: Self.time(620)) != nil)
        #expect(camera.sealer.epoch == 2)
        try alice.give(3, removing: true, at: Self.time(630))
        #expect(alice.room.report.sealingEpoch == 3)
        #expect(alice.seal("more", on: camera, 1, 1, at: Self.time(630)) != nil)
        #expect(camera.sealer.epoch == 3)
        #expect(alice.room.wantsCatalogue(now: Self.time(630)))
    }

    @Test func nothingIsSentWithoutAKeyNorWhatRefersToIt() throws {
        let alice = try Member("alice", keys: [])
        let camera = try alice.room.addPublished(.video, index: 1, now: Self.time(0))
        alice.room.setCatalogue([1])
        #expect(!alice.room.wantsCatalogue(now: Self.time(0)))
        #expect(alice.seal("key", on: camera, 0, at: Self.time(0)) == nil)
        try alice.give(1, at: Self.time(10))
        #expect(alice.room.wantsCatalogue(now: Self.time(10)))
        #expect(alice.seal("refers to it", on: camera, 0, 1, at: Self.time(10)) == nil)
        var asked = 0
        alice.room.askForKeyFrames(now: Self.time(10)) { _ in asked += 1 }
        #expect(asked == 1)
        #expect(alice.seal("key", on: camera, 0, at: Self.time(20)) != nil)
        #expect(alice.seal("refers to it", on: camera, 0, 1, at: Self.time(20)) != nil)
        alice.room.remove(epoch: 1)
        #expect(alice.seal("key", on: camera, 1, at: Self.time(30)) == nil)
        #expect(alice.room.report.counts.unsealed == 3)
    }

    @Test func newcomersGetOldKeysOnlyForAWhile() throws {
        let (alice, bob) = (try Member("alice"), try Member())
        let document = try alice.catalogue("c", at: Self.time(0))
        try bob.give(2, at: Self.time(1000))
        bob.room.tick(now: Self.time(11_499))
        #expect(bob.read(document, of: bob.room.join("alice"), at: Self.time(11_499)) != .waiting)
        let carol = try Member()
        try carol.give(2, at: Self.time(1000))
        carol.room.tick(now: Self.time(11_500))
        #expect(carol.read(document, of: carol.room.join("alice"), at: Self.time(11_500)) == .waiting)
        #expect(throws: CryptoError.self) { try bob.give(2, at: Self.time(12_000)) }
    }

    /// It has the keys of the epochs before, and sends nothing in a newer one.
    @Test func whoWasRemovedIsNotHeardForLong() throws {
        let (carol, bob) = (try Member("carol"), try Member())
        let track = try carol.room.addPublished(.audio, index: 1, now: Self.time(0))
        let broadcast = bob.room.join("carol")
        let document = try carol.catalogue("c", at: Self.time(0))
        _ = bob.read(document, of: broadcast, at: Self.time(0))
        let opened = OpenedTrack(1, of: broadcast, kind: .audio, index: 1, isRecorded: false)
        try bob.give(2, removing: true, at: Self.time(1000))
        func says(_ group: UInt64, _ milliseconds: Int64) throws -> String? {
            let now = Self.time(milliseconds)
            if now >= bob.room.deadline { bob.room.tick(now: now) }
            return bob.open(
                try #require(carol.seal("I", on: track, group, at: now)),
                on: opened,
                group,
                at: now
            )
        }
        #expect(try says(0, 1001) == "I")
        #expect(try says(1, 10_999) == "I")
        #expect(try says(2, 11_000) == nil)
        #expect(bob.read(document, of: bob.room.join("another"), at: Self.time(11_000)) == .waiting)
    }

    /// Fetched frames, those of recordings, and the group that is seen again after a pause.
    @Test func whatIsAskedForAgainMayBeSeenAgain() throws {
        let now = Self.time(0)
        let (alice, bob) = (try Member("alice"), try Member())
        let track = try alice.room.addPublished(.data, index: 1, now: now)
        let broadcast = bob.room.join("alice")
        _ = bob.read(try alice.catalogue("c", at: now), of: broadcast, at: now)
        let frames = try (0..<3).map { try #require(alice.seal("\($0)", on: track, UInt64($0), at: now)) }
        let first = OpenedTrack(1, of: broadcast, kind: .data, index: 1, isRecorded: false)
        for group in 0..<3 {
            #expect(bob.open(frames[group], on: first, UInt64(group), at: now) == "\(group)")
        }
        #expect(bob.open(frames[0], on: first, 0, flags: .fetched, at: now) == "0")
        #expect(bob.open(frames[0], on: first, 1, flags: .fetched, at: now) == nil)
        let second = OpenedTrack(2, of: broadcast, kind: .data, index: 1, isRecorded: false)
        #expect(second.resumedGroup == 2)
        #expect(bob.open(frames[2], on: second, 2, at: now) == "2")
        #expect(bob.open(frames[1], on: second, 1, at: now) == nil)
        let third = OpenedTrack(3, of: broadcast, kind: .data, index: 1, isRecorded: true)
        #expect(bob.open(frames[1], on: third, 1, at: now) == "1")
    }

    @Test func aHundredForgeriesASecondAreAnAlarm() throws {
        let (alice, bob) = (try Member("alice"), try Member())
        let broadcast = bob.room.join("alice")
        _ = bob.read(try alice.catalogue("c", at: Self.time(0)), of: broadcast, at: Self.time(0))
        let opened = OpenedTrack(1, of: broadcast, kind: .data, index: 1, isRecorded: false)
        func forge(_ count: Int, from start: Int64, over duration: Int64) -> Int {
            for number in 0..<count {
                let time = Self.time(start + Int64(number) * duration / Int64(count))
                #expect(bob.open([0x91, 0, 1, 2], on: opened, 1, at: time) == nil)
            }
            return bob.takeNews().count { $0 == .rejected(path: "alice", count: 100) }
        }
        #expect(forge(900, from: 0, over: 10_000) == 0)
        #expect(forge(99, from: 20_000, over: 500) == 0)
        #expect(forge(300, from: 30_000, over: 900) == 1)
        #expect(forge(300, from: 33_000, over: 900) == 0)
        #expect(forge(300, from: 45_000, over: 900) == 1)
        #expect(opened.counts.forged == 1899)
    }
}

extension Instant {
    static var zero: Instant { Instant(microseconds: 0) }
}
