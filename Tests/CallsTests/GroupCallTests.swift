import BurrowBase
import BurrowCalls
import BurrowNostr
import Testing

/// Calls of more than two.
@Suite struct GroupCallTests {
    /// Alice calls Bob and Carol.
    struct Crowd {
        var line: Line
        var carol: Phone
        var id: CallID { line.id }

        init(_ name: String = "call", settings: CallSettings = CallSettings()) throws {
            line = try Line(name, settings: settings)
            carol = try Phone(3, settings: settings)
        }

        mutating func exchange() {
            for _ in 0..<8 {
                let sent = (line.alice.takeSent(), line.bob.takeSent(), carol.takeSent())
                guard !(sent.0 + sent.1 + sent.2).isEmpty else { return }
                for signal in sent.1 + sent.2 { line.alice.receive(signal) }
                for signal in sent.0 + sent.2 { line.bob.receive(signal) }
                for signal in sent.0 + sent.1 { carol.receive(signal) }
            }
        }

        mutating func ring() throws {
            try line.call(Phone.crowd)
            exchange()
        }

        mutating func announce(_ person: PublicKey, isThere: Bool = true) throws {
            let id = id
            let room = try #require(line.alice.machine.call(id)?.room ?? line.bob.machine.call(id)?.room)
            let path = room.path(of: person, device: nil)
            line.alice.act { (machine, now) in machine.announced(id, path, isThere: isThere, now: now) }
            line.bob.act { (machine, now) in machine.announced(id, path, isThere: isThere, now: now) }
            carol.act { (machine, now) in machine.announced(id, path, isThere: isThere, now: now) }
        }

        /// All three are in it.
        mutating func talk() throws {
            try ring()
            let id = id
            try line.accept()
            try carol.act { (machine, now) in try machine.accept(id, hasVideo: true, now: now) }
            try line.bob.connected(id)
            try carol.connected(id)
            exchange()
            for phone in [line.alice.key, line.bob.key, carol.key] { try announce(phone) }
            exchange()
        }
    }

    @Test func aGroupIsCalledByAMessageAndNobodySaysThatItRings() throws {
        var crowd = try Crowd()
        try crowd.line.call(Phone.crowd)
        #expect(crowd.line.alice.sent.first?.recipient == .group(Phone.crowd))
        crowd.exchange()
        #expect(crowd.line.bob.state(crowd.id) == .incoming(.ringing))
        #expect(crowd.carol.state(crowd.id) == .incoming(.ringing))
        #expect(crowd.line.alice.state(crowd.id) == .outgoing(.sent))
    }

    @Test func theFirstWhoComesMakesItActive() throws {
        var crowd = try Crowd()
        try crowd.ring()
        try crowd.line.accept()
        crowd.exchange()
        #expect(crowd.line.alice.state(crowd.id) == .active(.alone))
        try crowd.line.bob.connected(crowd.id)
        #expect(crowd.line.bob.state(crowd.id) == .active(.alone))
        try crowd.announce(crowd.line.bob.key)
        try crowd.announce(crowd.line.alice.key)
        #expect(crowd.line.alice.state(crowd.id) == .active(.ok))
        #expect(crowd.line.bob.state(crowd.id) == .active(.ok))
    }

    @Test func decliningIsBetweenOurOwnDevices() throws {
        var crowd = try Crowd()
        try crowd.ring()
        let id = crowd.id
        try crowd.carol.act { (machine, now) in try machine.decline(id, now: now) }
        #expect(crowd.carol.sent.map(\.recipient) == [.people([crowd.carol.key])])
        var other = try Phone(3, device: 33)
        var alice = try Phone(1)
        try alice.act { (machine, now) in
            try machine.start(id, in: Phone.crowd, media: .video, hasVideo: true, now: now)
        }
        try alice.connected(id)
        for signal in alice.takeSent() { other.receive(signal) }
        for signal in crowd.carol.takeSent() { other.receive(signal) }
        #expect(other.state(id) == .ended(.declinedElsewhere))
        #expect(crowd.line.alice.state(id) == .outgoing(.sent))
    }

