package import BurrowBase

/// A clock that moves only when told to.
package struct VirtualClock: Sendable {
    package private(set) var now: Instant
    private let start: Instant
    private let startUnixSeconds: Int64

    package init(start: Instant = Instant(microseconds: 1_000_000), unixSeconds: Int64 = 1_800_000_000) {
        now = start
        self.start = start
        startUnixSeconds = unixSeconds
    }

    /// The time of day that belongs to `now`.
    package var unixSeconds: Int64 {
        startUnixSeconds + (now - start).microseconds / 1_000_000
    }

    package mutating func advance(to time: Instant) {
        precondition(time >= now, "a virtual clock does not run backwards")
        now = time
    }
}
