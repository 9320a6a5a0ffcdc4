package import BurrowBase

/// Seconds since 1970, the time of events. Arithmetic saturates, because peers choose the numbers.
package struct UnixTime: Hashable, Comparable, Sendable {
    package let seconds: Int64

    package init(_ seconds: Int64) {
        self.seconds = seconds
    }

    /// The wall clock's time at an instant: `offset` is what the wall clock is ahead, in microseconds.
    package init(_ now: Instant, offset: Int64) {
        let (microseconds, overflow) = now.microseconds.addingReportingOverflow(offset)
        seconds = overflow ? .max : microseconds / 1_000_000
    }

    package static func < (a: UnixTime, b: UnixTime) -> Bool { a.seconds < b.seconds }

    package static func + (a: UnixTime, seconds: Int64) -> UnixTime {
        let (sum, overflow) = a.seconds.addingReportingOverflow(seconds)
        return UnixTime(overflow ? (seconds > 0 ? .max : .min) : sum)
    }

    package static func - (a: UnixTime, seconds: Int64) -> UnixTime {
        let (difference, overflow) = a.seconds.subtractingReportingOverflow(seconds)
        return UnixTime(overflow ? (seconds > 0 ? .min : .max) : difference)
    }

    /// Seconds from `b` to `a`; negative when `a` is earlier.
    package static func - (a: UnixTime, b: UnixTime) -> Int64 {
        let (difference, overflow) = a.seconds.subtractingReportingOverflow(b.seconds)
        return overflow ? (a.seconds > b.seconds ? .max : .min) : difference
    }
}
