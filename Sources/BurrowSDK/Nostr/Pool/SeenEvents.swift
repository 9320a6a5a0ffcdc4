package import BurrowBase

/// Which verified events were delivered to which subscriptions, so that none comes twice, from whatever relay.
package struct SeenEvents: Sendable {
    private struct Entry: Sendable {
        /// One bit for each subscription's slot.
        var slots: UInt64
    }

    private let capacity: Int
    private let lifetime: Interval
    private var entries: [EventID: Entry] = [:]
    /// Oldest first.
    private var order: FIFO<(id: EventID, until: Instant)> = FIFO()

    package init(capacity: Int, lifetime: Interval) {
        self.capacity = max(capacity, 1)
        self.lifetime = lifetime
    }

    package var count: Int { entries.count }

    /// Whether an event of this id has been verified. What claims the same id now is a repetition or a lie.
    package func contains(_ id: EventID) -> Bool {
        entries[id] != nil
    }

    /// Whether the event was delivered to the subscription of this slot.
    package func contains(_ id: EventID, slot: Int) -> Bool {
        guard let entry = entries[id] else { return false }
        return entry.slots & Self.bit(slot) != 0
    }

    /// Notes a delivery of a verified event.
    package mutating func insert(_ id: EventID, slot: Int, now: Instant) {
        if entries[id] == nil {
            while order.count >= capacity || (order.first.map { $0.until <= now } ?? false) {
                guard let oldest = order.popFirst() else { break }
                entries[oldest.id] = nil
            }
            order.append((id, now + lifetime))
        }
        entries[id, default: Entry(slots: 0)].slots |= Self.bit(slot)
    }

    /// Makes a slot free for another subscription.
    package mutating func clear(slot: Int) {
        let mask = ~Self.bit(slot)
        entries = entries.mapValues { Entry(slots: $0.slots & mask) }
    }

    private static func bit(_ slot: Int) -> UInt64 { 1 << UInt64(clamping: min(max(slot, 0), 63)) }
}
