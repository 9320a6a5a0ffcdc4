internal import BurrowBase

/// Broadcasts in a room of a group that are no member's. They are told of when they have been there for a moment: who has
/// just joined may be quicker than the news of it.
struct Strangers {
    private enum State {
        case seen(until: Instant)
        case told
    }

    static let patience = Interval.milliseconds(500)

    /// By path.
    private var states = Ordered<String, State>()
    private(set) var deadline: Instant = .distantFuture

    mutating func add(_ path: String, now: Instant) {
        guard states[path] == nil else { return }
        states[path] = .seen(until: now + Self.patience)
        deadline = min(deadline, now + Self.patience)
    }

    /// It is gone, or a member's. True when it was told of.
    @discardableResult
    mutating func remove(_ path: String) -> Bool {
        if case .told? = states.remove(path) { return true }
        return false
    }

    /// Calls `tell` with those it is time to tell of.
    mutating func tick(now: Instant, _ tell: (String) -> Void) {
        guard now >= deadline else { return }
        deadline = .distantFuture
        for path in states.keys {
            guard case .seen(let until)? = states[path] else { continue }
            if now >= until {
                states[path] = .told
                tell(path)
            } else {
                deadline = min(deadline, until)
            }
        }
    }
}
