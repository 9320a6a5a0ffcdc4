package import BurrowBase

/// Decides when the loop lets packets gather instead of waking for each of them, as a network card does with its
/// interrupts.
///
/// At hundreds of megabits a second a wake per frame costs more than what is done with the frame. While wakes follow one
/// another closely, half a millisecond has to pass between two; a call, or a room of fifty, stays far below that rate.
package struct WakeModeration {
    /// What passes at least between two wakes while they are moderated.
    package static let hold = Interval.microseconds(500)

    /// Wakes closer together than this, on average, are moderated, and until their average is above the other.
    private static let begins = Interval.microseconds(250)
    private static let ends = Interval.microseconds(750)

    /// A longer pause counts as this much: a few hundred wakes decide, whatever was before.
    private static let longest = Interval.milliseconds(10)

    private var last: Instant?
    private var average = longest.microseconds
    package private(set) var isActive = false

    package init() {}

    /// The loop has work again.
    package mutating func woke(at now: Instant) {
        defer { last = now }
        guard let last else { return }
        let gap = min(max(now - last, .zero), Self.longest)
        average += (gap.microseconds - average) / 64
        let limit = isActive ? Self.ends : Self.begins
        isActive = average < limit.microseconds
    }

    /// How long the loop leaves its sockets alone before it waits for them. Never longer than until the deadline.
    package func pause(now: Instant, until deadline: Instant) -> Interval {
        guard isActive, let last else { return .zero }
        return max(min(min(last + Self.hold, deadline) - now, Self.hold), .zero)
    }
}
