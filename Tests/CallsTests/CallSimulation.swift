import BurrowBase
import BurrowCalls
import BurrowNostr
import Testing

/// People with devices, the relay that brings their signals and the one that has their rooms, all by one seed: what is lost,
/// late, or comes twice, what users do, and which devices die. Says what went wrong.
struct CallSimulation {
    struct Conditions {
        var loss = 0.0
        var duplication = 0.0
        /// Milliseconds a signal takes at most.
        var delay: Int64 = 400
        var roomFailure = 0.0
        var crashes = false
        var removals = false
        /// Seconds clocks are off at most.
        var skew: Int64 = 0
        /// There are two relays, and not everybody reaches both.
        var hasBlockedRelays = false
    }

    final class Device {
        let owner: Int
        let number: Int
        let identity: DeviceID
        let key: PublicKey
        let skew: Int64
        var machine: CallMachine?
        var lastEvent: UInt64 = 0
        var states: [CallID: CallState] = [:]
        var rangSince: [CallID: Instant] = [:]
        /// Calls the user wants to be in.
        var wanted: Set<CallID> = []
        /// The call whose room it is in, or on the way to.
        var rooms: [CallID: Int] = [:]
        var finals: [CallID: (state: CallState, at: Instant)] = [:]
        var groups: [[UInt8]: GroupView] = [:]
        /// Relays that it cannot reach.
        var blocked: [String] = []

        init(owner: Int, number: Int, identity: DeviceID, key: PublicKey, skew: Int64) {
            self.owner = owner
            self.number = number
            self.identity = identity
            self.key = key
            self.skew = skew
        }
    }

    private enum Happening {
        case signal(OutgoingSignal, to: Int)
        case sent(UInt64, from: Int, Bool)
        case enter(CallID, Int, attempt: Int)
        case announced(String, Bool, to: Int, of: CallID)
        case lose(Int)
        case vanish(String)
        case restart(Int)
        case user(Int)
        case members(Int, GroupView)
        case timer(Int)
        case hangUp
    }

    private struct Entry {
        let at: Instant
        let order: Int
        let what: Happening
    }

    struct Presence {
        let path: String
        let prefix: String
        let device: Int
        let call: CallID
        let relay: String
    }

    private static let relays = [Phone.relay, "moqt://other.example"]
    static let busyTime = Interval.seconds(150)
    static let quietTime = Interval.seconds(600)

    let seed: UInt64
    let conditions: Conditions
    private var random: SeededRandom
    private(set) var now = Instant(microseconds: 0)
    /// A heap by time and order.
    private var queue: [Entry] = []
    private var count = 0
    private(set) var devices: [Device] = []
    private(set) var presences: [Presence] = []
    private var views: [GroupView] = []
    private var isQuiet = false
    var problems: [String] = []
    /// How far schedules get, so that a simulation in which nothing happens is noticed.
    var talks = 0
    var endings: [CallEndReason: Int] = [:]

    init(seed: UInt64) throws {
        self.seed = seed
        random = SeededRandom(seed: seed)
        var conditions = Conditions()
        switch seed % 5 {
        case 0: break
        case 1: (conditions.loss, conditions.delay) = (0.1, 3000)
        case 2: (conditions.duplication, conditions.delay, conditions.skew) = (0.5, 8000, 20)
        case 3:
            (conditions.roomFailure, conditions.crashes) = (0.2, true)
            conditions.hasBlockedRelays = true
        default:
            (conditions.loss, conditions.duplication, conditions.delay) = (0.3, 0.3, 5000)
            (conditions.roomFailure, conditions.crashes, conditions.removals) = (0.1, true, true)
            conditions.skew = 10
            conditions.hasBlockedRelays = true
        }
        self.conditions = conditions
        try populate()
    }

