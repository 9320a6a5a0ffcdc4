package import BurrowBase

/// What all sessions of one node share.
package final class SessionContext {
    /// This process among the hops of an announcement (reference §4): random, non-zero, below 2^53.
    package let hopID: UInt64
    let allocator: SliceAllocator
    let pool = GroupPool()
    let updates = TrackUpdates()
    /// Microseconds since 1970 when the node's clock showed zero.
    package let unixOffset: Int64

    package init(hopID: UInt64, allocator: SliceAllocator, unixOffset: Int64) {
        self.hopID = hopID
        self.allocator = allocator
        self.unixOffset = unixOffset
    }

    /// The timestamp of something that carries none: milliseconds since 2020, as upstream relays stamp arrivals.
    func arrivalStamp(_ now: Instant) -> Int64 {
        let (unix, overflow) = now.microseconds.addingReportingOverflow(unixOffset)
        return overflow ? 0 : (unix - 1_577_836_800_000_000) / 1000
    }
}
