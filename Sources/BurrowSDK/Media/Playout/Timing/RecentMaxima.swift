/// The worst of each of the last windows of time.
struct RecentMaxima {
    private static let capacity = 33

    private var values = [Int64](repeating: 0, count: capacity)
    private var next = 0
    private(set) var count = 0

    mutating func add(_ value: Int64) {
        values[next] = value
        next = (next + 1) % Self.capacity
        count = min(count + 1, Self.capacity)
    }

    /// The largest of the last `windows`, zero without any.
    func largest(of windows: Int = capacity) -> Int64 {
        var result: Int64 = 0
        var back = 1
        while back <= min(windows, count) {
            result = max(result, values[(next + Self.capacity - back) % Self.capacity])
            back += 1
        }
        return result
    }
}
