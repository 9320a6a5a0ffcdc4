/// Keeps what a connection has under way from filling a queue in front of a narrow line.
///
/// BBR2 in ngtcp2 0.12 always allows itself three bursts of ten packets, 43 kB, and before it has found the line's rate
/// anything. On a line of 500 kbit/s that is a queue of 700 ms, or loss; either makes what is urgent wait behind what is
/// not, where no scheduler of ours reaches. So the round trip is watched: while it is longer than the shortest one and
/// a tolerable queue, less may be under way, in proportion, as in FAST TCP.
struct QueueGuard {
    /// As much queueing delay as nobody complains about (nanoseconds).
    private static let tolerance: UInt64 = 100_000_000
    /// Within a shorter round trip no line is narrow; what is slow there is a machine.
    private static let localRoundTrip: UInt64 = 2_000_000
    /// The least that may be under way, in packets, with which a connection still makes progress.
    private static let leastPackets: UInt64 = 4
    /// With a round trip this many times too long at the least under way, the queue is somebody else's.
    private static let foreignFactor: UInt64 = 3
    private static let truce: UInt64 = 10_000_000_000
    /// Nothing longer is told apart, so that a clock that jumps makes no sum overflow.
    private static let longestRoundTrip: UInt64 = 1 << 40

    struct Sample {
        var latestRTT: UInt64
        var smoothedRTT: UInt64
        var minimumRTT: UInt64
        var bytesInFlight: UInt64
        var mtu: UInt64
    }

    /// Bytes that may be under way when something new begins.
    private(set) var limit = UInt64.max
    /// When the next sample is worth taking (nanoseconds).
    private(set) var nextUpdate: UInt64 = 0

    /// On another path nothing is known.
    mutating func reset() {
        self = QueueGuard()
    }

    mutating func update(_ sample: Sample, now: UInt64) {
        let rtt = min(sample.latestRTT, sample.smoothedRTT, Self.longestRoundTrip)
        nextUpdate = now + min(max(rtt, 10_000_000), 1_000_000_000)
        guard sample.minimumRTT != .max, sample.minimumRTT >= Self.localRoundTrip, rtt > 0 else { return }
        let shortest = min(sample.minimumRTT, Self.longestRoundTrip)
        let target = shortest + max(Self.tolerance, shortest / 2)
        let least = sample.mtu * Self.leastPackets
        // In microseconds, and bounded so that no product overflows.
        let (goal, actual) = (min(target / 1000, 1 << 31), min(rtt / 1000, 1 << 31))
        let base = min(limit == .max ? sample.bytesInFlight : limit, 1 << 31)
        if rtt > target {
            if limit == least, rtt > target * Self.foreignFactor {
                limit = .max
                nextUpdate = now + Self.truce
            } else {
                limit = max(base * goal / max(actual, 1), least)
            }
        } else if limit != .max, sample.bytesInFlight * 2 >= limit {
            limit = max(min(base * goal / max(actual, 1), base * 2), least)
            if limit >= 1 << 30 { limit = .max }
        }
    }
}
