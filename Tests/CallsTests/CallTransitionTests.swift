import BurrowBase
import BurrowCalls
import BurrowNostr
import Testing

/// The rows of the table of transitions, each with what it sends and what the user sees.
@Suite struct CallTransitionTests {
    // MARK: Calling

    @Test func aCallIsInItsRoomBeforeAnybodyHearsOfIt() throws {
        let line = try Line()
        try line.alice.act { (machine, now) in
            try machine.start(line.id, in: Phone.pair, media: .video, hasVideo: true, now: now)
        }
        #expect(line.alice.rooms == [line.id] && line.alice.sent.isEmpty)
        try line.alice.connected(line.id)
        let offer = try #require(try line.alice.sent.first?.offer())
        #expect(offer.path == "\(offer.room.prefix)/\(line.alice.key.hex)")
        #expect(offer.relays == [try url(Phone.relay)] && offer.epoch == 12 && offer.rings)
        #expect(line.alice.states == [.outgoing(.publishing), .outgoing(.sent)])
        #expect(line.alice.sent.first?.recipient == .people([line.bob.key]))
    }

    @Test func nobodyConnectsBeforeTheUserAgrees() throws {
        let line = try Line()
        try line.ring()
        #expect(line.bob.states == [.incoming(.ringing)] && line.bob.connects == 0)
        #expect(line.alice.state(line.id) == .outgoing(.remoteRinging))
        try line.accept()
        #expect(line.bob.rooms == [line.id])
    }

