package import BurrowBase

/// How long to wait before the next attempt: doubling from a first pause up to a longest one, of which a random part is
/// taken so that the clients of a restarted relay do not all come at once.
package struct Backoff {
    private let first: Interval
    private let longest: Interval
    private var attempt = 0

    package init(first: Interval, longest: Interval) {
        self.first = max(first, .milliseconds(1))
        self.longest = max(longest, first)
    }

    package mutating func next(_ random: inout some RandomNumberGenerator) -> Interval {
        let doublings = min(attempt, 30)
        attempt += 1
        let (grown, overflow) = first.microseconds.multipliedReportingOverflow(by: 1 << Int64(doublings))
        let ceiling = overflow ? longest.microseconds : min(grown, longest.microseconds)
        // Between a half and all of it: never at once, and never in step.
        return .microseconds(Int64.random(in: ceiling / 2...ceiling, using: &random))
    }

    package mutating func reset() {
        attempt = 0
    }
}
