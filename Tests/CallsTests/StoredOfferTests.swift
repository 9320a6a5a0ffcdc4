import BurrowBase
import BurrowCalls
import BurrowNostr
import Testing

/// Somebody comes to their relays and finds an offer there, with what was said since (burrow-signalling §6.5).
@Suite struct StoredOfferTests {
    private let relays = ["moqt://one.example", "moqt://two.example"]

    /// Carol, five seconds later than everybody else.
    private func late(_ settings: CallSettings = CallSettings()) throws -> Phone {
        var carol = try Phone(3, settings: settings)
        carol.now = Instant(microseconds: 5_000_000)
        return carol
    }

    private static let asking: CallSettings = {
        var settings = CallSettings()
        settings.admission = .ask
        return settings
    }()

    @Test(arguments: [CallSettings(), asking])
    func whatAnAdminEndedDoesNotRing(_ settings: CallSettings) throws {
        let line = try Line()
        let id = line.id
        try line.bob.act { (machine, now) in
            try machine.start(id, in: Phone.crowd, media: .video, hasVideo: true, now: now)
        }
        try line.bob.connected(id)
        var stored = line.bob.takeSent()
        for signal in stored { line.alice.receive(signal) }
        try line.alice.act { (machine, now) in try machine.accept(id, hasVideo: true, now: now) }
        try line.alice.connected(id)
        try line.alice.act { (machine, now) in try machine.end(id, forAll: true, now: now) }
        stored += line.alice.takeSent()
        var carol = try late(settings)
        for signal in stored { carol.receive(signal) }
        carol.wait(.seconds(30))
        #expect(carol.states.isEmpty && carol.state(id) == nil)
        let missed = carol.takeEvents().filter {
            if case .missed(_, .cancelled) = $0 { true } else { false }
        }
        #expect(missed.count == 1)
    }

    @Test func aCallWhoseCallerLeftRingsWhileOthersAreThere() throws {
        let line = try Line()
        let id = line.id
        try line.call(Phone.crowd)
        var stored = line.alice.takeSent()
        for signal in stored { line.bob.receive(signal) }
        try line.accept()
        try line.bob.connected(id)
        let joined = line.bob.takeSent()
        for signal in joined { line.alice.receive(signal) }
        try line.alice.act { (machine, now) in try machine.end(id, now: now) }
        stored += joined + line.alice.takeSent()
        var carol = try late()
        for signal in stored { carol.receive(signal) }
        carol.wait(.milliseconds(400))
        #expect(carol.states == [.incoming(.ringing)])
        try line.bob.act { (machine, now) in try machine.end(id, now: now) }
        for signal in line.bob.takeSent() { carol.receive(signal) }
        #expect(carol.state(id) == .ended(.missed))
    }

    @Test(arguments: [CallSettings(), asking])
    func theLastOfferSaysWhereTheCallIs(_ settings: CallSettings) throws {
        let line = try Line(settings: settings)
        let id = line.id
        let urls = try relays.map { try url($0) }
        try line.alice.act { (machine, now) in
            try machine.start(id, in: Phone.pair, media: .video, hasVideo: true, now: now)
        }
        line.alice.act { (machine, now) in
            machine.connected(id, relay: urls[0], others: [urls[1]], now: now)
        }
        line.alice.act { (machine, now) in machine.connectionLost(id, now: now) }
        line.alice.wait(.seconds(8))
        line.alice.act { (machine, now) in machine.connected(id, relay: urls[1], now: now) }
        line.bob.now = line.alice.now + .seconds(3)
        for signal in line.alice.takeSent() { line.bob.receive(signal) }
        if settings.admission == .ask {
            try line.bob.act { (machine, now) in try machine.admit(id, .ring, now: now) }
        }
        line.bob.wait(.milliseconds(400))
        try line.accept()
        #expect(line.bob.machine.call(id)?.relays.first == urls[1])
    }

    @Test func whoCallsWhomTheOfferIsOfIsInOneCallWithThem() throws {
        let line = try Line("a")
        let other = try CallID.named("b")
        try line.call()
        let stored = line.alice.takeSent()
        line.bob.now = line.alice.now + .seconds(3)
        for signal in stored { line.bob.receive(signal) }
        try line.bob.act { (machine, now) in
            try machine.start(other, in: Phone.pair, media: .video, hasVideo: true, now: now)
        }
        try line.bob.connected(other)
        line.wait(.milliseconds(400))
        line.exchange()
        let alive = [line.id, other].filter { (id) in
            [line.alice.state(id), line.bob.state(id)].contains { $0?.isOver == false }
        }
        #expect(alive.count == 1)
    }

    @Test func whoWasSeenAtTheOldRelayIsNotThereBefore() throws {
        let line = try Line()
        let id = line.id
        let urls = try relays.map { try url($0) }
        try line.alice.act { (machine, now) in
            try machine.start(id, in: Phone.pair, media: .video, hasVideo: true, now: now)
        }
        line.alice.act { (machine, now) in
            machine.connected(id, relay: urls[0], others: [urls[1]], now: now)
        }
        line.exchange()
        try line.accept()
        line.bob.act { (machine, now) in machine.connected(id, relay: urls[0], now: now) }
        line.exchange()
        try line.meet()
        #expect(line.alice.state(id) == .active(.ok))
        // Bob is never heard of again.
        line.alice.act { (machine, now) in machine.connectionLost(id, now: now) }
        line.alice.wait(.seconds(8))
        line.alice.act { (machine, now) in machine.connected(id, relay: urls[1], now: now) }
        #expect(line.alice.state(id) == .active(.reconnecting))
        line.alice.wait(.seconds(60))
        #expect(line.alice.state(id)?.isOver == true)
    }
}
