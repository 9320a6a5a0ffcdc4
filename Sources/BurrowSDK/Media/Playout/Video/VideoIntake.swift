package import BurrowBase

/// Encoded video frames on their way to the decoder.
///
/// When decoding is behind, a key frame that waits makes everything before it unnecessary. After something was left
/// out nothing is decoded until the next key frame.
package struct VideoIntake<Frame> {
    private struct Entry {
        var timestamp: Int64
        var isKey: Bool
        var frame: Frame
    }

    /// Ten seconds of 30 pictures each.
    package static var capacity: Int { 300 }
    /// How far beyond its time a frame may be before a way is looked for to skip it.
    private static var behind: Interval { .milliseconds(100) }

    private let clock: PlayoutClock
    private var entries = FIFO<Entry>()
    private var keysWaiting = 0
    private var needsKey = true
    /// Frames that were not decoded.
    package private(set) var skipped = 0

    package init(clock: PlayoutClock) {
        self.clock = clock
    }

    package var count: Int { entries.count }

    /// Whether nothing can be shown until a key frame comes.
    package var wantsKey: Bool { needsKey && keysWaiting == 0 }

    /// Takes a frame in the order of decoding.
    package mutating func insert(_ frame: Frame, timestamp: Int64, isKey: Bool, arrival: Instant) {
        clock.videoArrived(timestamp: timestamp, at: arrival)
        if needsKey, keysWaiting == 0, !isKey {
            skipped += 1
            return
        }
        if entries.count == Self.capacity { dropAll() }
        if needsKey, keysWaiting == 0, !isKey {
            skipped += 1
            return
        }
        if isKey { keysWaiting += 1 }
        entries.append(Entry(timestamp: timestamp, isKey: isKey, frame: frame))
    }

    /// What is to be decoded next.
    package mutating func next(now: Instant) -> (frame: Frame, timestamp: Int64, isKey: Bool)? {
        clock.advance(to: now)
        if let first = entries.first, let due = clock.localTime(of: first.timestamp), now - due > Self.behind
        {
            // The last key frame that waits is the one with the least to decode after it.
            while let first = entries.first, keysWaiting > (first.isKey ? 1 : 0) { drop() }
        }
        while needsKey, let first = entries.first, !first.isKey { drop() }
        guard let entry = entries.popFirst() else { return nil }
        if entry.isKey { keysWaiting -= 1 }
        needsKey = false
        return (entry.frame, entry.timestamp, entry.isKey)
    }

    /// Frames are missing, or the decoder failed: only a key frame helps.
    package mutating func lost() {
        needsKey = true
        while keysWaiting > 0, let first = entries.first, !first.isKey { drop() }
        if keysWaiting == 0 { dropAll() }
    }

    private mutating func drop() {
        guard let entry = entries.popFirst() else { return }
        if entry.isKey { keysWaiting -= 1 }
        skipped += 1
    }

    private mutating func dropAll() {
        skipped += entries.count
        entries.removeAll()
        keysWaiting = 0
        needsKey = true
    }
}
