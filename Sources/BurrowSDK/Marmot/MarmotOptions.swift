package import BurrowBase
package import BurrowMLS
internal import BurrowNostr

/// What a client does by itself and how.
package struct MarmotOptions: Sendable {
    /// By how much the wall clock is ahead of the clock of `now`, in microseconds.
    package var wallClockOffset: Int64 = 0
    /// Named in `client` tags; none when empty.
    package var client = "burrow"
    /// Whether records are made for storing. Without a store they would be work for nothing.
    package var storesState = true
    /// Whether key packages of others may be valid for more than a year.
    package var acceptsLongLifetimes = true
    /// Somebody's leave is committed after a random part of this time, so that not everybody does it at once.
    package var leaveDelay = Interval.seconds(3)
    package var adminLeaveDelay = Interval.seconds(1)
    /// After joining, new keys are made after a random part of this time; `nil` leaves it to the host.
    package var selfUpdateDelay: Interval? = .seconds(10)
    /// New keys are made again after this time; `nil` leaves it to the host.
    package var selfUpdateInterval: Interval? = .seconds(7 * 86_400)
    package var padding = PaddingPolicy.standard

    package init() {}

    var policy: GroupPolicy {
        var policy = GroupPolicy()
        // Who may commit what is decided here, and waiting for it would stop conversations.
        policy.sendsBeforeCommitting = true
        policy.pastEpochs = MarmotLimits.pastEpochs
        policy.pastEpochSeconds = UInt64(MarmotLimits.pastEpochSeconds)
        policy.longestLifetime = acceptsLongLifetimes ? nil : MarmotLimits.longestLifetime
        policy.padding = padding
        return policy
    }

    func wallClock(_ now: Instant) -> UnixTime {
        UnixTime(now, offset: wallClockOffset)
    }
}

extension UnixTime {
    /// The same for MLS, whose times have no sign.
    var unsigned: UInt64 { UInt64(clamping: seconds) }
}
