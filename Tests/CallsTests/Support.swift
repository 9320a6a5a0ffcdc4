import BurrowBase
import BurrowCalls
import BurrowNostr
import Testing

/// Swift Testing has tags too.
typealias Tag = BurrowNostr.Tag

func person(_ number: UInt8) throws -> PublicKey {
    PublicKey(try #require(Bytes32([UInt8](repeating: number, count: 32))))
}

func device(_ number: UInt8) throws -> DeviceID {
    try #require(DeviceID(Hex.encode([UInt8](repeating: number, count: 8))))
}

func url(_ text: String) throws -> ServerURL { try ServerURL(text, policy: .ownMedia) }

/// The time at which the clock of the tests stands at 0.
let epoch: Int64 = 1_767_225_600

/// One device of somebody, with what its machine wanted so far.
struct Phone {
    static let relay = "moqt://relay.example"
    static let pair: [UInt8] = [1]
    static let crowd: [UInt8] = [2]

    let key: PublicKey
    let device: DeviceID
    var machine: CallMachine
    var now = Instant(microseconds: 0)
    var sent: [OutgoingSignal] = []
    var events: [CallEvent] = []
    /// Calls whose room was entered and not left, in order.
    var rooms: [CallID] = []
    var looks: [CallID] = []
    var connects = 0

    /// Alice is 1, Bob 2, Carol 3. Alice and Bob have a group of two, all three one with Alice as admin.
    init(_ number: UInt8, device own: UInt8? = nil, settings: CallSettings = CallSettings()) throws {
        key = try person(number)
        device = try BurrowCallsTests.device(own ?? number)
        machine = CallMachine(
            publicKey: key,
            device: device,
            settings: settings,
            wallClockOffset: epoch * 1_000_000
        )
        let people = [try person(1), try person(2), try person(3)]
        let hasSiblings = own != nil
        if number < 3 {
            machine.setGroup(try view(Self.pair, Array(people[..<2]), hasSiblings: hasSiblings), now: now)
        }
        machine.setGroup(try view(Self.crowd, people, hasSiblings: hasSiblings), now: now)
        collect()
    }

    func view(
        _ id: [UInt8],
        _ members: [PublicKey],
        admins: [PublicKey]? = nil,
        hasSiblings: Bool = false
    ) throws -> GroupView {
        GroupView(
            id: id,
            room: try #require(Bytes32([UInt8](repeating: 0xa0 + id[0], count: 32))),
            members: members,
            admins: try admins ?? [person(1)],
            epoch: 12,
            hasSiblings: hasSiblings
        )
    }

    /// Takes the machine's actions.
    mutating func collect() {
        while let action = machine.nextAction() {
            switch action {
            case .connect(let id):
                rooms.append(id)
                connects += 1
            case .disconnect(let id): rooms.removeAll { $0 == id }
            case .look(let id, _, _): looks.append(id)
            case .send(let signal): sent.append(signal)
            case .tell(let event): events.append(event)
            }
        }
    }

    mutating func act<Result, Failure>(
        _ body: (inout CallMachine, Instant) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        defer { collect() }
        return try body(&machine, now)
    }

    /// Lets time pass, and what is due happen.
    mutating func wait(_ interval: Interval) {
        let end = now + interval
        while machine.deadline <= end {
            now = max(now, machine.deadline)
            machine.timerFired(now: now)
            collect()
        }
        now = end
    }

    mutating func receive(_ signal: OutgoingSignal) {
        switch signal.recipient {
        case .group(let id): machine.receive(signal.rumor, from: .group(id), now: now)
        case .people: machine.receive(signal.rumor, from: .wrap, now: now)
        }
        collect()
    }

    /// Everything that was sent, once.
    mutating func takeSent() -> [OutgoingSignal] {
        defer { sent = [] }
        return sent
    }

    mutating func takeEvents() -> [CallEvent.Change] {
        defer { events = [] }
        return events.map(\.change)
    }

    mutating func connected(_ id: CallID) throws {
        let relay = try url(Self.relay)
        act { (machine, now) in machine.connected(id, relay: relay, now: now) }
    }

    func state(_ id: CallID) -> CallState? { machine.call(id)?.state }

    var states: [CallState] {
        events.compactMap { (event) in
            if case .state(let state) = event.change { state } else { nil }
        }
    }
}

extension CallID {
    static func named(_ name: String) throws -> CallID { try #require(CallID(name)) }
}

extension OutgoingSignal {
    func body() throws -> CallSignal.Body { try #require(try CallSignal.read(rumor)).body }

    func end() throws -> CallEnd? {
        if case .end(let end) = try body() { end } else { nil }
    }

    func update() throws -> CallUpdate? {
        if case .update(let update) = try body() { update } else { nil }
    }

    func offer() throws -> CallOffer? {
        if case .offer(let offer) = try body() { offer } else { nil }
    }
}

/// Two phones whose signals arrive when a test says so. A class, so that closures may use it while a phone acts.
final class Line {
    var alice: Phone
    var bob: Phone
    let id: CallID

    init(_ name: String = "call", settings: CallSettings = CallSettings()) throws {
        alice = try Phone(1, settings: settings)
        bob = try Phone(2, settings: settings)
        id = try .named(name)
    }

    func exchange() {
        for _ in 0..<8 {
            let (left, right) = (alice.takeSent(), bob.takeSent())
            guard !left.isEmpty || !right.isEmpty else { return }
            for signal in left { bob.receive(signal) }
            for signal in right { alice.receive(signal) }
        }
    }

    func call(_ group: [UInt8] = Phone.pair, media: CallMedia = .video) throws {
        let id = id
        try alice.act { (machine, now) in
            try machine.start(id, in: group, media: media, hasVideo: media == .video, now: now)
        }
        try alice.connected(id)
    }

    func ring(_ group: [UInt8] = Phone.pair) throws {
        try call(group)
        exchange()
    }

    func accept() throws {
        let id = id
        try bob.act { (machine, now) in try machine.accept(id, hasVideo: true, now: now) }
    }

    /// Both see each other's broadcast and can decrypt it.
    func meet() throws {
        let id = id
        let paths = (
            try #require(alice.machine.call(id)?.path), try #require(bob.machine.call(id)?.path)
        )
        alice.act { (machine, now) in machine.announced(id, paths.1, isThere: true, now: now) }
        bob.act { (machine, now) in machine.announced(id, paths.0, isThere: true, now: now) }
        alice.act { (machine, now) in machine.mediaArrived(id, paths.1, now: now) }
        bob.act { (machine, now) in machine.mediaArrived(id, paths.0, now: now) }
    }

    /// Both in a call that goes well.
    func talk(_ group: [UInt8] = Phone.pair) throws {
        try ring(group)
        try accept()
        exchange()
        try bob.connected(id)
        exchange()
        try meet()
        _ = (alice.takeEvents(), bob.takeEvents())
    }

    func wait(_ interval: Interval) {
        alice.wait(interval)
        bob.wait(interval)
    }
}
