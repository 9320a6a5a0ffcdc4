import BurrowBase
import BurrowNostr

/// What an identity's groups need of a key that is elsewhere, in a line: a few at a time, and what we do ourselves before
/// what others want of us.
struct KeyLine {
    enum Item {
        case draft(UInt64)
        /// A wrap that may hold an invitation.
        case wrap(Event, attempt: Int)
    }

    /// Asked at the same time.
    private static let width = 8
    /// How often a host is asked about a wrap before it is given up.
    static let wrapAttempts = 3
    /// Wraps that wait for a host that does not answer.
    private static let unansweredWraps = 1024

    private var drafts = FIFO<UInt64>()
    private var wraps = FIFO<(event: Event, attempt: Int)>()
    private var running = 0
    /// Whether the host has answered what it was asked last.
    private var isAnswered = true

    /// Wraps for which relays have to wait.
    var backlog: Int { isAnswered ? wraps.count : 0 }

    mutating func append(_ draft: UInt64) {
        drafts.append(draft)
    }

    /// Returns the wrap that is given up for it.
    mutating func append(_ event: Event, attempt: Int = 1) -> Event? {
        wraps.append((event, attempt))
        guard !isAnswered, wraps.count > Self.unansweredWraps else { return nil }
        return wraps.popFirst()?.event
    }

    /// What to ask for now.
    mutating func next() -> Item? {
        guard running < Self.width else { return nil }
        if let draft = drafts.popFirst() {
            running += 1
            return .draft(draft)
        }
        guard let (event, attempt) = wraps.popFirst() else { return nil }
        running += 1
        return .wrap(event, attempt: attempt)
    }

    /// Something that was asked is over.
    mutating func ended(isAnswered: Bool) {
        running = max(0, running - 1)
        self.isAnswered = isAnswered
    }
}
