import BurrowBase
import BurrowNostr
import BurrowQUIC

/// The part of an engine's loop that talks to Nostr relays: carries out what the pool decides, on sockets of the loop's
/// reactor, and turns what it brings into events for the host.
final class NostrLoop {
    /// What a subscription of the pool is for.
    enum Purpose {
        case host(request: UInt64)
        case lists(of: PublicKey)
        /// Wraps or group events for an identity's groups.
        case groups
        /// Key packages of somebody for a request.
        case keyPackages(request: UInt64)
    }

    /// Something that goes on when a person's lists are known.
    enum Continuation {
        case tell(EventKind, request: UInt64)
        case publish(Event, request: UInt64)
        case publishList(HostIdentity, EventKind, [Tag], request: UInt64)
        case deliver(EventID)
        case listen(HostIdentity)
        case announceKeyPackages(HostIdentity, [ServerURL])
        case select(request: UInt64)
        /// Only that the list is newer the next time.
        case refresh
        case findKeyPackages(request: UInt64)
    }

    struct Publication {
        let request: UInt64
        let event: Event
        var isDelivery = false
    }

    /// Who waits for the addresses of a name.
    enum Lookup {
        case relay(BurrowNostr.RelayID)
        case lease(UInt64)
    }

    struct Link {
        let relay: BurrowNostr.RelayID
        let connection: RelayConnection
    }

    /// How long messages are looked at in one turn, in microseconds as `cost` has them: calls go on behind it.
    private static let turn = 500
    /// Events that wait for the host, or for its groups, before relays have to wait.
    private static let waitingEvents = EngineLimits.waitingEvents / 2
    /// How soon the host's queue is looked at again.
    private static let patience = Interval.milliseconds(5)

    let engine: Engine
    let resolver: Resolver
    let streams: StreamNumbers
    /// No sockets: the host has relays of its own.
    let isHostOwned: Bool
    var pool: RelayPool
    var links: [Link] = []
    /// What the host said of its relays, and for others what holds by default.
    var relays: [ServerURL: NostrRelayOptions] = [:]
    var urls: [BurrowNostr.RelayID: ServerURL] = [:]
    var trusts: [TLSContext.ClientTrust: TLSContext] = [:]
    var identity: HostIdentity?
    var directory = RelayDirectory(relayPolicy: .ownRelays, mediaPolicy: .ownMedia)
    var purposes: [SubscriptionID: Purpose] = [:]
    var publications: [PublicationID: Publication] = [:]
    var continuations: [PublicKey: [Continuation]] = [:]
    /// In the order in which the identities were opened.
    var followed: [Following] = []
    /// What relays do not have yet, in the order in which it came.
    var deliveries: [Delivery] = []
    /// Commands of the state thread that wait for key packages.
    var searches: [UInt64: KeyPackageSearch] = [:]
    /// Identities that wait for answers of the host.
    var keyHolders: [HostIdentity] = []
    /// What was asked last to be told to a relay, and in whose name.
    var authentications: [BurrowNostr.RelayID: (host: HostIdentity, draft: EventID)] = [:]
    var isOver = false
    var lookups: [UInt64: Lookup] = [:]
    var lastLookup: UInt64 = 0
    /// Tokens that are asked for or kept fresh, in the order in which the host asked.
    var leases: [TokenLease] = []
    /// Tokens of this turn that rooms may wait for.
    var freshTokens = FIFO<(request: UInt64, text: String)>()
    /// MoQ relays that are looked for, in the order in which the host asked.
    var selections: [RelaySelection] = []
    /// What the engine's loop has to do for them.
    var probeActions = FIFO<ProbeAction>()
    var lastProbe: UInt64 = 0
    /// Open requests of the host.
    var requests: Set<UInt64> = []
    /// Events of this turn.
    var outbox = ContiguousArray<HostEvent>()
    var now: Instant
    private var turnAgain: Instant = .distantFuture
    /// Whose turn it is to be looked at first.
    private var first = 0

    init(_ engine: Engine, _ reactor: Reactor, _ resolver: Resolver, now: Instant) {
        self.engine = engine
        self.resolver = resolver
        self.now = now
        isHostOwned = engine.hasHostRelays
        streams = StreamNumbers(reactor)
        var random = SystemRandom()
        var options = PoolOptions()
        // The host's own, and those of people who are written to.
        options.relayCount = 2 * EngineLimits.nostrRelays
        pool = RelayPool(
            identity: nil,
            unixOffset: SystemCall.unixMicroseconds() - now.microseconds,
            jitterSeed: random.next(),
            options: options
        )
    }

    /// When there is something to do without being woken.
    var deadline: Instant {
        var earliest = min(pool.deadline ?? .distantFuture, turnAgain)
        for link in links { earliest = min(earliest, link.connection.deadline) }
        if !probeActions.isEmpty || !freshTokens.isEmpty { earliest = now }
        for selection in selections { earliest = min(earliest, selection.deadline) }
        for lease in leases { earliest = min(earliest, lease.deadline) }
        for delivery in deliveries { earliest = min(earliest, delivery.due ?? .distantFuture) }
        for holder in keyHolders { earliest = min(earliest, holder.keyDeadline ?? .distantFuture) }
        return earliest
    }

