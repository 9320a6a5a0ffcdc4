import BurrowBase

/// Packets that wait for their turn, in the order of their timestamps. Never more than `capacity`.
struct PacketBuffer {
    struct Entry {
        var timestamp: Int64
        var payload: Slice
        /// Samples per channel.
        var frames: Int
        /// How much later than the fastest recent packet it came.
        var delay: Int64
        var arrival: Instant
        var carriesRedundancy: Bool
    }

    private let capacity: Int
    private var slots: ContiguousArray<Entry?>
    private var head = 0
    private(set) var count = 0

    init(capacity: Int) {
        self.capacity = max(1, capacity)
        slots = ContiguousArray(repeating: nil, count: self.capacity)
    }

    var first: Entry? { self[0] }
    var last: Entry? { self[count - 1] }
    var isFull: Bool { count == capacity }

    subscript(position: Int) -> Entry? {
        guard position >= 0, position < count else { return nil }
        return slots[(head + position) % capacity]
    }

    /// Returns false when a packet of the same time is there already, or when there is no room.
    mutating func insert(_ entry: Entry) -> Bool {
        guard count < capacity else { return false }
        var position = count
        while position > 0, let before = self[position - 1], before.timestamp >= entry.timestamp {
            if before.timestamp == entry.timestamp { return false }
            position -= 1
        }
        var index = count
        while index > position {
            slots[(head + index) % capacity] = slots[(head + index - 1) % capacity]
            index -= 1
        }
        slots[(head + position) % capacity] = entry
        count += 1
        return true
    }

    mutating func popFirst() -> Entry? {
        guard count > 0 else { return nil }
        let entry = slots[head]
        slots[head] = nil
        head = (head + 1) % capacity
        count -= 1
        return entry
    }

    mutating func removeAll() {
        while popFirst() != nil {}
    }
}
