/// The timestamps decoded last, to tell a packet that comes twice from one that comes late.
struct RecentTimestamps {
    private static let capacity = 64
    private static let alike: UInt64 = 1_000

    private var values = [Int64](repeating: .min, count: capacity)
    private var next = 0

    mutating func insert(_ timestamp: Int64) {
        values[next] = timestamp
        next = (next + 1) % Self.capacity
    }

    /// Whether it is one of them; the sender's clock is not exact to the microsecond.
    func contains(_ timestamp: Int64) -> Bool {
        values.contains { $0.subtractingSaturating(timestamp).magnitude < Self.alike }
    }
}