    @Test func acceptingLeadsBothToTheTalk() throws {
        let line = try Line()
        try line.ring()
        try line.accept()
        #expect(try line.bob.sent.first?.update()?.progress == .accepted)
        #expect(line.bob.sent.first?.recipient == .people([line.alice.key, line.bob.key]))
        line.exchange()
        #expect(line.alice.state(line.id) == .connecting(.waitingMedia))
        try line.bob.connected(line.id)
        line.exchange()
        try line.meet()
        #expect(
            line.alice.states == [
                .outgoing(.publishing), .outgoing(.sent), .outgoing(.remoteRinging),
                .connecting(.waitingMedia),
                .active(.ok),
            ]
        )
        #expect(
            line.bob.states == [
                .incoming(.ringing), .connecting(.relay), .connecting(.waitingMedia), .active(.ok),
            ]
        )
    }

    @Test func theCalleesBroadcastIsAnAnswerToo() throws {
        let line = try Line()
        try line.ring()
        try line.accept()
        _ = line.bob.takeSent()
        let path = try #require(line.bob.machine.call(line.id)?.path)
        line.alice.act { (machine, now) in machine.announced(line.id, path, isThere: true, now: now) }
        #expect(line.alice.state(line.id) == .connecting(.waitingMedia))
    }

    @Test func whoWasInTheRoomBeforeDoesNotAnswer() throws {
        let line = try Line()
        try line.alice.act { (machine, now) in
            try machine.start(line.id, in: Phone.pair, media: .audio, hasVideo: false, now: now)
        }
        let room = try #require(line.alice.machine.call(line.id)?.room)
        let path = room.path(of: line.bob.key, device: nil)
        line.alice.act { (machine, now) in machine.announced(line.id, path, isThere: true, now: now) }
        try line.alice.connected(line.id)
        #expect(line.alice.state(line.id) == .outgoing(.sent))
        // Gone and back again: now it is an answer.
        line.alice.act { (machine, now) in machine.announced(line.id, path, isThere: false, now: now) }
        line.alice.act { (machine, now) in machine.announced(line.id, path, isThere: true, now: now) }
        #expect(line.alice.state(line.id) == .connecting(.waitingMedia))
    }

    @Test(arguments: [(false, CallEndReason.declined), (true, .busy)])
    func refusingTellsTheCaller(_ isBusy: Bool, _ reason: CallEndReason) throws {
        let line = try Line()
        try line.ring()
        try line.bob.act { (machine, now) in try machine.decline(line.id, isBusy: isBusy, now: now) }
        line.exchange()
        #expect(line.alice.state(line.id) == .ended(reason) && line.bob.state(line.id) == .ended(reason))
        #expect(line.alice.rooms.isEmpty && line.bob.connects == 0)
    }

    @Test func takingACallBackStopsTheRinging() throws {
        let line = try Line()
        try line.ring()
        try line.alice.act { (machine, now) in try machine.end(line.id, now: now) }
        #expect(line.alice.state(line.id) == .ending(.cancelled) && line.alice.rooms.isEmpty)
        #expect(try line.alice.sent.first?.end()?.reason == .cancelled)
        line.exchange()
        #expect(line.bob.state(line.id) == .ended(.missed))
        line.alice.wait(.seconds(5))
        #expect(line.alice.state(line.id) == .ended(.cancelled))
    }

    @Test func aCallTakenBackBeforeTheOfferIsNeverHeardOf() throws {
        let line = try Line()
        try line.alice.act { (machine, now) in
            try machine.start(line.id, in: Phone.pair, media: .audio, hasVideo: false, now: now)
            try machine.end(line.id, now: now)
        }
        #expect(line.alice.sent.isEmpty && line.alice.state(line.id) == .ended(.cancelled))
        // What comes of the room afterwards changes nothing.
        try line.alice.connected(line.id)
        #expect(line.alice.sent.isEmpty && line.alice.rooms.isEmpty)
    }

    @Test func anOfferNobodyTookFails() throws {
        let line = try Line()
        try line.call()
        let number = try #require(line.alice.sent.first?.number)
        line.alice.act { (machine, now) in machine.signalFinished(number, accepted: false, now: now) }
        #expect(line.alice.state(line.id) == .failed(.publishFailed) && line.alice.rooms.isEmpty)
    }

    // MARK: Timers, a microsecond to either side

    @Test func ringingEnds() throws {
        let line = try Line()
        try line.ring()
        line.wait(.seconds(45) - .microseconds(1))
        #expect(line.alice.state(line.id) == .outgoing(.remoteRinging))
        #expect(line.bob.state(line.id) == .incoming(.ringing))
        line.wait(.microseconds(1))
        #expect(line.alice.state(line.id) == .ended(.timeout) && line.bob.state(line.id) == .ended(.missed))
        #expect(try line.alice.sent.first?.end()?.reason == .timeout)
        #expect(line.bob.sent.isEmpty)
    }

    @Test func aRelayThatDoesNotAnswerEndsTheCall() throws {
        let line = try Line()
        try line.alice.act { (machine, now) in
            try machine.start(line.id, in: Phone.pair, media: .audio, hasVideo: false, now: now)
        }
        line.alice.wait(.seconds(20) - .microseconds(1))
        #expect(line.alice.state(line.id) == .outgoing(.publishing))
        line.alice.wait(.microseconds(1))
        #expect(line.alice.state(line.id) == .failed(.relayUnreachable) && line.alice.sent.isEmpty)
    }

    @Test func connectingEnds() throws {
        let line = try Line()
        try line.ring()
        try line.accept()
        _ = line.bob.takeSent()
        line.bob.wait(.seconds(20) - .microseconds(1))
        #expect(line.bob.state(line.id) == .connecting(.relay))
        line.bob.wait(.microseconds(1))
        #expect(line.bob.state(line.id) == .failed(.timeout))
        #expect(try line.bob.sent.first?.end()?.reason == .failed)
        line.exchange()
        #expect(line.alice.state(line.id) == .ended(.failed))
    }

    @Test func silenceAfterConnectingEnds() throws {
        let line = try Line()
        try line.ring()
        try line.accept()
        line.exchange()
        try line.bob.connected(line.id)
        line.wait(.seconds(20))
        #expect(
            line.alice.state(line.id) == .failed(.timeout) && line.bob.state(line.id) == .failed(.timeout)
        )
    }

    @Test func connectingForEverEndsToo() throws {
        let line = try Line()
        try line.ring()
        try line.accept()
        for _ in 0..<5 {
            try line.bob.connected(line.id)
            line.bob.wait(.seconds(5))
            line.bob.act { (machine, now) in machine.connectionLost(line.id, now: now) }
            line.bob.wait(.seconds(5))
        }
        #expect(line.bob.state(line.id) == .failed(.timeout))
    }

    // MARK: Talking

    @Test func hangingUpIsNotAnswered() throws {
        let line = try Line()
        try line.talk()
        line.wait(.milliseconds(2900))
        try line.alice.act { (machine, now) in try machine.end(line.id, now: now) }
        #expect(line.alice.state(line.id) == .ending(.hangup))
        let farewell = try #require(line.alice.sent.first)
        #expect(try farewell.end()?.scope == .call && farewell.end()?.duration == 2)
        line.bob.receive(farewell)
        #expect(line.bob.state(line.id) == .ended(.remoteHangup) && line.bob.rooms.isEmpty)
        #expect(line.bob.sent.isEmpty)
        line.alice.act { (machine, now) in machine.signalFinished(farewell.number, accepted: true, now: now) }
        #expect(line.alice.state(line.id) == .ended(.hangup))
    }

    @Test func whatIsOverStaysOver() throws {
        let line = try Line()
        try line.ring()
        let offer = line
        try line.bob.act { (machine, now) in try machine.decline(line.id, now: now) }
        _ = line.bob.takeEvents()
        var again = offer.alice
        again.act { (machine, now) in machine.connectionLost(line.id, now: now) }
        for signal in line.bob.takeSent() { line.bob.receive(signal) }
        #expect(line.bob.events.isEmpty && line.bob.state(line.id) == .ended(.declined))
        #expect(throws: CallError.self) {
            try line.bob.act { (machine, now) in try machine.accept(line.id, hasVideo: true, now: now) }
        }
        #expect(line.bob.events.isEmpty && line.bob.rooms.isEmpty)
    }

    @Test func aLostConnectionComesBackAndNeverShowsConnecting() throws {
        let line = try Line()
        try line.talk()
        line.alice.act { (machine, now) in machine.connectionLost(line.id, now: now) }
        #expect(line.alice.state(line.id) == .active(.reconnecting))
        line.alice.wait(.seconds(30) - .microseconds(1))
        try line.alice.connected(line.id)
        #expect(line.alice.states == [.active(.reconnecting), .active(.ok)])
        line.alice.wait(.seconds(600))
        #expect(line.alice.state(line.id) == .active(.ok))
    }

    @Test func aConnectionThatStaysLostEndsTheCall() throws {
        let line = try Line()
        try line.talk()
        line.alice.act { (machine, now) in machine.connectionLost(line.id, now: now) }
        line.alice.wait(.seconds(30))
        #expect(line.alice.state(line.id) == .failed(.relayUnreachable) && line.alice.rooms.isEmpty)
        line.exchange()
        #expect(line.bob.state(line.id) == .ended(.failed))
    }

    @Test func somebodyWhoVanishesEndsTheCall() throws {
        let line = try Line()
        try line.talk()
        let path = try #require(line.bob.machine.call(line.id)?.path)
        line.alice.act { (machine, now) in machine.announced(line.id, path, isThere: false, now: now) }
        #expect(line.alice.state(line.id) == .active(.reconnecting))
        line.alice.wait(.seconds(30))
        #expect(line.alice.state(line.id) == .failed(.mediaFailed))
    }

    @Test func whatOneSendsIsToldToTheOther() throws {
        let line = try Line()
        try line.talk()
        try line.bob.act { (machine, now) in
            try machine.update(line.id, isMuted: true, hasVideo: nil, now: now)
        }
        let update = try #require(try line.bob.sent.first?.update())
        #expect(update.isMuted == true && update.hasVideo == true && update.progress == nil)
        let late = line.bob
        try line.bob.act { (machine, now) in
            try machine.update(line.id, isMuted: false, hasVideo: false, now: now)
        }
        // In the wrong order: the newer one holds.
        for signal in line.bob.takeSent().reversed() { line.alice.receive(signal) }
        let seen = try #require(line.alice.machine.call(line.id)?.roster.participants.first)
        #expect(seen.isMuted == false && seen.hasVideo == false)
        #expect(line.alice.events.count == 1 && late.sent.count == 1)
        // Nothing new is nothing to say.
        try line.bob.act { (machine, now) in
            try machine.update(line.id, isMuted: false, hasVideo: nil, now: now)
        }
        #expect(line.bob.sent.isEmpty)
    }

    @Test func newOffersOfTheSameCallMoveIt() throws {
        let line = try Line()
        try line.talk()
        let room = try #require(line.alice.machine.call(line.id)?.room)
        let path = try #require(line.alice.machine.call(line.id)?.path)
        var offer = CallOffer(
            media: .video,
            relays: [try url("moqt://other.example")],
            room: room,
            path: path
        )
        offer.device = line.alice.device
        let time = UnixTime(line.bob.now, offset: epoch * 1_000_000)
        let rumor = try CallSignal(line.id, .offer(offer)).rumor(from: line.alice.key, to: .group, at: time)
        line.bob.act { (machine, now) in _ = machine.receive(rumor, from: .wrap, now: now) }
        #expect(line.bob.machine.call(line.id)?.relays.first?.host == "other.example")
        #expect(line.bob.rooms == [line.id] && line.bob.connects == 2)
        // Nobody else may move it.
        let foreign = try CallSignal(line.id, .offer(offer)).rumor(from: person(3), to: .group, at: time)
        line.bob.act { (machine, now) in _ = machine.receive(foreign, from: .wrap, now: now) }
        #expect(line.bob.connects == 2)
    }

    // MARK: The user

    @Test func whatCannotBeDoneChangesNothing() throws {
        let line = try Line()
        let stranger = try CallID.named("nobody")
        var phone = line.alice
        for body: (inout CallMachine, Instant) throws -> Void in [
            { try $0.accept(stranger, hasVideo: true, now: $1) }, { try $0.decline(stranger, now: $1) },
            { try $0.end(stranger, now: $1) },
            { try $0.update(stranger, isMuted: true, hasVideo: nil, now: $1) },
            { try $0.admit(stranger, .ring, now: $1) },
            { (machine, _) in try machine.look(stranger) },
            { try $0.start(stranger, in: [9], media: .audio, hasVideo: false, now: $1) },
        ] {
            #expect(throws: CallError.self) { try phone.act { try body(&$0, $1) } }
        }
        #expect(phone.events.isEmpty && phone.sent.isEmpty)
        try line.call()
        let before = line.alice.states.count
        for body: (inout CallMachine, Instant) throws -> Void in [
            { try $0.accept(line.id, hasVideo: true, now: $1) }, { try $0.decline(line.id, now: $1) },
            { try $0.start(stranger, in: Phone.crowd, media: .audio, hasVideo: false, now: $1) },
        ] {
            #expect(throws: CallError.self) { try line.alice.act { try body(&$0, $1) } }
        }
        #expect(line.alice.states.count == before)
    }

    @Test func eventsAreNumberedWithoutGaps() throws {
        let line = try Line()
        try line.ring()
        try line.accept()
        line.exchange()
        try line.bob.connected(line.id)
        try line.meet()
        for events in [line.alice.events, line.bob.events] {
            #expect(events.map(\.number) == Array(1...UInt64(events.count)))
        }
    }

    @Test func theTableKnowsNoWayBack() {
        let all: [CallState] = [
            .outgoing(.publishing), .outgoing(.sent), .outgoing(.remoteRinging), .incoming(.ringing),
            .incoming(.silent), .connecting(.relay), .connecting(.waitingMedia), .active(.alone),
            .active(.ok),
            .active(.reconnecting), .ending(.hangup), .ended(.hangup), .failed(.timeout),
        ]
        for from in all {
            for to in all where from.isOver { #expect(!from.mayBecome(to)) }
            if !from.isOver { #expect(from.mayBecome(.ended(.hangup))) }
            if case .active = from {
                for to in all {
                    if case .connecting = to { #expect(!from.mayBecome(to)) }
                }
            }
            for to in all {
                if case .outgoing = to, case .outgoing = from { continue }
                if case .outgoing = to { #expect(!from.mayBecome(to)) }
            }
        }
    }
}
