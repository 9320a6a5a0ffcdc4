import BurrowBase

/// Holds back the pictures of a group that began before anybody looked.
///
/// Whoever begins to look, or looks again, gets such a group from its beginning, faster than time passes. Only the last
/// of it is of now, and the others would flash by.
struct CatchUp {
    /// After a picture that may be old there is time for the next to come.
    private static let pause = Interval.milliseconds(40)
    /// Something old is better than nothing, where pictures take so long.
    private static let longest = Interval.milliseconds(500)
    /// Pictures that come by this much faster than time passes are old ones.
    private static let slack: Int64 = 8_000

    /// Nothing is shown before then.
    private(set) var end = Instant(microseconds: .min)
    private var isAwaited: Bool
    private var last: (timestamp: Int64, at: Instant)?
    private var latest: Instant = .distantFuture

    init(isAwaited: Bool = false) {
        self.isAwaited = isAwaited
    }

    /// A picture was decoded.
    mutating func inserted(timestamp: Int64, now: Instant) {
        guard isAwaited else { return }
        defer { last = (timestamp, now) }
        guard let last else {
            latest = now + Self.longest
            end = now + Self.pause
            return
        }
        guard now < end else {
            isAwaited = false
            return
        }
        let ahead = timestamp.subtractingSaturating(last.timestamp)
        guard ahead.subtractingSaturating((now - last.at).microseconds) > Self.slack else { return }
        end = min(now + Self.pause, latest)
    }
}
