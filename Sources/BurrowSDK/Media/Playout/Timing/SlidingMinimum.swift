import BurrowBase

/// The smallest of the values of the last two seconds, in steps of a quarter of a second.
struct SlidingMinimum {
    private static let slotLength: Int64 = 250_000
    private static let slotCount: Int64 = 8

    private var minima = [Int64](repeating: .max, count: Int(slotCount))
    private var slot: Int64 = 0
    private(set) var value: Int64?

    mutating func add(_ new: Int64, at time: Instant) {
        let now = time.microseconds / Self.slotLength
        if value == nil { slot = now }
        // Arrivals that are older than the newest count for the newest slot: they were reported late.
        if now > slot { advance(by: now - slot) }
        let index = Int(slot % Self.slotCount)
        guard minima.indices.contains(index) else { return }
        minima[index] = min(minima[index], new)
        value = minima.reduce(Int64.max, min)
    }

    mutating func reset() {
        for index in minima.indices { minima[index] = .max }
        value = nil
    }

    private mutating func advance(by slots: Int64) {
        for step in 1...min(slots, Self.slotCount) {
            let index = Int((slot + step) % Self.slotCount)
            if minima.indices.contains(index) { minima[index] = .max }
        }
        slot += slots
        if slots > Self.slotCount { for index in minima.indices { minima[index] = .max } }
    }
}
