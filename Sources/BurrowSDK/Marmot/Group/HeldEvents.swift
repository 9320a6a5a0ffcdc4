internal import BurrowNostr

/// Events that nothing opens yet: what they need may still come, because relays deliver in any order.
struct HeldEvents {
    struct Entry {
        let event: GroupEvent
        let since: UnixTime
        let error: MarmotError
    }

    private(set) var entries: [Entry] = []
    private var bytes = 0

    var isEmpty: Bool { entries.isEmpty }

    /// Keeps an event. What is given up for it is answered: the latest, because the others have to come first.
    mutating func insert(_ entry: Entry) -> [Entry] {
        entries.append(entry)
        bytes += entry.event.sealed.count
        var dropped: [Entry] = []
        while entries.count > MarmotLimits.heldEvents || bytes > MarmotLimits.heldBytes {
            guard let latest = entries.indices.max(by: { entries[$0].event.rank < entries[$1].event.rank })
            else { break }
            bytes -= entries[latest].event.sealed.count
            dropped.append(entries.remove(at: latest))
        }
        return dropped
    }

    /// Those that something may have changed for, in the order in which they were made. Without a new key that is nothing
    /// which no key opened.
    mutating func take(hasNewKey: Bool) -> [Entry] {
        let isOpened = { (entry: Entry) in hasNewKey || entry.error.code != .undecryptable }
        let taken = entries.filter(isOpened)
        entries.removeAll(where: isOpened)
        bytes = entries.reduce(0) { $0 + $1.event.sealed.count }
        return taken.sorted { $0.event.rank < $1.event.rank }
    }

    /// Those that waited for too long.
    mutating func takeExpired(now: UnixTime) -> [Entry] {
        let limit = now - MarmotLimits.heldSeconds
        guard entries.contains(where: { $0.since < limit }) else { return [] }
        let expired = entries.filter { $0.since < limit }
        entries.removeAll { $0.since < limit }
        bytes = entries.reduce(0) { $0 + $1.event.sealed.count }
        return expired
    }
}

/// The last events that were looked at; relays send them again and again.
struct SeenIDs {
    private var ids: Set<EventID> = []
    private var order: [EventID] = []
    private var oldest = 0

    /// Whether it is new.
    mutating func insert(_ id: EventID) -> Bool {
        guard ids.insert(id).inserted else { return false }
        if order.count < MarmotLimits.seenEvents {
            order.append(id)
        } else {
            ids.remove(order[oldest])
            order[oldest] = id
            oldest = (oldest + 1) % order.count
        }
        return true
    }

    /// Its place is used up, but it may come again.
    mutating func forget(_ id: EventID) {
        ids.remove(id)
    }
}
