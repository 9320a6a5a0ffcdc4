/// Values by keys that grow: what comes later has the larger key, so adding is appending, and walking through goes in the
/// order of the keys. A hash table would walk in another order in every process, and no run could be repeated.
struct SortedTable<Key: Comparable, Value> {
    private(set) var keys: ContiguousArray<Key> = []
    private(set) var values: ContiguousArray<Value> = []

    var isEmpty: Bool { keys.isEmpty }
    var count: Int { keys.count }

    subscript(key: Key) -> Value? {
        get {
            let index = position(of: key)
            return index < keys.count && keys[index] == key ? values[index] : nil
        }
        set {
            guard let newValue else {
                removeValue(forKey: key)
                return
            }
            let index = position(of: key)
            if index < keys.count && keys[index] == key {
                values[index] = newValue
            } else {
                keys.insert(key, at: index)
                values.insert(newValue, at: index)
            }
        }
    }

    @discardableResult mutating func removeValue(forKey key: Key) -> Value? {
        let index = position(of: key)
        guard index < keys.count, keys[index] == key else { return nil }
        keys.remove(at: index)
        return values.remove(at: index)
    }

    mutating func removeAll() {
        keys.removeAll()
        values.removeAll()
    }

    /// Where a key is or would be.
    private func position(of key: Key) -> Int {
        var (low, high) = (0, keys.count)
        while low < high {
            let middle = (low + high) / 2
            if keys[middle] < key { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
