import BurrowBase

/// Bits and frames a second of what arrives, over about a second.
struct ArrivalRate {
    private static let window = Interval.seconds(1)

    private var begin: Instant?
    private var bytes = 0
    private var frames = 0
    private var last: (bits: UInt32, frames: UInt32) = (0, 0)

    mutating func add(bytes count: Int, at now: Instant) {
        _ = value(now: now)
        if begin == nil { begin = now }
        bytes &+= count
        frames &+= 1
    }

    /// What came in the last full second.
    mutating func value(now: Instant) -> (bits: UInt32, frames: UInt32) {
        guard let start = begin, now - start >= Self.window else { return last }
        let seconds = Double((now - start).microseconds) / 1_000_000
        last = (
            UInt32(min(Double(bytes) * 8 / seconds, Double(UInt32.max))),
            UInt32(min((Double(frames) / seconds).rounded(), Double(UInt32.max)))
        )
        (begin, bytes, frames) = (frames == 0 ? nil : now, 0, 0)
        return last
    }
}