    private mutating func populate() throws {
        let people = 2 + Int(random.next() % 7)
        let keys = try (0..<people).map { try person(UInt8($0 + 1)) }
        let siblings = (0..<people).map { _ in random.next() % 4 == 0 }
        func view(_ id: [UInt8], _ members: [PublicKey]) throws -> GroupView {
            GroupView(
                id: id,
                room: try #require(Bytes32([UInt8](repeating: id[0], count: 32))),
                members: members,
                admins: [keys[0]],
                epoch: 1,
                hasSiblings: false
            )
        }
        if people > 2 { views.append(try view([1], keys)) }
        for index in 0..<min(4, people - 1) {
            views.append(try view([UInt8(10 + index)], [keys[index], keys[index + 1]]))
        }
        for owner in 0..<people {
            for number in 0..<(siblings[owner] ? 2 : 1) {
                let identity = try device(UInt8(16 * (owner + 1) + number))
                let range = conditions.skew
                let skew = range == 0 ? 0 : Int64(random.next() % UInt64(2 * range)) - range
                devices.append(
                    Device(owner: owner, number: number, identity: identity, key: keys[owner], skew: skew)
                )
                let index = devices.count - 1
                if conditions.hasBlockedRelays {
                    devices[index].blocked = Self.relays.filter { _ in random.next() % 4 == 0 }
                }
                for view in views where view.members.contains(keys[owner]) {
                    devices[index].groups[view.id] = view
                }
                boot(index)
                after(Interval.milliseconds(Int64(random.next() % 20_000)), .user(index))
            }
        }
        after(Self.busyTime, .hangUp)
    }

    private mutating func boot(_ index: Int) {
        let device = devices[index]
        var machine = CallMachine(
            publicKey: device.key,
            device: device.identity,
            settings: CallSettings(),
            wallClockOffset: (epoch + device.skew) * 1_000_000
        )
        let hasSiblings = devices.count { $0.owner == device.owner } > 1 || device.number > 0
        for id in device.groups.keys.sorted(by: { $0[0] < $1[0] }) {
            guard var view = device.groups[id] else { continue }
            view.hasSiblings = hasSiblings
            machine.setGroup(view, now: now)
        }
        device.machine = machine
        device.lastEvent = 0
        device.states = [:]
        device.rangSince = [:]
    }

    // MARK: Time

