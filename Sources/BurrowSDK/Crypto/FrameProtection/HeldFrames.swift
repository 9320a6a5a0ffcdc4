package import BurrowBase

/// Frames of one track that came before their key, kept for a moment: half a second, 64 frames, 4 MiB.
///
/// The owner puts in what was dropped for `unknownEpoch`, takes everything out again when an epoch was installed, and opens
/// it then.
package struct HeldFrames<Frame> {
    private static var longestWait: Interval { .milliseconds(500) }
    private static var frameLimit: Int { 64 }
    private static var byteLimit: Int { 4 << 20 }

    private struct Entry {
        let frame: Frame
        let byteCount: Int
        let deadline: Instant
    }

    private var entries: [Entry] = []
    private var byteCount = 0
    /// How many frames were given up.
    package private(set) var dropped: UInt64 = 0

    package init() {}

    package var count: Int { entries.count }

    /// When the oldest frame is given up.
    package var deadline: Instant? { entries.first?.deadline }

    /// Keeps a frame; the oldest ones make room for it.
    package mutating func hold(_ frame: Frame, byteCount: Int, now: Instant) {
        expire(now: now)
        guard byteCount >= 0, byteCount <= Self.byteLimit else {
            dropped &+= 1
            return
        }
        while entries.count >= Self.frameLimit || self.byteCount > Self.byteLimit - byteCount {
            removeFirst()
        }
        entries.append(Entry(frame: frame, byteCount: byteCount, deadline: now + Self.longestWait))
        self.byteCount += byteCount
    }

    /// Gives up what waited for too long.
    package mutating func expire(now: Instant) {
        while let first = entries.first, now >= first.deadline { removeFirst() }
    }

    /// All that wait, in the order in which they came. Those whose key is still missing may be held again, and count anew.
    package mutating func takeAll() -> [Frame] {
        defer {
            entries.removeAll(keepingCapacity: true)
            byteCount = 0
        }
        return entries.map(\.frame)
    }

    private mutating func removeFirst() {
        guard !entries.isEmpty else { return }
        byteCount -= entries.removeFirst().byteCount
        dropped &+= 1
    }
}
