import BurrowBase
import BurrowNostr

/// What is remembered so that nothing happens twice, and nothing that is over begins (burrow-signalling §6.4).
struct CallMemory: Sendable {
    struct Dead: Sendable {
        let call: CallID
        /// Who ended it: only their offers are dead with it.
        let sender: PublicKey
        let until: Instant
    }

    /// A call we follow somebody to when its offer comes.
    struct Succession: Sendable {
        let call: CallID
        let predecessor: CallID
        let group: [UInt8]
        let isMuted: Bool
        let hasVideo: Bool
        let until: Instant
    }

    private struct Counter: Sendable {
        let sender: PublicKey
        var offers: [Instant] = []
        var updates: [Instant] = []
    }

    private var seen: Set<EventID> = []
    private var order = FIFO<EventID>()
    private(set) var dead: [Dead] = []
    private var successions: [Succession] = []
    /// Those who were heard last stand last.
    private var counters: [Counter] = []

    /// False when it was seen before.
    mutating func see(_ id: EventID) -> Bool {
        guard seen.insert(id).inserted else { return false }
        order.append(id)
        if order.count > CallLimits.seenSignals, let oldest = order.popFirst() { seen.remove(oldest) }
        return true
    }

    // MARK: Dead calls

    mutating func bury(_ call: CallID, by sender: PublicKey, until: Instant, now: Instant) {
        dead.removeAll { $0.until <= now || ($0.call == call && $0.sender == sender) }
        if dead.count >= CallLimits.deadCalls { dead.removeFirst() }
        dead.append(Dead(call: call, sender: sender, until: until))
    }

    func grave(of call: CallID, _ sender: PublicKey, now: Instant) -> Dead? {
        dead.first { $0.call == call && $0.sender == sender && $0.until > now }
    }

    // MARK: Calls to follow to

    mutating func follow(_ succession: Succession, now: Instant) {
        successions.removeAll { $0.until <= now || $0.call == succession.call }
        if successions.count >= CallLimits.openQuestions { successions.removeFirst() }
        successions.append(succession)
    }

    mutating func takeSuccession(of call: CallID, _ group: [UInt8], now: Instant) -> Succession? {
        guard
            let index = successions.firstIndex(where: {
                $0.call == call && $0.group == group && $0.until > now
            })
        else { return nil }
        return successions.remove(at: index)
    }

    // MARK: Rates

    /// Whether somebody has not offered too much.
    mutating func admitOffer(of sender: PublicKey, now: Instant) -> Bool {
        let index = counter(sender)
        return Self.admit(&counters[index].offers, CallLimits.offersPerMinute, .seconds(60), now)
    }

    mutating func admitUpdate(of sender: PublicKey, now: Instant) -> Bool {
        let index = counter(sender)
        return Self.admit(&counters[index].updates, CallLimits.updatesPerSecond, .seconds(1), now)
    }

    private static func admit(_ times: inout [Instant], _ limit: Int, _ span: Interval, _ now: Instant)
        -> Bool
    {
        times.removeAll { now - $0 >= span }
        guard times.count < limit else { return false }
        times.append(now)
        return true
    }

    private mutating func counter(_ sender: PublicKey) -> Int {
        if let index = counters.firstIndex(where: { $0.sender == sender }) { return index }
        if counters.count >= CallLimits.countedSenders { counters.removeFirst() }
        counters.append(Counter(sender: sender))
        return counters.count - 1
    }
}
