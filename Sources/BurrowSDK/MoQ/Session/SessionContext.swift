package import BurrowBase

/// What all sessions of one node share.
package final class SessionContext {
    package let allocator: SliceAllocator
    package let pool = GroupPool()
    let lingering = LingeringGroups()
    private var checksLingering = false
    package let updates = TrackUpdates()
    let announcements = AnnounceUpdates()
    let timers = TimerQueue()
    package let cache = CacheBudget()
    /// The time of the present turn of the loop.
    package var now = Instant(microseconds: 0)
    /// Microseconds since 1970 when the node's clock showed zero.
    package let unixOffset: Int64

    package init(allocator: SliceAllocator, unixOffset: Int64) {
        self.allocator = allocator
        self.unixOffset = unixOffset
    }

    /// Looks whether the blocks hold too little of what is worth keeping.
    func spare() {
        allocator.isSparing = cache.isThin(allocator.blockBytes)
    }

    /// Keeps count of a group that left its track and is still being sent.
    func linger(_ group: Group, _ account: CacheAccount, _ track: Track) {
        lingering.add(group, account, track, now: now)
        guard !checksLingering else { return }
        checksLingering = true
        timers.set(now + .seconds(1)) { [weak self] in self?.checkLingering() }
    }

    private func checkLingering() {
        checksLingering = false
        lingering.check(pool, now: now)
        guard !lingering.isEmpty else { return }
        checksLingering = true
        timers.set(now + .seconds(1)) { [weak self] in self?.checkLingering() }
    }

    /// Seconds since 1970.
    func unixSeconds(_ now: Instant) -> Int64 {
        let (unix, overflow) = now.microseconds.addingReportingOverflow(unixOffset)
        return overflow ? .max : unix / 1_000_000
    }

    /// The timestamp of something that carries none: milliseconds since 2020, as upstream relays stamp arrivals.
    func arrivalStamp(_ now: Instant) -> Int64 {
        let (unix, overflow) = now.microseconds.addingReportingOverflow(unixOffset)
        return overflow ? 0 : (unix - 1_577_836_800_000_000) / 1000
    }
}