    @Test func leavingIsNotTheEndForOthers() throws {
        var crowd = try Crowd()
        try crowd.talk()
        let id = crowd.id
        try crowd.line.alice.act { (machine, now) in try machine.end(id, now: now) }
        #expect(try crowd.line.alice.sent.last?.end()?.scope == .own)
        crowd.exchange()
        try crowd.announce(crowd.line.alice.key, isThere: false)
        #expect(crowd.line.bob.state(id) == .active(.ok) && crowd.carol.state(id) == .active(.ok))
        try crowd.carol.act { (machine, now) in try machine.end(id, now: now) }
        crowd.exchange()
        #expect(crowd.line.bob.state(id) == .active(.alone))
        crowd.line.bob.wait(.seconds(300) - .microseconds(1))
        #expect(crowd.line.bob.state(id) == .active(.alone))
        crowd.line.bob.wait(.microseconds(1))
        #expect(crowd.line.bob.state(id) == .ended(.timeout))
    }

    @Test func onlyAdminsEndItForAll() throws {
        for (number, ends) in [(1, true), (2, false)] {
            var crowd = try Crowd()
            try crowd.talk()
            let id = crowd.id
            if number == 1 {
                try crowd.line.alice.act { (machine, now) in try machine.end(id, forAll: true, now: now) }
            } else {
                try crowd.line.bob.act { (machine, now) in try machine.end(id, forAll: true, now: now) }
            }
            crowd.exchange()
            #expect((crowd.carol.state(id) == .ended(.remoteHangup)) == ends)
        }
    }

    @Test func aCallTakenBackStopsRingingForAll() throws {
        var crowd = try Crowd()
        try crowd.ring()
        let id = crowd.id
        try crowd.line.alice.act { (machine, now) in try machine.end(id, now: now) }
        crowd.exchange()
        #expect(crowd.line.bob.state(id) == .ended(.missed) && crowd.carol.state(id) == .ended(.missed))
    }

    @Test(arguments: [false, true]) func whoIsNotAnsweredMayWait(_ waits: Bool) throws {
        var settings = CallSettings()
        settings.waitsUnanswered = waits
        var crowd = try Crowd(settings: settings)
        try crowd.ring()
        crowd.line.alice.wait(.seconds(45))
        #expect(crowd.line.alice.state(crowd.id) == (waits ? .active(.alone) : .ended(.timeout)))
    }

    // MARK: Several callers

    @Test(arguments: [("a", "b"), ("b", "a")]) func allEndInOneCall(_ names: (String, String)) throws {
        var crowd = try Crowd(names.0)
        let (first, second) = (crowd.id, try CallID.named(names.1))
        try crowd.line.call(Phone.crowd)
        try crowd.line.bob.act { (machine, now) in
            try machine.start(second, in: Phone.crowd, media: .video, hasVideo: true, now: now)
        }
        try crowd.line.bob.connected(second)
        crowd.exchange()
        let (winner, loser) = (min(first, second), max(first, second))
        let (caller, other) =
            winner == first ? (crowd.line.alice, crowd.line.bob) : (crowd.line.bob, crowd.line.alice)
        #expect(other.state(loser) == .ended(.glare) && other.state(winner) == .connecting(.relay))
        #expect(other.rooms == [winner] && caller.rooms == [winner])
        #expect(crowd.carol.state(winner) == .incoming(.ringing))
        #expect(crowd.carol.machine.calls.count { $0.state.isOccupying } == 1)
    }

