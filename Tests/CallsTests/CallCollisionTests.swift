import BurrowBase
import BurrowCalls
import BurrowNostr
import Testing

/// Several calls, several callers, several devices.
@Suite struct CallCollisionTests {
    private func start(_ phone: inout Phone, _ id: CallID, _ group: [UInt8] = Phone.pair) throws {
        try phone.act { (machine, now) in
            try machine.start(id, in: group, media: .video, hasVideo: true, now: now)
        }
        try phone.connected(id)
    }

    // MARK: Two who call each other

    @Test(arguments: [("a", "b"), ("b", "a")], [false, true])
    func bothEndInTheCallWithTheSmallerID(_ names: (String, String), _ aliceFirst: Bool) throws {
        let line = try Line()
        let (first, second) = (try CallID.named(names.0), try CallID.named(names.1))
        try start(&line.alice, first)
        try start(&line.bob, second)
        let (left, right) = (line.alice.takeSent(), line.bob.takeSent())
        if aliceFirst {
            for signal in left { line.bob.receive(signal) }
            for signal in right { line.alice.receive(signal) }
        } else {
            for signal in right { line.alice.receive(signal) }
            for signal in left { line.bob.receive(signal) }
        }
        line.exchange()
        let winner = min(first, second)
        let loser = max(first, second)
        for phone in [line.alice, line.bob] {
            guard case .connecting = try #require(phone.state(winner)) else {
                Issue.record("the winner does not go on")
                continue
            }
            #expect(phone.rooms == [winner])
        }
        let caller = names.0 == loser.text ? line.alice : line.bob
        #expect(caller.state(loser) == .ended(.glare))
        #expect(caller.machine.call(loser)?.successor == winner)
        #expect(caller.machine.call(winner)?.predecessor == loser)
        // The offer that lost was never shown to the winner.
        let other = names.0 == loser.text ? line.bob : line.alice
        #expect(other.state(loser) == nil)
    }

    @Test func aCallNobodyHeardOfYetGivesWay() throws {
        let line = try Line("z")
        let mine = try CallID.named("a")
        try line.bob.act { (machine, now) in
            try machine.start(mine, in: Phone.pair, media: .audio, hasVideo: false, now: now)
        }
        try line.ring()
        #expect(line.bob.state(mine) == .ended(.glare) && line.bob.state(line.id) == .connecting(.relay))
        #expect(line.bob.machine.call(line.id)?.hasVideo == false)
    }

    @Test func equalIDsFailOnBothSides() throws {
        let line = try Line()
        try start(&line.alice, line.id)
        try start(&line.bob, line.id)
        line.exchange()
        #expect(line.alice.state(line.id) == .failed(.glare) && line.bob.state(line.id) == .failed(.glare))
    }

    @Test func anOfferThatLostAndComesLateChangesNothing() throws {
        let line = try Line("a")
        let loser = try CallID.named("b")
        try start(&line.bob, loser)
        let late = line.bob.takeSent()
        try line.ring()
        line.exchange()
        #expect(line.alice.state(line.id) == .connecting(.waitingMedia))
        for signal in late { line.alice.receive(signal) }
        #expect(line.alice.state(line.id) == .connecting(.waitingMedia) && line.alice.state(loser) == nil)
    }

    @Test func whoLostTheirStateCallsAgain() throws {
        let line = try Line()
        try line.talk()
        let next = try CallID.named("again")
        line.wait(.seconds(3))
        var bob = try Phone(2)
        bob.now = line.bob.now
        try start(&bob, next)
        for signal in bob.takeSent() { line.alice.receive(signal) }
        #expect(line.alice.state(line.id) == .ended(.remoteHangup))
        #expect(line.alice.state(next) == .incoming(.ringing))
        #expect(try line.alice.sent.allSatisfy { try $0.end() == nil })
    }

    // MARK: Busy

    @Test func somebodyElseFindsUsBusy() throws {
        let line = try Line()
        try line.talk()
        let pair: [UInt8] = [7]
        var carol = try Phone(3)
        let view = try carol.view(pair, [try person(1), carol.key])
        carol.machine.setGroup(view, now: carol.now)
        line.alice.machine.setGroup(view, now: line.alice.now)
        let id = try CallID.named("carol")
        try start(&carol, id, pair)
        for signal in carol.takeSent() { line.alice.receive(signal) }
        let answer = try #require(line.alice.takeSent().first)
        #expect(try answer.end()?.reason == .busy)
        guard case .missed(_, .busy) = line.alice.takeEvents().last else {
            Issue.record("nobody learns of the call")
            return
        }
        carol.receive(answer)
        #expect(carol.state(id) == .ended(.busy) && line.alice.state(line.id) == .active(.ok))
    }

    @Test func aBusyDeviceDoesNotAnswerForTheOthers() throws {
        var bob = try Phone(2, device: 21)
        try bob.act { (machine, now) in
            try machine.start(.named("mine"), in: Phone.crowd, media: .audio, hasVideo: false, now: now)
        }
        var alice = try Phone(1)
        try start(&alice, .named("hers"))
        for signal in alice.takeSent() { bob.receive(signal) }
        #expect(bob.sent.isEmpty)
        guard case .missed(_, .busy) = bob.takeEvents().last else {
            Issue.record("nobody learns of the call")
            return
        }
    }

    @Test func aGroupsCallWhileBusyIsShownAndDoesNotRing() throws {
        let line = try Line()
        try line.talk()
        var carol = try Phone(3)
        let id = try CallID.named("crowd")
        try start(&carol, id, Phone.crowd)
        for signal in carol.takeSent() { line.alice.receive(signal) }
        guard case .available = line.alice.takeEvents().last else {
            Issue.record("nobody learns of the call")
            return
        }
        #expect(line.alice.sent.isEmpty && line.alice.state(id) == nil)
        #expect(throws: CallError.self) {
            try line.alice.act { (machine, now) in try machine.accept(id, hasVideo: true, now: now) }
        }
    }

    // MARK: Several devices

    /// Alice's call rings on two devices of Bob.
    private func ringTwice() throws -> (alice: Phone, first: Phone, second: Phone, id: CallID) {
        var alice = try Phone(1)
        var (first, second) = (try Phone(2, device: 21), try Phone(2, device: 22))
        let id = try CallID.named("call")
        try start(&alice, id)
        for signal in alice.takeSent() {
            first.receive(signal)
            second.receive(signal)
        }
        #expect(first.state(id) == .incoming(.ringing) && second.state(id) == .incoming(.ringing))
        _ = (first.takeSent(), second.takeSent())
        return (alice, first, second, id)
    }

    @Test func answeringOnOneDeviceSilencesTheOther() throws {
        var (alice, first, second, id) = try ringTwice()
        try first.act { (machine, now) in try machine.accept(id, hasVideo: true, now: now) }
        for signal in first.takeSent() {
            alice.receive(signal)
            second.receive(signal)
            first.receive(signal)
        }
        #expect(second.state(id) == .ended(.answeredElsewhere) && second.connects == 0)
        #expect(first.state(id) == .connecting(.relay))
        // Two devices of one person have two paths.
        #expect(first.machine.call(id)?.path.hasSuffix("/\(first.device.text)") == true)
        #expect(alice.state(id) == .connecting(.waitingMedia))
    }

    @Test func decliningOnOneDeviceSilencesTheOther() throws {
        var (alice, first, second, id) = try ringTwice()
        try first.act { (machine, now) in try machine.decline(id, now: now) }
        for signal in first.takeSent() {
            second.receive(signal)
            alice.receive(signal)
        }
        #expect(second.state(id) == .ended(.declinedElsewhere) && alice.state(id) == .ended(.declined))
    }

    @Test(arguments: [false, true]) func theFirstDeviceThatAcceptsKeepsTheCall(_ swaps: Bool) throws {
        var (alice, first, second, id) = try ringTwice()
        try first.act { (machine, now) in try machine.accept(id, hasVideo: true, now: now) }
        try second.act { (machine, now) in try machine.accept(id, hasVideo: true, now: now) }
        let (one, two) = (first.takeSent(), second.takeSent())
        for signal in swaps ? two + one : one + two { alice.receive(signal) }
        for signal in one { second.receive(signal) }
        for signal in two { first.receive(signal) }
        for signal in alice.takeSent() {
            first.receive(signal)
            second.receive(signal)
        }
        let (winner, loser) = swaps ? (second, first) : (first, second)
        #expect(loser.state(id) == .ended(.answeredElsewhere) && loser.rooms.isEmpty)
        #expect(winner.state(id) == .connecting(.relay))
        #expect(alice.state(id) == .connecting(.waitingMedia))
    }

    @Test func anAnswerFromBeforeARestartSilencesToo() throws {
        var (_, first, _, id) = try ringTwice()
        try first.act { (machine, now) in try machine.accept(id, hasVideo: true, now: now) }
        let accepted = first.takeSent()
        var (_, again, _, _) = try ringTwice()
        for signal in accepted { again.receive(signal) }
        #expect(again.state(id) == .ended(.answeredElsewhere))
    }

    // MARK: Freshness

    /// What was stored comes in any order.
    @Test func anOfferThatWasStoredWithItsEndDoesNotRing() throws {
        for settings in [
            CallSettings(),
            {
                var asking = CallSettings(); asking.admission = .ask; return asking
            }(),
        ] {
            let line = try Line(settings: settings)
            try line.call()
            line.alice.wait(.seconds(1))
            try line.alice.act { (machine, now) in try machine.end(line.id, now: now) }
            let stored = line.alice.takeSent()
            line.bob.now = line.alice.now + .seconds(3)
            for signal in stored { line.bob.receive(signal) }
            line.bob.wait(.seconds(20))
            #expect(line.bob.states.isEmpty && line.bob.state(line.id) == nil)
            let missed = line.bob.takeEvents().filter {
                if case .missed(_, .cancelled) = $0 { true } else { false }
            }
            #expect(missed.count == 1)
        }
    }

    @Test(arguments: [CallUpdate.Progress?.some(.accepted), nil])
    func anOfferThatOurOtherDeviceTookOrRefusedDoesNotRing(_ progress: CallUpdate.Progress?) throws {
        let (alice, first, _, id) = try ringTwice()
        var phone = first
        if progress == nil {
            try phone.act { (machine, now) in try machine.decline(id, now: now) }
        } else {
            try phone.act { (machine, now) in try machine.accept(id, hasVideo: true, now: now) }
        }
        _ = alice
        var late = try Phone(2, device: 9)
        late.now = Instant(microseconds: 5_000_000)
        let line = try Line()
        try line.call()
        for signal in line.alice.takeSent() + phone.takeSent() { late.receive(signal) }
        late.wait(.seconds(20))
        #expect(late.states.isEmpty && late.sent.isEmpty && late.connects == 0)
    }

    @Test func anOfferThatWasStoredAndStandsRings() throws {
        let line = try Line()
        try line.call()
        line.bob.now = Instant(microseconds: 5_000_000)
        for signal in line.alice.takeSent() { line.bob.receive(signal) }
        #expect(line.bob.state(line.id) == nil)
        line.bob.wait(.milliseconds(400))
        #expect(line.bob.states == [.incoming(.ringing)])
    }

    @Test(arguments: [
        (0, true), (60, true), (61, false), (120, false), (86400, false), (-60, true), (-61, false),
    ])
    func oldOffersDoNotRing(_ age: Int64, _ rings: Bool) throws {
        let line = try Line()
        try line.call()
        let sent = try #require(line.alice.takeSent().first)
        let rumor = try Rumor(
            publicKey: line.alice.key,
            createdAt: UnixTime(epoch - age),
            kind: .callOffer,
            tags: sent.rumor.tags.filter { $0.name != "expiration" },
            content: sent.rumor.content
        )
        line.bob.act { (machine, now) in _ = machine.receive(rumor, from: .wrap, now: now) }
        line.bob.wait(.milliseconds(400))
        #expect((line.bob.state(line.id) == .incoming(.ringing)) == rings)
        if !rings, age > 0 {
            guard case .missed(let notice, .timeout) = line.bob.takeEvents().last else {
                Issue.record("nobody learns of the call")
                return
            }
            #expect(notice.caller == line.alice.key)
        }
        if age < -60 { #expect(line.bob.events.isEmpty) }
    }

    @Test func callsOfAnEarlierLifeAreNotMissedAgain() throws {
        var settings = CallSettings()
        settings.missedSince = UnixTime(epoch - 100)
        let line = try Line(settings: settings)
        try line.call()
        let sent = try #require(line.alice.takeSent().first)
        for (age, count) in [(Int64(200), 0), (90, 1)] {
            let rumor = try Rumor(
                publicKey: line.alice.key,
                createdAt: UnixTime(epoch - age),
                kind: .callOffer,
                tags: sent.rumor.tags,
                content: sent.rumor.content
            )
            line.bob.act { (machine, now) in _ = machine.receive(rumor, from: .wrap, now: now) }
            #expect(line.bob.events.count == count)
        }
    }

    @Test func anEndBeforeItsOfferHolds() throws {
        let line = try Line()
        try line.call()
        try line.alice.act { (machine, now) in try machine.end(line.id, now: now) }
        for signal in line.alice.takeSent().reversed() { line.bob.receive(signal) }
        #expect(line.bob.state(line.id) == nil)
        guard case .missed(_, .cancelled) = line.bob.takeEvents().last else {
            Issue.record("nobody learns of the call")
            return
        }
    }

    @Test func signalsCountOnceAndOffersAreLimited() throws {
        let line = try Line()
        try line.call()
        for signal in line.alice.takeSent() {
            for _ in 0..<3 { line.bob.receive(signal) }
        }
        #expect(line.bob.events.count == 1 && line.bob.sent.count == 1)
        try line.bob.act { (machine, now) in try machine.decline(line.id, now: now) }
        let room = try #require(line.alice.machine.call(line.id)?.room)
        let offer = CallOffer(
            media: .audio,
            relays: [try url(Phone.relay)],
            room: room,
            path: room.path(of: line.alice.key, device: nil)
        )
        for number in 0..<20 {
            let rumor = try CallSignal(.named("flood-\(number)"), .offer(offer))
                .rumor(from: line.alice.key, to: .group, at: UnixTime(epoch))
            line.bob.act { (machine, now) in
                _ = machine.receive(rumor, from: .wrap, now: now)
                try? machine.decline(.named("flood-\(number)"), now: now)
            }
        }
        let rung = line.bob.states.count { $0 == .incoming(.ringing) }
        #expect(rung == CallLimits.offersPerMinute && line.bob.machine.refusedSignals > 0)
    }

    // MARK: Who may call

    @Test func theHostDecidesWhoRings() throws {
        for (answer, expected) in [
            (Admission.ring, CallState.incoming(.ringing)), (.silence, .incoming(.silent)), (.drop, nil),
        ] as [(Admission, CallState?)] {
            var settings = CallSettings()
            settings.admission = .ask
            let line = try Line(settings: settings)
            try line.call()
            line.exchange()
            guard case .question = line.bob.takeEvents().last else {
                Issue.record("the host is not asked")
                continue
            }
            #expect(line.bob.state(line.id) == nil && line.bob.sent.isEmpty)
            try line.bob.act { (machine, now) in try machine.admit(line.id, answer, now: now) }
            #expect(line.bob.state(line.id) == expected)
        }
    }

    @Test func aQuestionNobodyAnswersIsSilence() throws {
        var settings = CallSettings()
        settings.admission = .ask
        let line = try Line(settings: settings)
        try line.call()
        line.exchange()
        line.bob.wait(.seconds(5))
        #expect(line.bob.state(line.id) == .incoming(.silent) && line.bob.sent.isEmpty)
    }

    @Test func strangersAreNotHeard() throws {
        let line = try Line()
        try line.call()
        let sent = try #require(line.alice.takeSent().first)
        let stranger = try Rumor(
            publicKey: person(9),
            createdAt: UnixTime(epoch),
            kind: .callOffer,
            tags: sent.rumor.tags,
            content: sent.rumor.content
        )
        line.bob.act { (machine, now) in
            _ = machine.receive(stranger, from: .wrap, now: now)
            _ = machine.receive(stranger, from: .group(Phone.crowd), now: now)
        }
        // And nobody offers a broadcast that names somebody else.
        let forged = try Rumor(
            publicKey: person(3),
            createdAt: UnixTime(epoch),
            kind: .callOffer,
            tags: sent.rumor.tags,
            content: sent.rumor.content
        )
        line.bob.act { (machine, now) in _ = machine.receive(forged, from: .group(Phone.crowd), now: now) }
        #expect(line.bob.events.isEmpty && line.bob.machine.refusedSignals == 2)
    }

    @Test(
        arguments: [
            ("moqt://10.0.0.1", nil), ("ws://moq.example", nil), ("moqt://moq.example", "other-suite"),
        ] as [(String, String?)]
    )
    func offersWeCannotTakeAreAnswered(_ relay: String, _ suite: String?) throws {
        let line = try Line()
        let room = try #require(RoomPath(room: "r", path: "r/alice"))
        var offer = CallOffer(media: .video, relays: [try url(relay)], room: room, path: "r/alice")
        offer.protection = suite
        let rumor = try CallSignal(line.id, .offer(offer))
            .rumor(from: line.alice.key, to: .group, at: UnixTime(epoch))
        line.bob.act { (machine, now) in _ = machine.receive(rumor, from: .wrap, now: now) }
        #expect(line.bob.events.map(\.change) == [.unsupported(line.alice.key, .video)])
        #expect(try line.bob.sent.first?.end()?.reason == .unsupported && line.bob.connects == 0)
    }

    @Test(arguments: [true, false]) func webRTCOffersAreAnswered(_ answers: Bool) throws {
        var settings = CallSettings()
        settings.answersLegacyOffers = answers
        var bob = try Phone(2, settings: settings)
        let rumor = try Rumor(
            publicKey: person(1),
            createdAt: UnixTime(epoch),
            kind: .callOffer,
            tags: [["call-id", "abc"], ["call-type", "video"]],
            content: #"{"sdp":"v=0","call_type":"video"}"#
        )
        bob.act { (machine, now) in _ = machine.receive(rumor, from: .wrap, now: now) }
        #expect(bob.events.map(\.change) == [.unsupported(try person(1), .video)])
        #expect(bob.sent.count == (answers ? 1 : 0))
        if let sent = bob.sent.first {
            #expect(try sent.end()?.reason == .unsupported && sent.recipient == .people([person(1)]))
        }
    }
}