    var isIdle: Bool { requests.isEmpty }

    // MARK: A turn of the loop

    /// A stream of a relay is ready.
    func ready(_ number: UInt32, isReadable: Bool, isWritable: Bool, now: Instant) {
        if let link = links.first(where: { $0.connection.owns(number) }) {
            link.connection.ready(number, isReadable: isReadable, isWritable: isWritable, now: now)
        } else if let stream = leases.first(where: { $0.stream?.owns(number) == true })?.stream {
            stream.ready(number, isReadable: isReadable, isWritable: isWritable, now: now)
        }
    }

    /// Looks at what came, lets the pool decide, and carries that out.
    func turn(now: Instant) {
        self.now = now
        lookAfterKeys()
        guard
            !links.isEmpty || pool.deadline != nil || !requests.isEmpty || !deliveries.isEmpty
                || !selections.isEmpty || !leases.isEmpty
        else {
            return
        }
        turnAgain = .distantFuture
        takeMessages()
        for link in links where link.connection.deadline <= now { link.connection.timerFired(now: now) }
        takeFailures()
        if !leases.isEmpty { takeTokens() }
        if !selections.isEmpty { takeSelections() }
        if let deadline = pool.deadline, deadline <= now {
            pool.unixOffset = SystemCall.unixMicroseconds() - now.microseconds
            pool.timerFired(now: now)
        }
        deliverWhatIsDue()
        perform()
        refreshSnapshot()
    }

    /// Looks at waiting messages, each relay in its turn, as long as the host has room for what they bring.
    private func takeMessages() {
        var left = Self.turn
        var empty = 0
        while left > 0, !links.isEmpty, empty < links.count {
            guard engine.events.waitingCount + outbox.count < Self.waitingEvents,
                engine.state.waitingCount < Self.waitingEvents
            else {
                for link in links where !link.connection.arrived.isEmpty {
                    pool.noteBusy(link.relay, now: now)
                }
                turnAgain = now + Self.patience
                return
            }
            first = (first + 1) % links.count
            let link = links[first]
            guard let event = link.connection.next() else {
                empty += 1
                continue
            }
            empty = 0
            left -= Self.cost(event)
            receive(event, from: link.relay)
            perform()
        }
        if links.contains(where: { !$0.connection.arrived.isEmpty }) { turnAgain = now }
    }

    /// About how many microseconds it takes to look at a message: a signature, and a hash of all of it.
    private static func cost(_ event: WebSocket.Event) -> Int {
        if case .text(let text) = event { 64 + text.count / 64 } else { 1 }
    }

    private func receive(_ event: WebSocket.Event, from relay: BurrowNostr.RelayID) {
        switch event {
        case .opened: pool.opened(relay, now: now)
        case .text(let text): pool.received(text, from: relay, now: now)
        // No message of the protocol.
        case .binary: pool.received([], from: relay, now: now)
        case .pong: pool.ponged(relay, now: now)
        case .failed: break
        }
    }

    /// Tells the pool which connections are over, once everything they brought was looked at.
    private func takeFailures() {
        for link in links {
            guard let failure = link.connection.failure, link.connection.arrived.isEmpty else { continue }
            links.removeAll { $0.relay == link.relay }
            forgetAuthentication(link.relay)
            tell(link.relay, .waiting, failure)
            pool.closed(link.relay, now: now)
        }
    }

    // MARK: Requests

    /// Begins a request of the host.
    func open(_ request: UInt64) {
        if request != 0 { requests.insert(request) }
    }

    /// Posts the one completion of a request. A second one is ignored.
    func complete(
        _ request: UInt64,
        _ error: EngineError?,
        value: Int64 = 0,
        text: String = "",
        data: [UInt8] = []
    ) {
        guard requests.remove(request) != nil else { return }
        var event = HostEvent(.done, subject: 0, time: now, error: error)
        event.request = request
        if error == nil { (event.value, event.text, event.data) = (value, text, data) }
        outbox.append(event)
        engine.requestCompleted()
    }

    /// The host wants no more of it. False when the request is none of ours.
    func cancel(_ request: UInt64) -> Bool {
        guard requests.contains(request) else { return cancelKeyUse(request) }
        for (id, purpose) in purposes {
            if case .host(request) = purpose {
                pool.unsubscribe(id)
                purposes[id] = nil
            }
        }
        searches[request] = nil
        for holder in keyHolders { holder.forgetKeyUses { $0.request == request } }
        forget(request)
        forgetSelection(request)
        complete(request, EngineError(.cancelled, "cancelled"))
        perform()
        return true
    }

    /// Ends everything: the engine shuts down or is destroyed.
    func shutDown() {
        isOver = true
        endKeyUses()
        for request in requests.sorted() {
            complete(request, EngineError(.cancelled, "the engine was shut down"))
        }
        purposes = [:]
        publications = [:]
        continuations = [:]
        followed = []
        deliveries = []
        searches = [:]
        for lease in leases { lease.end() }
        leases = []
        dropSelections()
        for url in urls.values.sorted(by: { $0.text < $1.text }) {
            if let id = pool.relay(url) { pool.removeRelay(id) }
        }
        perform()
    }
}
