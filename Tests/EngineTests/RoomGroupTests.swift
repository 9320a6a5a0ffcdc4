import BurrowBase
import BurrowCrypto
import BurrowEngine
import BurrowNostr
import Testing

/// Rooms that take their keys from a group, with the group and the relay played by the test.
@Suite struct RoomGroupTests {
    private static func time(_ milliseconds: Int64) -> Instant {
        Instant(microseconds: 0) + .milliseconds(milliseconds)
    }

    /// The history of a group: each epoch has a secret that nobody else has.
    private struct History {
        var members: Set<PublicKey>
        private(set) var keys: [RoomKey] = []
        private var revision: UInt64 = 0
        private var secrets: UInt8 = 0

        init(_ members: [PublicKey], epoch: UInt64 = 1) throws {
            self.members = Set(members)
            try commit(epoch, removing: false)
        }

        private mutating func commit(_ epoch: UInt64, removing: Bool) throws {
            secrets += 1
            let secret = [UInt8](repeating: secrets, count: 32)
            keys.append(try RoomKey(epoch: epoch, secret.span, isRemoval: removing))
            keys = keys.suffix(4)
        }

        var epoch: UInt64 { keys.last?.epoch ?? 0 }

        /// The next epoch, and what is told of it.
        mutating func next(adding: [PublicKey] = [], removing: [PublicKey] = []) throws -> GroupMoment {
            try commit(epoch + 1, removing: !removing.isEmpty)
            members.formUnion(adding)
            members.subtract(removing)
            return moment()
        }

        /// The same number once more, because another commit came first.
        mutating func undo(to epoch: UInt64) throws -> GroupMoment {
            keys.removeAll { $0.epoch > epoch }
            return try next()
        }

        mutating func moment() -> GroupMoment {
            revision += 1
            return GroupMoment(revision: revision, members: members, keys: keys)
        }

        mutating func end() -> GroupMoment {
            revision += 1
            return GroupMoment(revision: revision, members: nil, keys: [])
        }
    }

    /// Somebody in a call.
    private final class Somebody {
        let key: PublicKey
        let path: String
        let room: RoomProtection
        private(set) var news: [ProtectionNews] = []
        private var group: UInt64 = 0