    @Test func whoTookACallThatLostFollows() throws {
        var crowd = try Crowd("b")
        let winner = try CallID.named("a")
        let loser = crowd.id
        try crowd.ring()
        try crowd.carol.act { (machine, now) in
            try machine.accept(loser, isMuted: true, hasVideo: false, now: now)
        }
        try crowd.line.bob.act { (machine, now) in try machine.decline(loser, now: now) }
        _ = crowd.line.bob.takeSent()
        try crowd.line.bob.act { (machine, now) in
            try machine.start(winner, in: Phone.crowd, media: .video, hasVideo: true, now: now)
        }
        try crowd.line.bob.connected(winner)
        let offer = crowd.line.bob.takeSent()
        for signal in crowd.carol.takeSent() { crowd.line.alice.receive(signal) }
        for signal in offer { crowd.line.alice.receive(signal) }
        let moved = crowd.line.alice.takeSent()
        // Carol hears that it is superseded before the other offer.
        for signal in moved { crowd.carol.receive(signal) }
        #expect(crowd.carol.state(loser) == .ended(.glare) && crowd.carol.rooms.isEmpty)
        for signal in offer { crowd.carol.receive(signal) }
        #expect(crowd.carol.state(winner) == .connecting(.relay) && crowd.carol.rooms == [winner])
        #expect(crowd.carol.machine.call(winner)?.isMuted == true)
        #expect(crowd.carol.machine.call(winner)?.hasVideo == false)
    }

    @Test func aLaterCallOfTheGroupIsAnother() throws {
        var crowd = try Crowd("b")
        try crowd.talk()
        crowd.line.wait(.seconds(61))
        crowd.carol.wait(.seconds(61))
        var other = try Phone(3, device: 33)
        other.now = crowd.carol.now
        let id = try CallID.named("a")
        try other.act { (machine, now) in
            try machine.start(id, in: Phone.crowd, media: .audio, hasVideo: false, now: now)
        }
        try other.connected(id)
        _ = crowd.line.alice.takeEvents()
        for signal in other.takeSent() { crowd.line.alice.receive(signal) }
        #expect(crowd.line.alice.state(crowd.id) == .active(.ok))
        guard case .available = crowd.line.alice.takeEvents().last else {
            Issue.record("nobody learns of the call")
            return
        }
    }

    // MARK: Late

    @Test(arguments: [(60, true, false), (61, false, true), (14400, false, true), (14401, false, false)])
    func anOldOfferCanBeJoined(_ age: Int64, _ rings: Bool, _ isAvailable: Bool) throws {
        var crowd = try Crowd()
        try crowd.line.call(Phone.crowd)
        let id = crowd.id
        let sent = crowd.line.alice.takeSent()
        crowd.carol.now = Instant(microseconds: age * 1_000_000)
        for signal in sent { crowd.carol.receive(signal) }
        crowd.carol.wait(.milliseconds(400))
        #expect((crowd.carol.state(id) == .incoming(.ringing)) == rings)
        let events = crowd.carol.takeEvents()
        let available = events.contains { if case .available = $0 { true } else { false } }
        #expect(available == isAvailable)
        guard isAvailable else { return }
        #expect(crowd.carol.connects == 0)
        try crowd.carol.act { (machine, now) in try machine.accept(id, hasVideo: false, now: now) }
        #expect(crowd.carol.state(id) == .connecting(.relay) && crowd.carol.rooms == [id])
    }

    @Test func lookingTellsWhoIsThereOrThatItIsOver() throws {
        var crowd = try Crowd()
        try crowd.line.call(Phone.crowd)
        let id = crowd.id
        let room = try #require(crowd.line.alice.machine.call(id)?.room)
        crowd.carol.now = Instant(microseconds: 100_000_000)
        for signal in crowd.line.alice.takeSent() { crowd.carol.receive(signal) }
        #expect(crowd.carol.looks.isEmpty)
        try crowd.carol.act { (machine, _) in try machine.look(id) }
        #expect(crowd.carol.looks == [id])
        _ = crowd.carol.takeEvents()
        let bob = room.path(of: crowd.line.bob.key, device: nil)
        crowd.carol.act { (machine, _) in machine.looked(id, [bob, "\(room.prefix)/nobody"]) }
        #expect(crowd.carol.takeEvents() == [.present([crowd.line.bob.key])])
        crowd.carol.act { (machine, _) in machine.looked(id, []) }
        #expect(crowd.carol.takeEvents() == [.over])
    }

