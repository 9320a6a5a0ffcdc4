/// The timestamps decoded last, to tell a packet that comes twice from one that comes late.
struct RecentTimestamps {
    private static let capacity = 64

    private var values = [Int64](repeating: .min, count: capacity)
    private var next = 0

    mutating func insert(_ timestamp: Int64) {
        values[next] = timestamp
        next = (next + 1) % Self.capacity
    }

    func contains(_ timestamp: Int64) -> Bool { values.contains(timestamp) }
}
