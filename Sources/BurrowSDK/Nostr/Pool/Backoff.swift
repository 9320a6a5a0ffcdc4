package import BurrowBase

/// Pauses that double up to a limit, each shortened by chance, so that clients of a relay that was away do not come
/// back all at once.
package struct Backoff: Sendable {
    package struct Range: Sendable {
        package var first: Interval
        package var last: Interval

        package init(first: Interval, last: Interval) {
            self.first = first
            self.last = last
        }
    }

    private let range: Range
    private var pause: Interval?

    package init(_ range: Range) {
        self.range = range
    }

    /// The next pause: between half of its length and all of it. With a limit those behind it go on from there.
    package mutating func next(
        _ random: inout some RandomNumberGenerator,
        limit: Interval? = nil
    ) -> Interval {
        var length = max(pause ?? range.first, Interval(microseconds: 2))
        if let limit { length = min(length, max(limit, Interval(microseconds: 2))) }
        pause = min(length + length, range.last)
        return Interval(
            microseconds: Int64.random(in: (length.microseconds / 2)...length.microseconds, using: &random)
        )
    }

    package mutating func reset() {
        pause = nil
    }
}

extension Interval {
    fileprivate static func + (a: Interval, b: Interval) -> Interval {
        let (sum, overflow) = a.microseconds.addingReportingOverflow(b.microseconds)
        return Interval(microseconds: overflow ? .max : sum)
    }
}
