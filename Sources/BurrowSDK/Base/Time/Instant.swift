/// A point on the clock all timestamps use, in microseconds. Only its owner knows where the clock starts.
package struct Instant: Hashable, Comparable, Sendable {
    package var microseconds: Int64

    package init(microseconds: Int64) {
        self.microseconds = microseconds
    }

    /// Later than any time a clock will show; the deadline of something that never happens.
    package static let distantFuture = Instant(microseconds: .max)

    package static func < (a: Instant, b: Instant) -> Bool { a.microseconds < b.microseconds }

    /// The time `interval` later. Saturates, so a deadline computed from a peer's number cannot trap.
    package static func + (a: Instant, interval: Interval) -> Instant {
        let (sum, overflow) = a.microseconds.addingReportingOverflow(interval.microseconds)
        return Instant(microseconds: overflow ? (interval.microseconds > 0 ? .max : .min) : sum)
    }

    package static func - (a: Instant, interval: Interval) -> Instant {
        let (difference, overflow) = a.microseconds.subtractingReportingOverflow(interval.microseconds)
        return Instant(microseconds: overflow ? (interval.microseconds > 0 ? .min : .max) : difference)
    }

    package static func - (a: Instant, b: Instant) -> Interval {
        let (difference, overflow) = a.microseconds.subtractingReportingOverflow(b.microseconds)
        return Interval(microseconds: overflow ? (b.microseconds > 0 ? .min : .max) : difference)
    }
}
