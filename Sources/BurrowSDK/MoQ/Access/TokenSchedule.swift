package import BurrowBase

/// When a token is asked for again: at 80 % of its life, and after a failure more and more slowly as long as it is good.
package struct TokenSchedule: Sendable {
    /// What is believed of a lifetime; longer ones are asked for again after this.
    private static let longestLife: Int64 = 365 * 86_400
    private static let firstPause = Interval.seconds(1)
    private static let longestPause = Interval.seconds(60)

    /// Until when the token is good, on our clock.
    private var end: Instant?
    private var pause = firstPause

    package init() {}

    /// A token came. When to ask for the next; `nil` when this one stays good.
    package mutating func received(
        _ token: IssuedToken,
        now: Instant,
        unixSeconds: Int64
    ) throws(AccessError) -> Instant? {
        pause = Self.firstPause
        guard let expires = token.expires else {
            end = nil
            return nil
        }
        // The service's own clock decides when it says what that shows: ours may be wrong.
        let beginning = token.issued ?? unixSeconds
        guard expires > beginning else { throw AccessError(.expired, "token came expired") }
        let (life, isTooLong) = expires.subtractingReportingOverflow(beginning)
        let seconds = isTooLong ? Self.longestLife : min(life, Self.longestLife)
        end = now + .seconds(seconds)
        return now + .milliseconds(seconds * 800)
    }

    /// Asking for another failed. When to try again; `nil` when the token will be over by then.
    package mutating func failed(now: Instant) -> Instant? {
        guard let end else { return nil }
        let next = now + pause
        pause = min(pause + pause, Self.longestPause)
        return next < end ? next : nil
    }
}
