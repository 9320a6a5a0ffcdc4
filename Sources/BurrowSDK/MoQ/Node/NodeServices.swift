import BurrowBase
import BurrowQUIC

/// What the rooms and relays of a node share: the queues to the outside, numbers, randomness and the client endpoint.
final class NodeServices {
    let context: SessionContext
    let ready = ReadyReaders()
    let clients: Endpoint
    var tickets = TicketCache()
    var trust = TrustCache()
    var random: any RandomSource
    private(set) var effects: [NodeEffect] = []
    private(set) var events: [NodeEvent] = []
    private var effectsRead = 0
    private var eventsRead = 0
    private var lastNumber: UInt32 = 0
    private var lastSocket: UInt32

    /// Sockets the owner opens by itself, for relays, have numbers below `firstSocket`.
    init(context: SessionContext, random: any RandomSource, firstSocket: UInt32) {
        self.context = context
        self.random = random
        lastSocket = firstSocket
        clients = Endpoint(
            settings: TransportSettings(),
            tls: nil,
            alpn: [],
            allocator: context.allocator,
            random: random
        )
    }

    func newNumber() -> UInt32 {
        lastNumber &+= 1
        return lastNumber
    }

    func newSocket() -> SocketID {
        lastSocket &+= 1
        return SocketID(rawValue: lastSocket)
    }

    /// An id for a room or relay among the hops of an announcement: not zero, below 2^53 (reference §4).
    func newHopID() -> UInt64 { random.next() >> 11 | 1 }

    func perform(_ effect: NodeEffect) {
        effects.append(effect)
    }

    func tell(_ event: NodeEvent) {
        events.append(event)
    }

    func complete(_ request: RequestID, _ error: MoQError? = nil) {
        if request.rawValue != 0 { tell(.done(request, error)) }
    }

    func nextEffect() -> NodeEffect? {
        guard effectsRead < effects.count else {
            effects.removeAll(keepingCapacity: true)
            effectsRead = 0
            return nil
        }
        defer { effectsRead += 1 }
        return effects[effectsRead]
    }

    func nextEvent() -> NodeEvent? {
        guard eventsRead < events.count else {
            events.removeAll(keepingCapacity: true)
            eventsRead = 0
            return nil
        }
        defer { eventsRead += 1 }
        return events[eventsRead]
    }

    /// How long to wait before trying again.
    func pause(_ backoff: inout Backoff) -> Interval {
        var word = SeededRandom(seed: random.next())
        return backoff.next(&word)
    }
}
