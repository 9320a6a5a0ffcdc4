import BurrowBase
import BurrowNostr

/// A pool and some relays on a virtual clock. Everything follows from the seed.
struct PoolSimulation {
    private enum Happening {
        case toRelay(Int, connection: Int, [UInt8])
        case toClient(Int, connection: Int, String)
        case ping(Int, connection: Int)
        case pong(Int, connection: Int)
        case opened(Int, connection: Int)
        case failed(Int)
        case kill(Int)
        case revive(Int)
        /// The connection goes on to exist and carries nothing.
        case freeze(Int)
        case arrive(Int, Event)
        case publish(Event)
    }

    struct Plan {
        var relays: [SimulatedRelay.Faults]
        var seconds: Int64 = 600
        var deaths = 0
        var freezes = 0
        var window: Subscription.Window
    }

    private(set) var now = Instant(microseconds: 1_000_000)
    private(set) var delivered: [EventID: Int] = [:]
    private(set) var outcomes: [PublicationID: [RelayID: PublishOutcome]] = [:]
    private(set) var finished: [PublicationID: Int] = [:]
    private(set) var relays: [SimulatedRelay]
    private(set) var trace: UInt64 = 0xcbf2_9ce4_8422_2325
    private(set) var pool: RelayPool
    private var random: SeededRandom
    private var queue: [(at: Instant, order: Int, what: Happening)] = []
    private var order = 0
    private var ids: [RelayID] = []
    /// Numbers of the connections, so that nothing crosses from one to the next.
    private var connections: [Int]
    private var isUp: [Bool]
    private var isFrozen: [Bool]
    private var isOpening: [Bool]
    /// When the last message of each direction arrives: a connection keeps the order.
    private var lastArrival: [Instant]
    private let key: LocalKey
    static let unixStart: Int64 = 1_767_225_600
    private static let unixOffset = unixStart * 1_000_000 - 1_000_000

    init(seed: UInt64, plan: Plan, key: LocalKey, arriving: [Event], published: [Event]) throws {
        self.key = key
        random = SeededRandom(seed: seed)
        pool = RelayPool(identity: key.publicKey, unixOffset: Self.unixOffset, jitterSeed: seed &+ 1)
        relays = plan.relays.enumerated().map { SimulatedRelay(faults: $1, seed: seed &+ 100 &+ UInt64($0)) }
        let count = relays.count
        connections = [Int](repeating: 0, count: count)
        isUp = plan.relays.map { !$0.isDead }
        isFrozen = [Bool](repeating: false, count: count)
        isOpening = [Bool](repeating: false, count: count)
        lastArrival = [Instant](repeating: now, count: 2 * count)
        for index in 0..<count {
            let url = try ServerURL("wss://r\(index).example", policy: .relays)
            ids.append(try pool.addRelay(url, use: RelayUse(authentication: .automatic), now: now))
        }
        let kinds = [EventKind(1)]
        _ = try pool.subscribe(Subscription(filters: [Filter(kinds: kinds)], window: plan.window), now: now)
        schedule(plan, arriving, published)
    }

    private mutating func schedule(_ plan: Plan, _ arriving: [Event], _ published: [Event]) {
        let living = relays.indices.filter { !relays[$0].faults.isDead }
        func moment(_ random: inout SeededRandom) -> Instant {
            now + .milliseconds(Int64.random(in: 0..<(plan.seconds * 1000), using: &random))
        }
        for event in arriving {
            // At least one relay has it; some have it later than others.
            let first = living.randomElement(using: &random)
            for relay in living where relay == first || Bool.random(using: &random) {
                // Not before its own time, and not later than the overlap covers.
                let age = event.createdAt - UnixTime(now, offset: Self.unixOffset)
                let at =
                    now + .seconds(max(0, age)) + .milliseconds(Int64.random(in: 0..<200_000, using: &random))
                add(at, .arrive(relay, event))
            }
        }
        for event in published { add(moment(&random), .publish(event)) }
        for _ in 0..<plan.deaths {
            guard let relay = living.randomElement(using: &random) else { continue }
            let at = moment(&random)
            add(at, .kill(relay))
            add(at + .milliseconds(Int64.random(in: 1..<30_000, using: &random)), .revive(relay))
        }
        for _ in 0..<plan.freezes {
            guard let relay = living.randomElement(using: &random) else { continue }
            add(moment(&random), .freeze(relay))
        }
    }

    private mutating func add(_ at: Instant, _ what: Happening) {
        order += 1
        var low = 0
        var high = queue.count
        // Latest first, so that the next is cheap to take.
        while low < high {
            let middle = (low + high) / 2
            if queue[middle].at > at || (queue[middle].at == at && queue[middle].order > order) {
                low = middle + 1
            } else {
                high = middle
            }
        }
        queue.insert((at, order, what), at: low)
    }

