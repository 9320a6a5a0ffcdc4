package import BurrowBase

/// What is due when. Events of the same time come in the order they were added, so a run can be repeated.
package struct EventHeap<Payload> {
    private var keys = EventKeys()
    /// Payloads stay where they are while keys move.
    private var payloads: [Payload?] = []
    private var free: [Int] = []

    package init() {}

    package var count: Int { payloads.count - free.count }
    package var nextTime: Instant? { keys.first?.time }

    package mutating func add(_ payload: Payload, at time: Instant) {
        if let slot = free.popLast() {
            payloads[slot] = payload
            keys.add(time, slot)
        } else {
            keys.add(time, payloads.count)
            payloads.append(payload)
        }
    }

    /// Takes the first event if it is due by `limit`.
    package mutating func removeFirst(until limit: Instant) -> (time: Instant, payload: Payload)? {
        guard let first = keys.first, first.time <= limit, let payload = payloads[first.slot] else {
            return nil
        }
        keys.removeFirst()
        payloads[first.slot] = nil
        free.append(first.slot)
        return (first.time, payload)
    }
}

/// The binary heap itself, apart from the generic part because debug builds are slow with those.
private struct EventKeys {
    struct Key {
        let time: Instant
        let sequence: UInt64
        let slot: Int

        func isBefore(_ other: Key) -> Bool {
            time == other.time ? sequence < other.sequence : time < other.time
        }
    }

    private var keys: [Key] = []
    private var sequence: UInt64 = 0

    var first: Key? { keys.first }

    mutating func add(_ time: Instant, _ slot: Int) {
        let key = Key(time: time, sequence: sequence, slot: slot)
        sequence += 1
        keys.append(key)
        var child = keys.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard key.isBefore(keys[parent]) else { break }
            keys[child] = keys[parent]
            child = parent
        }
        keys[child] = key
    }

    mutating func removeFirst() {
        guard let key = keys.popLast(), !keys.isEmpty else { return }
        var parent = 0
        while true {
            var child = 2 * parent + 1
            guard child < keys.count else { break }
            if child + 1 < keys.count && keys[child + 1].isBefore(keys[child]) { child += 1 }
            guard keys[child].isBefore(key) else { break }
            keys[parent] = keys[child]
            parent = child
        }
        keys[parent] = key
    }
}
