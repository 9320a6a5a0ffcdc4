/// A length of time in microseconds; negative when it points back.
package struct Interval: Hashable, Comparable, Sendable {
    package var microseconds: Int64

    package init(microseconds: Int64) {
        self.microseconds = microseconds
    }

    package static let zero = Interval(microseconds: 0)

    package static func microseconds(_ n: Int64) -> Interval { Interval(microseconds: n) }

    /// Saturates, because milliseconds arrive from hosts and peers.
    package static func milliseconds(_ n: Int64) -> Interval {
        let (product, overflow) = n.multipliedReportingOverflow(by: 1000)
        return Interval(microseconds: overflow ? (n > 0 ? .max : .min) : product)
    }

    package static func seconds(_ n: Int64) -> Interval {
        let (product, overflow) = n.multipliedReportingOverflow(by: 1_000_000)
        return Interval(microseconds: overflow ? (n > 0 ? .max : .min) : product)
    }

    package var milliseconds: Int64 { microseconds / 1000 }

    /// Saturates instead of overflowing.
    package static func + (a: Interval, b: Interval) -> Interval {
        let (sum, overflow) = a.microseconds.addingReportingOverflow(b.microseconds)
        return Interval(microseconds: overflow ? (a.microseconds < 0 ? .min : .max) : sum)
    }

    package static func - (a: Interval, b: Interval) -> Interval {
        let (difference, overflow) = a.microseconds.subtractingReportingOverflow(b.microseconds)
        return Interval(microseconds: overflow ? (b.microseconds > 0 ? .min : .max) : difference)
    }

    package static func < (a: Interval, b: Interval) -> Bool { a.microseconds < b.microseconds }
}