        init(_ number: UInt8, listensOnly: Bool = false) throws {
            key = PublicKey(try #require(Bytes32([UInt8](repeating: number, count: 32))))
            path = "burrow/room/\(key.hex)"
            room = try RoomProtection(callID: [7], path: listensOnly ? "" : path, hasGroup: true)
        }

        @discardableResult
        func follow(_ moment: GroupMoment, at now: Instant) throws -> Bool {
            try room.follow(moment, now: now)
        }

        func catalogue(at now: Instant) throws -> (group: UInt64, document: [UInt8]) {
            room.setCatalogue(Array(path.utf8))
            group += 1
            return (group, try #require(try room.sealCatalogue(group: group, now: now)))
        }

        func seal(_ track: SealedTrack, _ group: UInt64, isKey: Bool = true, at now: Instant) -> [UInt8]? {
            var memory = [UInt8](repeating: 0, count: 64) + [UInt8](repeating: 9, count: 32 + 16)
            let range = unsafe memory.withUnsafeMutableBytes { (bytes) in
                unsafe room.seal(
                    track,
                    in: bytes,
                    payload: 64..<96,
                    position: FramePosition(group: group, frame: 0, isKey: true),
                    isKey: isKey,
                    now: now
                )
            }
            return range.map { Array(memory[$0]) }
        }

        func takeNews() -> [ProtectionNews] {
            var result: [ProtectionNews] = []
            while let next = room.nextNews() { result.append(next) }
            return result
        }
    }

    /// Somebody's broadcast as somebody else follows it, as the loop does: what has no key waits.
    private final class Ear {
        let listener: Somebody
        let broadcast: IncomingBroadcast
        private var track: OpenedTrack?
        private let exchange = FrameExchange()
        private(set) var opened: [UInt64] = []
        private var waiting: [(group: UInt64, frame: [UInt8])] = []
        /// How many of those that were opened had to wait for their key.
        private(set) var waited = 0

        init(_ listener: Somebody, to speaker: Somebody) {
            self.listener = listener
            broadcast = listener.room.join(speaker.path)
        }

        func read(_ catalogue: (group: UInt64, document: [UInt8]), at now: Instant)
            -> IncomingBroadcast.Reading
        {
            let span = catalogue.document.span
            let reading = listener.room.read(span, group: catalogue.group, of: broadcast, now: now)
            if case .document = reading { subscribe() }
            return reading
        }

        private func subscribe() {
            guard track == nil else { return }
            track = OpenedTrack(1, of: broadcast, kind: .audio, index: 1, isRecorded: false)
        }

        func hear(_ frame: [UInt8], _ group: UInt64, at now: Instant, again: Bool = false) {
            guard let track else { return }
            let buffer = exchange.buffer(for: frame.count)
            for index in frame.indices {
                unsafe buffer.base.storeBytes(of: frame[index], toByteOffset: index, as: UInt8.self)
            }
            let description = FrameExchange.Description(
                group: group,
                sequence: 0,
                timestamp: 0,
                arrival: now,
                flags: []
            )
            let memory = unsafe UnsafeMutableRawBufferPointer(start: buffer.base, count: frame.count)
            switch unsafe listener.room.open(track, in: memory, description, now: now) {
            case .opened:
                opened.append(group)
                if again { waited += 1 }
            case .dropped(.unknownEpoch):
                waiting.append((group, frame))
                let held = OpenedTrack.Held(buffer: buffer, count: frame.count, description: description)
                listener.room.hold(held, of: track, now: now)
            case .dropped: break
            }
        }

        /// There are other keys now.
        func retry(at now: Instant) {
            if listener.room.retry(broadcast, now: now) != nil { subscribe() }
            for track in listener.room.takeHolding() {
                let frames = waiting.suffix(track.held.takeAll().count)
                waiting = []
                for (group, frame) in frames { hear(frame, group, at: now, again: true) }
            }
        }
    }

    // MARK: Members

    @Test func onlyMembersAreOpened() throws {
        let (alice, bob, eve) = (try Somebody(1), try Somebody(2, listensOnly: true), try Somebody(3))
        var group = try History([alice.key, bob.key, eve.key])
        let all = group.moment()
        for one in [alice, eve] { try one.follow(all, at: .zero) }
        // Bob knows of a group without Eve, but has its keys.
        group.members.remove(eve.key)
        try bob.follow(group.moment(), at: .zero)
        let (toAlice, toEve) = (Ear(bob, to: alice), Ear(bob, to: eve))
        #expect(toAlice.read(try alice.catalogue(at: .zero), at: .zero) == .document(Array(alice.path.utf8)))
        #expect(toEve.read(try eve.catalogue(at: .zero), at: .zero) == .waiting)
        #expect(toEve.broadcast.opener == nil)
        #expect(bob.room.member(at: alice.path) == alice.key)
        #expect(bob.room.member(at: eve.path) == nil)
        // Now Eve joins, and what waited is read.
        try bob.follow(try group.next(adding: [eve.key]), at: Self.time(100))
        toEve.retry(at: Self.time(100))
        #expect(toEve.broadcast.opener?.knownEpochs == [1, 2])
    }

    @Test func strangersAreToldOfOnceTheyHaveBeenThereForAMoment() throws {
        let (alice, eve, bob) = (try Somebody(1), try Somebody(3), try Somebody(2, listensOnly: true))
        var group = try History([alice.key, bob.key])
        try bob.follow(group.moment(), at: .zero)
        for path in [alice.path, eve.path, "somewhere/else"] { bob.room.announced(path, now: .zero) }
        #expect(bob.room.deadline <= Self.time(500))
        bob.room.tick(now: Self.time(499))
        #expect(bob.takeNews() == [])
        // Eve was quicker than the news of her.
        let moment = try group.next(adding: [eve.key])
        try bob.follow(moment, at: Self.time(499))
        bob.room.sortAnnounced([alice.path, eve.path, "somewhere/else"], now: Self.time(499))
        bob.room.tick(now: Self.time(600))
        #expect(bob.takeNews() == [.stranger(path: "somewhere/else")])
        // Now she is removed, and comes back.
        try bob.follow(try group.next(removing: [eve.key]), at: Self.time(1000))
        for milliseconds: Int64 in [1000, 1499, 1500, 5000] {
            bob.room.sortAnnounced([alice.path, eve.path, "somewhere/else"], now: Self.time(milliseconds))
            bob.room.tick(now: Self.time(milliseconds))
        }
        #expect(bob.takeNews() == [.stranger(path: eve.path)])
        try bob.follow(try group.next(adding: [eve.key]), at: Self.time(6000))
        bob.room.sortAnnounced([alice.path, eve.path], now: Self.time(6000))
        bob.room.unannounced("somewhere/else")
        bob.room.tick(now: Self.time(9000))
        #expect(bob.takeNews() == [.member(path: eve.path)])
    }

    /// Of a removed member nothing is opened from that moment on, not even in the epochs it knows, and it gets no new key.
    @Test func whoeverIsRemovedIsNotHeardAnyMore() throws {
        let (carol, bob) = (try Somebody(1), try Somebody(2, listensOnly: true))
        var group = try History([carol.key, bob.key])
        let first = group.moment()
        for one in [carol, bob] { try one.follow(first, at: .zero) }
        let ear = Ear(bob, to: carol)
        let track = try carol.room.addPublished(.audio, index: 1, now: .zero)
        _ = ear.read(try carol.catalogue(at: .zero), at: .zero)
        ear.hear(try #require(carol.seal(track, 0, at: .zero)), 0, at: .zero)
        #expect(ear.opened == [0])
        try bob.follow(try group.next(removing: [carol.key]), at: Self.time(20))
        #expect(ear.broadcast.opener?.knownEpochs == [])
        for frame in 1..<20 {
            let now = Self.time(20 + Int64(frame))
            ear.hear(try #require(carol.seal(track, UInt64(frame), at: now)), UInt64(frame), at: now)
            ear.retry(at: now)
        }
        try bob.follow(try group.next(), at: Self.time(1000))
        #expect(ear.broadcast.opener?.knownEpochs == [])
        #expect(ear.read(try carol.catalogue(at: Self.time(1000)), at: Self.time(1000)) == .waiting)
        #expect(ear.opened == [0])
        #expect(bob.room.report.counts.unknownKey == 19)
        bob.room.tick(now: Self.time(5000))
        #expect(bob.takeNews() == [])
    }

    @Test func withoutTheGroupNothingGoesInOrOut() throws {
        let (alice, bob) = (try Somebody(1), try Somebody(2))
        var group = try History([alice.key, bob.key])
        let track = try bob.room.addPublished(.audio, index: 1, now: .zero)
        #expect(bob.seal(track, 0, at: .zero) == nil)
        let first = group.moment()
        for one in [alice, bob] { try one.follow(first, at: .zero) }
        let ear = Ear(bob, to: alice)
        _ = ear.read(try alice.catalogue(at: .zero), at: .zero)
        let sound = try alice.room.addPublished(.audio, index: 1, now: .zero)
        ear.hear(try #require(alice.seal(sound, 0, at: .zero)), 0, at: .zero)
        #expect(bob.seal(track, 1, at: .zero) != nil)
        try bob.follow(group.end(), at: Self.time(1))
        #expect(bob.seal(track, 2, at: Self.time(1)) == nil)
        ear.hear(try #require(alice.seal(sound, 1, at: Self.time(1))), 1, at: Self.time(1))
        #expect(ear.opened == [0])
        #expect(bob.room.report.newestEpoch == nil && bob.room.report.sealingEpoch == nil)
        // Somebody takes Bob in again.
        let again = try group.next()
        for one in [alice, bob] { try one.follow(again, at: Self.time(2)) }
        #expect(bob.seal(track, 3, at: Self.time(2)) != nil)
        #expect(bob.room.report.sealingEpoch == 2)
    }

    // MARK: Epochs

    @Test func whatComesLateChangesNothing() throws {
        let bob = try Somebody(2)
        var group = try History([bob.key])
        let (first, second) = (group.moment(), try group.next())
        #expect(try bob.follow(second, at: .zero))
        #expect(try !bob.follow(first, at: .zero))
        #expect(try !bob.follow(second, at: .zero))
        #expect(bob.room.report.newestEpoch == 2)
    }

    /// What we seal is for those who are there now.
    @Test func whoEntersLateSealsInTheNewestEpochAtOnce() throws {
        let bob = try Somebody(2)
        var group = try History([bob.key])
        for _ in 0..<6 { _ = try group.next() }
        let track = try bob.room.addPublished(.audio, index: 1, now: .zero)
        try bob.follow(group.moment(), at: .zero)
        #expect(bob.seal(track, 0, at: .zero) != nil)
        #expect(bob.room.report.sealingEpoch == 7)
    }

    /// A commit that came late won: the epoch of the same number has other keys, and sound goes on with them.
    @Test(arguments: [Int64(100), 700, 30_000])
    func aGroupThatGoesBackIsFollowed(_ milliseconds: Int64) throws {
        let (alice, bob) = (try Somebody(1), try Somebody(2, listensOnly: true))
        var group = try History([alice.key, bob.key])
        let first = group.moment()
        for one in [alice, bob] { try one.follow(first, at: .zero) }
        let (ear, track) = (Ear(bob, to: alice), try alice.room.addPublished(.audio, index: 1, now: .zero))
        _ = ear.read(try alice.catalogue(at: .zero), at: .zero)
        var kinds: Set<[UInt8]> = []
        func speak(_ number: UInt64, _ milliseconds: Int64) throws {
            let now = Self.time(milliseconds)
            for one in [alice, bob] where now >= one.room.deadline { one.room.tick(now: now) }
            if alice.room.wantsCatalogue(now: now) { _ = ear.read(try alice.catalogue(at: now), at: now) }
            let frame = try #require(alice.seal(track, number, at: now))
            #expect(kinds.insert(frame).inserted)
            ear.hear(frame, number, at: now)
        }
        try speak(0, 10)
        let lost = try group.next()
        for one in [alice, bob] { try one.follow(lost, at: Self.time(20)) }
        try speak(1, 20 + milliseconds)
        let won = try group.undo(to: 1)
        let now = Self.time(21 + milliseconds)
        for one in [alice, bob] {
            try one.follow(won, at: now)
            #expect(one.room.report.newestEpoch == 2)
        }
        #expect(bob.takeNews().contains(.doubtful(path: alice.path)))
        try speak(2, 22 + milliseconds)
        try speak(3, 700 + milliseconds)
        #expect(alice.room.report.sealingEpoch == 2)
        #expect(ear.opened == [0, 1, 2, 3])
        #expect(bob.room.report.counts.dropped == 0)
        // And on.
        let next = try group.next()
        for one in [alice, bob] { try one.follow(next, at: Self.time(2000 + milliseconds)) }
        try speak(4, 2001 + milliseconds)
        try speak(5, 2700 + milliseconds)
        #expect(ear.opened == [0, 1, 2, 3, 4, 5])
    }

    /// Two have taken different commits, and each has an epoch of that number. It is told, with both.
    @Test func membersOfDifferentEpochsAreTold() throws {
        let (alice, bob) = (try Somebody(1), try Somebody(2, listensOnly: true))
        var group = try History([alice.key, bob.key])
        let first = group.moment()
        for one in [alice, bob] { try one.follow(first, at: .zero) }
        var other = group
        try alice.follow(try group.next(), at: .zero)
        _ = try other.next()
        try bob.follow(try other.undo(to: 1), at: .zero)
        let ear = Ear(bob, to: alice)
        for one in [alice, bob] { one.room.tick(now: Self.time(600)) }
        #expect(alice.room.wantsCatalogue(now: Self.time(600)) || alice.room.report.sealingEpoch == 1)
        _ = try alice.catalogue(at: Self.time(600))
        #expect(ear.read(try alice.catalogue(at: Self.time(601)), at: Self.time(601)) == .dropped)
        bob.room.tick(now: Self.time(1101))
        #expect(bob.takeNews().contains(.keyMissing(path: alice.path, bits: 2, newest: 2)))
        // A member who stays behind is told of as well, once everybody should have come.
        let carol = try Somebody(4)
        group.members.insert(carol.key)
        try carol.follow(first, at: .zero)
        let dave = try Somebody(5, listensOnly: true)
        let behind = Ear(dave, to: carol)
        for _ in 0..<3 { try dave.follow(try group.next(), at: .zero) }
        dave.room.remove(epoch: 1)
        #expect(behind.read(try carol.catalogue(at: Self.time(11_000)), at: Self.time(11_000)) == .waiting)
        dave.room.tick(now: Self.time(11_500))
        #expect(dave.takeNews().contains(.keyMissing(path: carol.path, bits: 1, newest: 5)))
    }

    // MARK: Sound

    /// What happens to a group, and how long the news of it take to the one who speaks and the one who listens.
    struct Change: Sendable, CustomTestStringConvertible {
        var removes = false
        var speaker: Int64
        var listener: Int64

        var testDescription: String { "\(removes ? "removal" : "change"), \(speaker) and \(listener) ms" }
    }

    static let changes: [Change] = [0, 40, 250, 480].flatMap { (first) in
        [0, 130, 480].flatMap { (second) in
            [false, true].map { Change(removes: $0, speaker: first, listener: second) }
        }
    }

    /// Five epochs, one a second; a packet every 20 ms. Each packet is opened, in order, and none has to wait unless
    /// somebody was removed, which cannot wait.
    @Test(arguments: changes)
    func soundHasNoGapWhenAnEpochBegins(_ change: Change) throws {
        let (alice, bob, eve) = (try Somebody(1), try Somebody(2, listensOnly: true), try Somebody(3))
        var group = try History([alice.key, bob.key, eve.key])
        let first = group.moment()
        for one in [alice, bob] { try one.follow(first, at: .zero) }
        let (ear, track) = (Ear(bob, to: alice), try alice.room.addPublished(.audio, index: 1, now: .zero))
        _ = ear.read(try alice.catalogue(at: .zero), at: .zero)
        var due: [(at: Int64, who: Somebody, moment: GroupMoment)] = []
        var (sent, epochs) = ([UInt64](), Set<UInt64>())
        for milliseconds in stride(from: Int64(0), to: 6_000, by: 10) {
            let now = Self.time(milliseconds)
            if milliseconds % 1000 == 500, milliseconds < 5_000 {
                let moment =
                    change.removes && group.epoch % 2 == 1
                    ? try group.next(removing: [eve.key]) : try group.next(adding: [eve.key])
                due += [
                    (milliseconds + change.speaker, alice, moment),
                    (milliseconds + change.listener, bob, moment),
                ]
            }
            for entry in due where entry.at == milliseconds { try entry.who.follow(entry.moment, at: now) }
            due.removeAll { $0.at <= milliseconds }
            ear.retry(at: now)
            for one in [alice, bob] where now >= one.room.deadline { one.room.tick(now: now) }
            guard milliseconds % 20 == 0 else { continue }
            if alice.room.wantsCatalogue(now: now) { _ = ear.read(try alice.catalogue(at: now), at: now) }
            let number = UInt64(milliseconds / 20)
            ear.hear(try #require(alice.seal(track, number, at: now)), number, at: now)
            sent.append(number)
            epochs.insert(try #require(track.sealer.epoch))
        }
        #expect(ear.opened == sent)
        #expect(epochs.count == 6)
        let report = (alice.room.report.counts, bob.room.report.counts)
        #expect((report.0.unsealed, report.1.dropped) == (0, 0))
        if !change.removes { #expect(ear.waited == 0) }
        #expect(bob.takeNews() == [])
    }
}
