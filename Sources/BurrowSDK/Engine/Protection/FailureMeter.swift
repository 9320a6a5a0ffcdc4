import BurrowBase

/// Notices when so many frames of one sender are not authentic that somebody must be at work: a hundred in a second.
struct FailureMeter {
    static let alarm = 100
    private static let window = Interval.seconds(1)
    /// The host is not told more often.
    private static let pause = Interval.seconds(10)

    private var begin = Instant(microseconds: 0)
    private var count = 0
    private var quietUntil = Instant(microseconds: 0)

    /// Counts a failure. True when it is time to raise the alarm.
    mutating func failed(now: Instant) -> Bool {
        if now - begin >= Self.window { (begin, count) = (now, 0) }
        count += 1
        guard count >= Self.alarm, now >= quietUntil else { return false }
        quietUntil = now + Self.pause
        return true
    }
}
