import BurrowBase
import BurrowCalls
import BurrowNostr
import Testing

/// Who is called cannot come where the call is (burrow-signalling §9.2, §9.4).
@Suite struct RelayFallbackTests {
    private let relays = ["moqt://one.example", "moqt://two.example", "moqt://three.example"]

    /// A call that was accepted, with a number of relays in its offer.
    private func accepted(_ count: Int, settings: CallSettings = CallSettings()) throws -> Line {
        let line = try Line(settings: settings)
        try line.alice.act { (machine, now) in
            try machine.start(line.id, in: Phone.pair, media: .video, hasVideo: true, now: now)
        }
        let others = try relays[1..<count].map { try url($0) }
        try enter(line, \.alice, 0, others: others)
        line.exchange()
        try line.accept()
        line.exchange()
        #expect(line.alice.state(line.id) == .connecting(.waitingMedia))
        #expect(line.bob.state(line.id) == .connecting(.relay))
        return line
    }

    private func enter(
        _ line: Line,
        _ phone: ReferenceWritableKeyPath<Line, Phone>,
        _ relay: Int,
        others: [ServerURL] = []
    ) throws {
        let relay = try url(relays[relay])
        line[keyPath: phone].act { (machine, now) in
            machine.connected(line.id, relay: relay, others: others, now: now)
        }
    }

    private func fail(_ line: Line) {
        line.bob.act { (machine, now) in machine.connectionFailed(line.id, .relayUnreachable, now: now) }
    }

    private func relay(_ phone: Phone, _ id: CallID) -> String? { phone.machine.call(id)?.relays.first?.host }

    // MARK: Another relay of the offer

    @Test func theCallGoesWhereTheCalleeCouldGo() throws {
        let line = try accepted(2)
        try enter(line, \.bob, 1)
        let told = try #require(try line.bob.sent.first?.update())
        #expect(told.relay == (try url(relays[1])) && told.progress == .joined)
        line.exchange()
        #expect(line.alice.connects == 1)
        line.wait(.seconds(1))
        #expect(line.alice.connects == 2 && line.alice.rooms == [line.id])
        #expect(line.alice.state(line.id) == .connecting(.relay))
        try enter(line, \.alice, 1)
        let offer = try #require(try line.alice.sent.first?.offer())
        #expect(!offer.rings && offer.relays.map(\.host) == ["two.example", "one.example"])
        line.exchange()
        // They are there already.
        #expect(line.bob.connects == 1)
        try line.meet()
        #expect(line.alice.state(line.id) == .active(.ok) && line.bob.state(line.id) == .active(.ok))
    }

    @Test func relaysThatKnowOfEachOtherAreAsGoodAsOne() throws {
        let line = try accepted(2)
        try enter(line, \.bob, 1)
        line.exchange()
        try line.meet()
        line.wait(.seconds(5))
        #expect(line.alice.connects == 1 && line.alice.state(line.id) == .active(.ok))
    }

    @Test func nobodyIsLedToARelayOfOthers() throws {
        let line = try accepted(2)
        try enter(line, \.bob, 2)
        line.exchange()
        line.wait(.seconds(5))
        #expect(line.alice.connects == 1 && relay(line.alice, line.id) == "one.example")
    }

    @Test func whoIsWhereTheOfferSaidSaysNothing() throws {
        let line = try accepted(2)
        try enter(line, \.bob, 0)
        #expect(line.bob.sent.isEmpty)
    }

    // MARK: None of them

    @Test func theCallerOffersAgainFromElsewhere() throws {
        let line = try accepted(3)
        fail(line)
        #expect(try line.bob.sent.first?.end()?.reason == .relayUnreachable)
        #expect(line.bob.state(line.id) == .connecting(.relay) && line.bob.rooms.isEmpty)
        line.exchange()
        #expect(line.alice.connects == 2)
        try enter(line, \.alice, 1)
        line.exchange()
        #expect(line.bob.connects == 2 && relay(line.bob, line.id) == "two.example")
        // There is as much time for this relay as for the first.
        line.bob.wait(.seconds(10))
        #expect(line.bob.state(line.id) == .connecting(.relay))
        try enter(line, \.bob, 1)
        try line.meet()
        #expect(line.alice.state(line.id) == .active(.ok) && line.bob.state(line.id) == .active(.ok))
    }

    @Test func itGoesToAnotherRelayTwiceAtMost() throws {
        let line = try accepted(3)
        for number in 1...2 {
            fail(line)
            line.exchange()
            try enter(line, \.alice, number)
            line.exchange()
            #expect(line.bob.connects == number + 1)
            line.wait(.seconds(1))
        }
        fail(line)
        #expect(line.bob.state(line.id) == .failed(.relayUnreachable))
        line.exchange()
        #expect(line.alice.state(line.id) == .ended(.relayUnreachable) && line.alice.connects == 3)
    }

    @Test func whereThereIsOneRelayItIsOverAtOnce() throws {
        let line = try accepted(1)
        fail(line)
        #expect(line.bob.state(line.id) == .failed(.relayUnreachable))
        line.exchange()
        #expect(line.alice.state(line.id) == .ended(.relayUnreachable))
    }

    @Test func anOfferThatDoesNotComeIsNotWaitedForLong() throws {
        let line = try accepted(2)
        fail(line)
        let sent = line.bob.takeSent().count
        #expect(sent == 1)
        line.bob.wait(CallSettings().moveTime)
        // They know already.
        #expect(line.bob.state(line.id) == .failed(.relayUnreachable) && line.bob.sent.isEmpty)
    }

    @Test func theCallerMayHaveHadEnough() throws {
        let line = try accepted(2)
        fail(line)
        _ = line.bob.takeSent()
        try line.alice.act { (machine, now) in try machine.end(line.id, now: now) }
        line.exchange()
        #expect(line.bob.state(line.id) == .ended(.remoteHangup))
    }

    @Test func anOlderOfferDoesNotLeadBack() throws {
        let line = try Line()
        try line.alice.act { (machine, now) in
            try machine.start(line.id, in: Phone.pair, media: .video, hasVideo: true, now: now)
        }
        try enter(line, \.alice, 0, others: [try url(relays[1])])
        let first = try #require(line.alice.takeSent().first)
        line.wait(.seconds(2))
        line.alice.act { (machine, now) in machine.connectionLost(line.id, now: now) }
        line.wait(CallSettings().moveTime)
        try enter(line, \.alice, 1)
        line.exchange()
        // They had not heard of the first.
        #expect(line.bob.state(line.id) == .incoming(.ringing))
        line.bob.receive(first)
        #expect(relay(line.bob, line.id) == "two.example")
    }
}
