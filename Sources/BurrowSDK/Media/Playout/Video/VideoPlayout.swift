package import BurrowBase

/// Decoded pictures of one participant, each shown when the sound that belongs to it is heard.
///
/// Of the pictures that are due only the newest is shown. Pictures that another due one follows are let go as soon as
/// that is there, so a host that never asks costs no more than what is not due yet.
package struct VideoPlayout<Picture> {
    private struct Entry {
        var timestamp: Int64
        var picture: Picture
    }

    /// Pictures are large.
    package static var capacity: Int { 32 }
    /// A timestamp so far back belongs to a new timeline.
    private static var farBack: Int64 { 1_000_000 }

    private let clock: PlayoutClock
    private var entries = FIFO<Entry>()
    private var newest: Int64?
    private var lateness = VideoLateness()
    private var skews = SkewHistogram()
    private var freezes = FreezeDetector()
    private var catchUp = CatchUp()
    /// The last picture before the sender stopped.
    private var pausedAfter: Int64?
    private var counters = VideoPlayoutStatistics()

    package init(clock: PlayoutClock) {
        self.clock = clock
    }

    /// Takes a picture that the decoder has just made.
    package mutating func insert(_ picture: Picture, timestamp: Int64, now: Instant) {
        counters.picturesReceived += 1
        clock.advance(to: now)
        if let newest, timestamp <= newest {
            guard newest.subtractingSaturating(timestamp) > Self.farBack else {
                counters.picturesSkipped += 1
                return
            }
            counters.picturesSkipped += entries.count
            entries.removeAll()
        }
        newest = timestamp
        catchUp.inserted(timestamp: timestamp, now: now)
        if let due = clock.localTime(of: timestamp) {
            lateness.observe(now - due, at: now, clock: clock)
            skip(all: due <= now, now: now)
        }
        if entries.count == Self.capacity, entries.popFirst() != nil { counters.picturesOverflowed += 1 }
        entries.append(Entry(timestamp: timestamp, picture: picture))
    }

    /// The newest picture that is due and was not taken yet; nil when the one shown stays. It will be seen `ahead`
    /// after `now`.
    package mutating func take(now: Instant, ahead: Interval = .zero) -> (picture: Picture, timestamp: Int64)?
    {
        clock.advance(to: now)
        let seen = now + ahead
        guard now >= catchUp.end else { return nil }
        skip(all: false, now: seen)
        guard let entry = entries.first, let due = clock.localTime(of: entry.timestamp), due <= seen else {
            lateness.nothing(at: now, clock: clock)
            return nil
        }
        _ = entries.popFirst()
        counters.picturesShown += 1
        if let last = pausedAfter, !isBefore(entry.timestamp, last) {
            pausedAfter = nil
            freezes.paused()
        }
        freezes.shown(at: now)
        if clock.isShared(at: now) {
            counters.skew = seen - due
            skews.add(counters.skew.microseconds)
        }
        return (entry.picture, entry.timestamp)
    }

    /// When there will be something to take; nil when nothing waits.
    package func nextDue() -> Instant? {
        entries.first.flatMap { clock.localTime(of: $0.timestamp) }.map { max($0, catchUp.end) }
    }

    /// Pictures are about to come, perhaps again, and the first of them may be old.
    package mutating func begins() {
        catchUp = CatchUp(isAwaited: true)
    }

    /// The sender stopped its camera: the time until the next picture that comes is no freeze.
    package mutating func paused() {
        guard let newest else { return freezes.paused() }
        pausedAfter = newest
    }

    /// Whether a picture came before the last one of a time, or is that; far back there was another timeline.
    private func isBefore(_ timestamp: Int64, _ last: Int64) -> Bool {
        timestamp <= last && last.subtractingSaturating(timestamp) <= Self.farBack
    }

    /// Nobody wants to see these pictures any more; others may follow.
    package mutating func clear() {
        while entries.popFirst() != nil { counters.picturesSkipped += 1 }
        freezes.paused()
        pausedAfter = nil
        lateness = VideoLateness()
        clock.videoBegins()
        begins()
    }

    /// How much too late a picture of this time would be; negative when it is early.
    package func lateness(of timestamp: Int64, now: Instant) -> Interval {
        clock.localTime(of: timestamp).map { now - $0 } ?? .zero
    }

    package var statistics: VideoPlayoutStatistics {
        var result = counters
        result.freezes = freezes.count
        result.frozen = freezes.total
        result.skewPercentile95 = .microseconds(skews.quantile(0.95))
        result.raise = clock.raise
        result.waiting = entries.count
        return result
    }

    /// Lets go of due pictures that another due one follows; of all that are due when a due one is about to be added.
    private mutating func skip(all: Bool, now: Instant) {
        while let first = entries.first, isDue(first, now) {
            let next = entries.second
            guard all || next.map({ isDue($0, now) }) == true else { return }
            _ = entries.popFirst()
            counters.picturesSkipped += 1
        }
    }

    private func isDue(_ entry: Entry, _ now: Instant) -> Bool {
        guard let due = clock.localTime(of: entry.timestamp) else { return false }
        return due <= now
    }
}
