import BurrowBase

/// Values by key, in the order of their keys, which is the same in every run. For a few that are gone through often and
/// change seldom: going through them allocates nothing.
struct Ordered<Key: Comparable, Value> {
    private(set) var keys = ContiguousArray<Key>()
    private var values = ContiguousArray<Value>()

    subscript(key: Key) -> Value? {
        get {
            let place = place(of: key)
            return place < keys.count && keys[place] == key ? values[place] : nil
        }
        set {
            let place = place(of: key)
            let isThere = place < keys.count && keys[place] == key
            switch (newValue, isThere) {
            case (let value?, true): values[place] = value
            case (let value?, false):
                keys.insert(key, at: place)
                values.insert(value, at: place)
            case (nil, true):
                keys.remove(at: place)
                values.remove(at: place)
            case (nil, false): break
            }
        }
    }

    var isEmpty: Bool { keys.isEmpty }

    /// The least of what `time` says of each, and `first`.
    func least(_ first: Instant, _ time: (Value) -> Instant) -> Instant {
        var least = first
        for value in values {
            let other = time(value)
            if other < least { least = other }
        }
        return least
    }

    @discardableResult
    mutating func remove(_ key: Key) -> Value? {
        defer { self[key] = nil }
        return self[key]
    }

    mutating func removeAll() {
        keys.removeAll()
        values.removeAll()
    }

    /// Where a key is or would be.
    private func place(of key: Key) -> Int {
        var (low, high) = (0, keys.count)
        while low < high {
            let middle = (low + high) / 2
            if keys[middle] < key { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
