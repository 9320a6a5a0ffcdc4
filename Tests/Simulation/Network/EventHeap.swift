package import BurrowBase

/// What is due when. Events of the same time come in the order they were added, so a run can be repeated.
package struct EventHeap<Payload> {
    private struct Event {
        let time: Instant
        let sequence: UInt64
        let payload: Payload

        func isBefore(_ other: Event) -> Bool {
            time == other.time ? sequence < other.sequence : time < other.time
        }
    }

    private var events: [Event] = []
    private var sequence: UInt64 = 0

    package init() {}

    package var count: Int { events.count }
    package var nextTime: Instant? { events.first?.time }

    package mutating func add(_ payload: Payload, at time: Instant) {
        events.append(Event(time: time, sequence: sequence, payload: payload))
        sequence += 1
        var child = events.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard events[child].isBefore(events[parent]) else { break }
            events.swapAt(child, parent)
            child = parent
        }
    }

    /// Takes the first event if it is due by `limit`.
    package mutating func removeFirst(until limit: Instant) -> (time: Instant, payload: Payload)? {
        guard let first = events.first, first.time <= limit else { return nil }
        events.swapAt(0, events.count - 1)
        events.removeLast()
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < events.count {
                if events[child].isBefore(events[least]) { least = child }
            }
            guard least != parent else { break }
            events.swapAt(parent, least)
            parent = least
        }
        return (first.time, first.payload)
    }
}