    @Test func aCallThatCouldBeJoinedEnds() throws {
        var crowd = try Crowd()
        try crowd.line.call(Phone.crowd)
        let id = crowd.id
        crowd.carol.now = Instant(microseconds: 100_000_000)
        for signal in crowd.line.alice.takeSent() { crowd.carol.receive(signal) }
        try crowd.line.alice.act { (machine, now) in try machine.end(id, now: now) }
        for signal in crowd.line.alice.takeSent() { crowd.carol.receive(signal) }
        #expect(crowd.carol.takeEvents().last == .over)
    }

    @Test(arguments: [false, true]) func whatWasNotTakenCanBeJoinedLater(_ declines: Bool) throws {
        var crowd = try Crowd()
        try crowd.ring()
        let id = crowd.id
        try crowd.line.accept()
        crowd.exchange()
        if declines {
            try crowd.carol.act { (machine, now) in try machine.decline(id, now: now) }
        } else {
            crowd.carol.wait(.seconds(45))
        }
        guard case .available = crowd.carol.takeEvents().last else {
            Issue.record("nobody learns that it goes on")
            return
        }
        #expect(crowd.carol.connects == 0)
        var later = crowd.carol
        try later.act { (machine, now) in try machine.accept(id, hasVideo: true, now: now) }
        #expect(later.state(id) == .connecting(.relay) && later.rooms == [id])
        // Who is in it leaves, one after the other: then it is over.
        try crowd.line.alice.act { (machine, now) in try machine.end(id, now: now) }
        for signal in crowd.line.alice.takeSent() { crowd.carol.receive(signal) }
        #expect(crowd.carol.takeEvents().isEmpty)
        try crowd.line.bob.act { (machine, now) in try machine.end(id, now: now) }
        for signal in crowd.line.bob.takeSent() { crowd.carol.receive(signal) }
        #expect(crowd.carol.takeEvents() == [.over])
    }

    @Test func silentOffersDoNotRing() throws {
        var crowd = try Crowd()
        try crowd.line.call(Phone.crowd)
        let sent = try #require(crowd.line.alice.takeSent().first)
        var offer = try #require(try sent.offer())
        offer.rings = false
        let rumor = try CallSignal(crowd.id, .offer(offer))
            .rumor(from: crowd.line.alice.key, to: .group, at: UnixTime(epoch))
        crowd.carol.act { (machine, now) in _ = machine.receive(rumor, from: .group(Phone.crowd), now: now) }
        #expect(crowd.carol.state(crowd.id) == nil && crowd.carol.events.count == 1)
    }

    @Test func whoJoinsTheGroupDuringACallHearsOfIt() throws {
        var crowd = try Crowd()
        try crowd.talk()
        let people = [try person(1), try person(2), try person(3), try person(4)]
        let view = try crowd.line.alice.view(Phone.crowd, people)
        crowd.line.alice.act { (machine, now) in machine.setGroup(view, now: now) }
        let offer = try #require(try crowd.line.alice.sent.last?.offer())
        #expect(!offer.rings && offer.startedAt == UnixTime(epoch))
    }

    // MARK: Members

