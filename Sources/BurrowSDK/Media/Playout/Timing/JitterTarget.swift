import BurrowBase

/// How much delay, over the fastest packets of the last two seconds, lets the others arrive in time.
///
/// The worst packet of each quarter of a second enters a histogram; the target is a quantile of it. A packet that came
/// too late raises the target at once, and the raise wears off.
struct JitterTarget {
    private static let window: Int64 = 250_000
    /// A raise stays for this long and then falls by as much as playout can catch up.
    private static let raiseHold: Int64 = 200_000
    private static let raiseDecayPerSecond: Int64 = 80_000

    var options: PlayoutOptions
    private var floor = SlidingMinimum()
    private var histogram = DelayHistogram()
    private var windowStart: Int64?
    private var windowMaximum: Int64 = 0
    private var raise: Int64 = 0
    private var raisedAt: Int64 = 0
    private var quantile: Int64?
    /// Mean difference between the delays of one packet and the next.
    private(set) var jitter: Double = 0
    private var lastDelay: Int64?

    init(_ options: PlayoutOptions) {
        self.options = options
    }

    /// The offset (arrival less timestamp) of the fastest recent packet.
    var fastest: Int64? { floor.value }

    /// Takes note of a packet; returns how much later it came than the fastest recent one.
    mutating func arrived(offset: Int64, at time: Instant) -> Int64 {
        floor.add(offset, at: time)
        let delay = max(0, offset.subtractingSaturating(floor.value ?? offset))
        if let last = lastDelay { jitter += (Double(abs(delay - last)) - jitter) / 16 }
        lastDelay = delay
        let start = windowStart ?? time.microseconds
        if time.microseconds.subtractingSaturating(start) >= Self.window {
            histogram.add(windowMaximum)
            quantile = histogram.quantile(options.quantile)
            windowStart = time.microseconds
            windowMaximum = delay
        } else {
            windowStart = start
            windowMaximum = max(windowMaximum, delay)
        }
        return delay
    }

    /// A packet came `lateness` after the fastest, which was too late.
    mutating func underrun(lateness: Int64, now: Instant) {
        raise = max(raised(now), min(lateness, options.ceiling.microseconds))
        raisedAt = now.microseconds
    }

    /// The target without what late packets added to it.
    var steady: Int64 { clamp(quantile ?? options.start.microseconds) }

    func target(now: Instant) -> Int64 { clamp(max(steady, raised(now))) }

    mutating func reset() {
        self = JitterTarget(options)
    }

    /// What comes from now on is not to be compared with what came before; how uneven that was is remembered.
    mutating func beginAnew() {
        floor.reset()
        lastDelay = nil
        windowStart = nil
        windowMaximum = 0
    }

    private func raised(_ now: Instant) -> Int64 {
        let age = now.microseconds.subtractingSaturating(raisedAt) - Self.raiseHold
        guard age > 0 else { return raise }
        // Beyond this age nothing is left; also keeps the product small.
        guard age < 10_000_000 else { return 0 }
        return max(0, raise - age * Self.raiseDecayPerSecond / 1_000_000)
    }

    private func clamp(_ value: Int64) -> Int64 {
        max(options.floor.microseconds, min(value, options.ceiling.microseconds))
    }
}
