import BurrowBase

/// How much delay, over the fastest packets of the last two seconds, lets the others arrive in time.
///
/// The worst packet of each quarter of a second enters a histogram; the target is a quantile of it. A packet that came
/// too late raises the target at once, and the raise wears off. What happened only once in the time that the quantile
/// speaks of is an accident and does not enter, and when a large delay is over it is soon forgotten.
struct JitterTarget {
    private static let window: Int64 = 250_000
    /// A raise stays for this long and then falls by as much as playout can catch up.
    private static let raiseHold: Int64 = 200_000
    private static let raiseDecayPerSecond: Int64 = 80_000
    /// A large one falls by so many parts in ten a second.
    private static let raiseDecay: Int64 = 4
    private static let rarer = 6.0
    private static let rareMargin: Int64 = 3_000
    /// Before so many windows nothing is told to be an accident.
    private static let firstWindows = 4
    /// The windows after which a delay is over, and how much more than theirs is kept ready.
    private static let calmWindows = 10
    private static let calmMargin: Int64 = 40_000

    var options: PlayoutOptions
    private var floor = SlidingMinimum()
    private var histogram = DelayHistogram()
    private var maxima = RecentMaxima()
    private var windowStart: Int64?
    private var windowMaximum: Int64 = 0
    private var raise: Int64 = 0
    private var raisedAt: Int64 = 0
    private var quantile: Int64?
    /// Mean difference between the delays of one packet and the next.
    private(set) var jitter: Double = 0
    private var lastDelay: Int64?
    /// Mean delay of the packets.
    private(set) var mean: Double = 0

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
        mean += (Double(min(delay, 1_000_000)) - mean) / 64
        let start = windowStart ?? time.microseconds
        if time.microseconds.subtractingSaturating(start) >= Self.window {
            let isYoung = maxima.count < Self.firstWindows
            let most = isYoung ? windowMaximum : maxima.largest() * 2 + DelayHistogram.bucketWidth
            histogram.add(min(windowMaximum, most))
            maxima.add(windowMaximum)
            quantile = aim
            windowStart = time.microseconds
            windowMaximum = delay
        } else {
            windowStart = start
            windowMaximum = max(windowMaximum, delay)
        }
        return delay
    }

    /// Where a little more delay makes much less late, a little more.
    private var aim: Int64? {
        let rest = (1 - options.quantile) / Self.rarer
        guard let usual = histogram.quantile(options.quantile), let rare = histogram.quantile(1 - rest) else {
            return nil
        }
        return min(rare, usual + Self.rareMargin)
    }

    /// A packet came `lateness` after the fastest, which was too late.
    mutating func underrun(lateness: Int64, now: Instant) {
        raise = max(raised(now), min(lateness, options.ceiling.microseconds))
        raisedAt = now.microseconds
    }

    /// The target without what late packets added to it.
    var steady: Int64 {
        guard let quantile else { return clamp(options.start.microseconds) }
        let worst = max(maxima.largest(of: Self.calmWindows), windowMaximum)
        return clamp(min(quantile, worst / 2 * 3 + Self.calmMargin))
    }

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
        let decay = max(Self.raiseDecayPerSecond, min(raise, 10_000_000) / 10 * Self.raiseDecay)
        return max(0, raise - age * decay / 1_000_000)
    }

    private func clamp(_ value: Int64) -> Int64 {
        max(options.floor.microseconds, min(value, options.ceiling.microseconds))
    }
}