    /// Runs until a time with everything on the way.
    mutating func run(seconds: Int64) throws {
        let end = now + .seconds(seconds)
        try perform()
        while true {
            let next = min(queue.last?.at ?? .distantFuture, pool.deadline ?? .distantFuture)
            guard next <= end else { break }
            now = max(now, next)
            if let due = queue.last, due.at <= now {
                queue.removeLast()
                happen(due.what)
            } else {
                pool.timerFired(now: now)
            }
            try perform()
        }
        now = end
    }

    private mutating func happen(_ what: Happening) {
        switch what {
        case .toRelay(let relay, let connection, let bytes):
            guard isLive(relay, connection) else { return }
            tell(relay, relays[relay].received(bytes, now: UnixTime(now, offset: Self.unixOffset)))
        case .toClient(let relay, let connection, let text):
            guard isLive(relay, connection) else { return }
            pool.received(Array(text.utf8), from: ids[relay], now: now)
        case .ping(let relay, let connection):
            guard isLive(relay, connection) else { return }
            add(arrival(relay, toClient: true), .pong(relay, connection: connection))
        case .pong(let relay, let connection):
            guard isLive(relay, connection) else { return }
            pool.ponged(ids[relay], now: now)
        case .opened(let relay, let connection):
            guard isOpening[relay], connections[relay] == connection else { return }
            isOpening[relay] = false
            guard isUp[relay] else { return pool.closed(ids[relay], now: now) }
            relays[relay].connect()
            pool.opened(ids[relay], now: now)
        case .failed(let relay):
            guard isOpening[relay] else { return }
            isOpening[relay] = false
            pool.closed(ids[relay], now: now)
        case .kill(let relay):
            isUp[relay] = false
            end(relay)
            pool.closed(ids[relay], now: now)
        case .revive(let relay): isUp[relay] = true
        case .freeze(let relay): if relays[relay].connection != nil { isFrozen[relay] = true }
        case .arrive(let relay, let event): tell(relay, relays[relay].take(event))
        case .publish(let event):
            _ = pool.publish(event, to: ids, patience: .seconds(3600), now: now)
        }
    }

    private func isLive(_ relay: Int, _ connection: Int) -> Bool {
        connections[relay] == connection && relays[relay].connection != nil && !isFrozen[relay]
    }

    private mutating func end(_ relay: Int) {
        relays[relay].disconnect()
        connections[relay] += 1
        isFrozen[relay] = false
        isOpening[relay] = false
    }

    /// When something sent now arrives, behind all that was sent before it.
    private mutating func arrival(_ relay: Int, toClient: Bool) -> Instant {
        let most = max(relays[relay].faults.delay, 1)
        let at = now + .milliseconds(Int64.random(in: 1...most, using: &random))
        let slot = 2 * relay + (toClient ? 1 : 0)
        lastArrival[slot] = max(at, lastArrival[slot])
        return lastArrival[slot]
    }

    private mutating func tell(_ relay: Int, _ texts: [String]) {
        for text in texts {
            add(arrival(relay, toClient: true), .toClient(relay, connection: connections[relay], text))
        }
    }

    private mutating func perform() throws {
        while let action = pool.nextAction() {
            note(action)
            switch action {
            case .connect(let id, _):
                guard let relay = ids.firstIndex(of: id) else { continue }
                connections[relay] += 1
                isFrozen[relay] = false
                isOpening[relay] = true
                relays[relay].disconnect()
                let at = arrival(relay, toClient: true)
                add(at, isUp[relay] ? .opened(relay, connection: connections[relay]) : .failed(relay))
            case .disconnect(let id): if let relay = ids.firstIndex(of: id) { end(relay) }
            case .send(let id, let text):
                guard let relay = ids.firstIndex(of: id) else { continue }
                add(arrival(relay, toClient: false), .toRelay(relay, connection: connections[relay], text))
            case .ping(let id):
                guard let relay = ids.firstIndex(of: id) else { continue }
                add(arrival(relay, toClient: false), .ping(relay, connection: connections[relay]))
            case .sign(let id, let rumor): pool.authenticate(id, try key.sign(rumor), now: now)
            case .deliver(_, let event): delivered[event.id, default: 0] += 1
            case .published(let publication, let relay, let outcome):
                outcomes[publication, default: [:]][relay] = outcome
            case .publishFinished(let publication, let accepted): finished[publication] = accepted
            case .askAuthentication, .caughtUp, .ended, .stateChanged, .notice: break
            }
        }
    }

    /// Folds what was done, and when, into one number: the same for the same seed.
    private mutating func note(_ action: PoolAction) {
        var text = String(now.microseconds)
        switch action {
        case .send(let relay, let bytes): text += "s\(relay.number)\(bytes.count)"
        case .deliver(_, let event): text += "d" + event.id.hex
        case .connect(let relay, _): text += "c\(relay.number)"
        case .disconnect(let relay): text += "x\(relay.number)"
        case .published(let publication, let relay, let outcome):
            text += "p\(publication.number) \(relay.number) \(outcome.isAccepted)"
        default: text += "o"
        }
        for byte in text.utf8 { trace = (trace ^ UInt64(byte)) &* 0x100_0000_01b3 }
    }
}