    @Test func whoIsRemovedIsInNoCall() throws {
        var crowd = try Crowd()
        try crowd.talk()
        let people = [try person(1), try person(2)]
        let view = try crowd.line.alice.view(Phone.crowd, people)
        let id = crowd.id
        crowd.line.alice.act { (machine, now) in machine.setGroup(view, now: now) }
        crowd.carol.act { (machine, now) in machine.setGroup(view, now: now) }
        #expect(crowd.carol.state(id) == .ended(.removed) && crowd.carol.rooms.isEmpty)
        #expect(crowd.carol.sent.isEmpty)
        let roster = try #require(crowd.line.alice.machine.call(id)?.roster)
        #expect(!roster.participants.contains { $0.person == crowd.carol.key })
        // Its broadcast is nobody's now, and said so once.
        _ = crowd.line.alice.takeEvents()
        for _ in 0..<2 {
            let path = try #require(crowd.line.alice.machine.call(id)?.room).path(
                of: crowd.carol.key,
                device: nil
            )
            crowd.line.alice.act { (machine, now) in machine.announced(id, path, isThere: true, now: now) }
        }
        #expect(crowd.line.alice.takeEvents().count == 1)
        crowd.line.alice.act { (machine, now) in machine.removeGroup(Phone.crowd, now: now) }
        #expect(crowd.line.alice.state(id) == .ended(.removed))
    }

    // MARK: Roster

    @Test func pathsBelongToWhoSaysSoOrIsNamed() throws {
        let room = try #require(RoomPath(room: "r", path: "burrow/r/x"))
        let people = [try person(1), try person(2)]
        var roster = Roster()
        let opaque = "burrow/r/x"
        #expect(roster.announce(opaque, isThere: true, in: room, of: people) == .unknown(opaque))
        #expect(roster.announce(opaque, isThere: true, in: room, of: people) == .nothing)
        var update = CallUpdate(.joined)
        update.path = opaque
        guard case .joined(let entry) = roster.update(people[0], update, in: room, of: people) else {
            Issue.record("nobody joined")
            return
        }
        #expect(entry.path == opaque && !entry.isAnnounced)
        guard case .changed = roster.announce(opaque, isThere: true, in: room, of: people) else {
            Issue.record("not announced")
            return
        }
        // Another's path, and another's name, cannot be claimed.
        update.path = opaque
        _ = roster.update(people[1], update, in: room, of: people)
        #expect(roster.owner(of: opaque) == people[0])
        #expect(!roster.mayClaim(room.path(of: people[0], device: nil), people[1], in: room, of: people))
        #expect(!roster.mayClaim("elsewhere/x", people[1], in: room, of: people))
    }

    @Test func aPersonsDevicesAreTwoInTheRoom() throws {
        let room = try #require(RoomPath(room: "r", path: "burrow/r/x"))
        let people = [try person(1)]
        var roster = Roster()
        for device in [try device(1), try device(2)] {
            let path = room.path(of: people[0], device: device)
            guard case .joined(let entry) = roster.announce(path, isThere: true, in: room, of: people) else {
                Issue.record("nobody joined")
                continue
            }
            #expect(entry.device == device)
        }
        #expect(roster.participants.count == 2)
        #expect(roster.leave(people[0], try device(1)).count == 1)
        #expect(roster.isAnnounced(people[0]))
        #expect(roster.leave(people[0], nil).count == 1)
        #expect(roster.participants.isEmpty)
    }

    @Test(arguments: [false, true]) func lateComersHearWhatWeSend(theySaidThatTheyCome: Bool) throws {
        var crowd = try Crowd()
        try crowd.talk()
        let id = crowd.id
        try crowd.line.alice.act { (machine, now) in
            try machine.update(id, isMuted: true, hasVideo: nil, now: now)
        }
        _ = crowd.line.alice.takeSent()
        try crowd.announce(crowd.carol.key, isThere: false)
        if theySaidThatTheyCome {
            try crowd.carol.act { (machine, now) in
                try machine.update(id, isMuted: false, hasVideo: nil, now: now)
            }
            for signal in crowd.carol.takeSent() { crowd.line.alice.receive(signal) }
        }
        try crowd.announce(crowd.carol.key)
        crowd.line.alice.wait(.milliseconds(500))
        #expect(try crowd.line.alice.sent.last?.update()?.isMuted == true)
    }
}