    private mutating func after(_ interval: Interval, _ what: Happening) {
        count += 1
        queue.append(Entry(at: now + interval, order: count, what: what))
        var child = queue.count - 1
        while child > 0, before(queue[child], queue[(child - 1) / 2]) {
            queue.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    private func before(_ a: Entry, _ b: Entry) -> Bool { (a.at, a.order) < (b.at, b.order) }

    private mutating func next() -> Entry? {
        guard let first = queue.first else { return nil }
        queue.swapAt(0, queue.count - 1)
        queue.removeLast()
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < queue.count {
                if before(queue[child], queue[least]) { least = child }
            }
            guard least != parent else { return first }
            queue.swapAt(parent, least)
            parent = least
        }
    }

    mutating func run() {
        while let entry = next(), entry.at <= Instant(microseconds: 0) + Self.busyTime + Self.quietTime {
            now = entry.at
            happen(entry.what)
            if problems.count > 3 { return }
        }
        checkEnd()
    }

    private func chance(_ probability: Double, _ random: inout SeededRandom) -> Bool {
        Double(random.next() >> 11) / Double(1 << 53) < probability
    }

    mutating func fail(_ text: String) {
        problems.append("seed \(seed) at \(now.microseconds / 1000) ms: \(text)")
    }

    // MARK: What happens

    private mutating func happen(_ what: Happening) {
        switch what {
        case .signal(let signal, let to):
            use(to) { (machine, now) in
                switch signal.recipient {
                case .group(let id): machine.receive(signal.rumor, from: .group(id), now: now)
                case .people: machine.receive(signal.rumor, from: .wrap, now: now)
                }
            }
        case .sent(let number, let from, let accepted):
            use(from) { (machine, now) in machine.signalFinished(number, accepted: accepted, now: now) }
        case .enter(let call, let index, let attempt): enter(call, index, attempt)
        case .announced(let path, let isThere, let to, let call): announced(path, isThere, to, call)
        case .lose(let index): lose(index)
        case .vanish(let path): withdraw { $0.path == path }
        case .restart(let index): boot(index)
        case .user(let index): user(index)
        case .members(let index, let view):
            devices[index].groups[view.id] = view
            use(index) { (machine, now) in machine.setGroup(view, now: now) }
        case .timer(let index): use(index) { (machine, now) in machine.timerFired(now: now) }
        case .hangUp:
            isQuiet = true
            for index in devices.indices {
                for call in devices[index].machine?.calls ?? [] where !call.state.isOver {
                    use(index) { (machine, now) in try? machine.end(call.id, now: now) }
                }
            }
        }
    }

    private mutating func use(_ index: Int, _ body: (inout CallMachine, Instant) -> Void) {
        guard var machine = devices[index].machine else { return }
        devices[index].machine = nil
        body(&machine, now)
        devices[index].machine = machine
        drain(index)
    }

    private mutating func drain(_ index: Int) {
        while let action = devices[index].machine?.nextAction() {
            switch action {
            case .connect(let call): connect(call, index)
            case .disconnect(let call):
                devices[index].rooms[call] = nil
                withdraw { $0.device == index && $0.call == call }
            case .look: break
            case .send(let signal): send(signal, index)
            case .tell(let event): take(event, index)
            }
        }
        check(index)
        let deadline = devices[index].machine?.deadline ?? .distantFuture
        if deadline != .distantFuture { after(max(deadline - now, .zero), .timer(index)) }
    }

    // MARK: Signals

    private mutating func send(_ signal: OutgoingSignal, _ index: Int) {
        let isLost = chance(conditions.loss / 3, &random)
        after(.milliseconds(50), .sent(signal.number, from: index, !isLost))
        guard !isLost else { return }
        for (other, device) in devices.enumerated() {
            switch signal.recipient {
            // Nobody gets their own messages of a group.
            case .group(let id):
                guard other != index, device.groups[id]?.members.contains(device.key) == true else {
                    continue
                }
            case .people(let people): guard people.contains(device.key) else { continue }
            }
            guard !chance(conditions.loss, &random) else { continue }
            for _ in 0..<(chance(conditions.duplication, &random) ? 3 : 1) {
                let delay = 10 + Int64(random.next() % UInt64(conditions.delay))
                after(.milliseconds(delay), .signal(signal, to: other))
            }
        }
    }

    // MARK: Rooms

    private mutating func connect(_ id: CallID, _ index: Int) {
        let device = devices[index]
        guard let call = device.machine?.call(id) else { return fail("a room without a call") }
        if !call.state.hasConsent { fail("connects to \(id) in \(call.state)") }
        let asked = device.wanted.contains(id) || call.predecessor.map { device.wanted.contains($0) } == true
        if !asked { fail("connects to \(id), which no user asked for") }
        // What follows it was asked for too.
        devices[index].wanted.insert(id)
        if device.groups[call.group]?.members.contains(device.key) != true {
            fail("keys for somebody who is no member")
        }
        let attempt = (device.rooms[id] ?? 0) + 1
        devices[index].rooms[id] = attempt
        after(.milliseconds(20 + Int64(random.next() % 800)), .enter(id, index, attempt: attempt))
    }

    private mutating func enter(_ id: CallID, _ index: Int, _ attempt: Int) {
        guard devices[index].rooms[id] == attempt, let call = devices[index].machine?.call(id) else { return }
        if chance(conditions.roomFailure, &random) {
            return use(index) { (machine, now) in machine.connectionFailed(id, .relayUnreachable, now: now) }
        }
        let names = conditions.hasBlockedRelays ? Self.relays : [Phone.relay]
        let own = names.compactMap { try? url($0) }
        let places = call.relays.isEmpty ? own : call.relays
        guard let relay = places.first(where: { !devices[index].blocked.contains($0.text) }) else {
            return use(index) { (machine, now) in machine.connectionFailed(id, .relayUnreachable, now: now) }
        }
        let others = own.filter { $0 != relay }
        let prefix = call.room.prefix
        withdraw { $0.device == index && $0.path == call.path }
        presences.append(
            Presence(path: call.path, prefix: prefix, device: index, call: id, relay: relay.text)
        )
        for other in presences
        where other.prefix == prefix && other.device != index && other.relay == relay.text {
            after(.milliseconds(20), .announced(other.path, true, to: index, of: id))
            after(.milliseconds(20), .announced(call.path, true, to: other.device, of: other.call))
        }
        use(index) { (machine, now) in machine.connected(id, relay: relay, others: others, now: now) }
        if !isQuiet, chance(conditions.roomFailure, &random) {
            after(.milliseconds(1000 + Int64(random.next() % 20_000)), .lose(index))
        }
    }

    private mutating func withdraw(_ condition: (Presence) -> Bool) {
        let gone = presences.filter(condition)
        presences.removeAll(where: condition)
        for presence in gone {
            for other in presences
            where other.prefix == presence.prefix && other.device != presence.device
                && other.relay == presence.relay
            {
                after(.milliseconds(20), .announced(presence.path, false, to: other.device, of: other.call))
            }
        }
    }

    private mutating func announced(_ path: String, _ isThere: Bool, _ index: Int, _ id: CallID) {
        guard devices[index].rooms[id] != nil else { return }
        use(index) { (machine, now) in
            machine.announced(id, path, isThere: isThere, now: now)
            // Only who is in the same call has the same keys.
        }
        guard isThere, presences.contains(where: { $0.path == path && $0.call == id }) else { return }
        use(index) { (machine, now) in machine.mediaArrived(id, path, now: now) }
    }

    /// A device loses its connection, and has another one after a while, or never.
    private mutating func lose(_ index: Int) {
        for call in devices[index].machine?.calls ?? [] where devices[index].rooms[call.id] != nil {
            withdraw { $0.device == index && $0.call == call.id }
            let attempt = (devices[index].rooms[call.id] ?? 0) + 1
            devices[index].rooms[call.id] = attempt
            use(index) { (machine, now) in machine.connectionLost(call.id, now: now) }
            if random.next() % 3 != 0 {
                after(.milliseconds(Int64(random.next() % 20_000)), .enter(call.id, index, attempt: attempt))
            }
        }
    }

    // MARK: Users

    private mutating func user(_ index: Int) {
        guard !isQuiet else { return }
        after(.milliseconds(500 + Int64(random.next() % 12_000)), .user(index))
        guard let machine = devices[index].machine else { return }
        let dice = random.next() % 100
        if conditions.crashes, dice < 3 { return crash(index) }
        if conditions.removals, dice < 5 { return remove() }
        if let ringing = machine.calls.first(where: { if case .incoming = $0.state { true } else { false } })
        {
            if dice < 60 {
                devices[index].wanted.insert(ringing.id)
                use(index) { (machine, now) in
                    try? machine.accept(ringing.id, hasVideo: dice % 2 == 0, now: now)
                }
            } else if dice < 75 {
                use(index) { (machine, now) in
                    try? machine.decline(ringing.id, isBusy: dice % 2 == 0, now: now)
                }
            }
        } else if let live = machine.calls.first(where: \.state.hasConsent) {
            if dice < 12 {
                use(index) { (machine, now) in try? machine.end(live.id, forAll: dice % 2 == 0, now: now) }
            } else if dice < 40 {
                use(index) { (machine, now) in
                    try? machine.update(live.id, isMuted: dice % 2 == 0, hasVideo: dice % 3 == 0, now: now)
                }
            }
        } else if dice < 50 {
            let key = devices[index].key
            let own = views.filter {
                $0.members.contains(key) && devices[index].groups[$0.id]?.members.contains(key) == true
            }
            guard !own.isEmpty else { return }
            let group = own[Int(random.next() % UInt64(own.count))].id
            let id = CallID(random: &random)
            let route: SignalRoute = random.next() % 2 == 0 ? .wrap : .group
            devices[index].wanted.insert(id)
            use(index) { (machine, now) in
                try? machine.start(id, in: group, media: .video, route: route, hasVideo: true, now: now)
            }
        }
    }

    private mutating func crash(_ index: Int) {
        for presence in presences where presence.device == index {
            after(.milliseconds(Int64(random.next() % 10_000)), .vanish(presence.path))
        }
        devices[index].machine = nil
        devices[index].rooms = [:]
        devices[index].wanted = []
        after(.milliseconds(500 + Int64(random.next() % 20_000)), .restart(index))
    }

    /// The last person of the large group is removed; each device learns of it in its own time.
    private mutating func remove() {
        guard var view = views.first, view.id == [1], view.members.count > 3 else { return }
        view.members.removeLast()
        view.epoch += 1
        views[0] = view
        for index in devices.indices where devices[index].groups[view.id] != nil {
            after(.milliseconds(Int64(random.next() % 4000)), .members(index, view))
        }
    }
}
