/// How much memory the groups of all tracks may take.
package final class CacheBudget {
    package var limit = 512 * 1024 * 1024
    /// How far beyond it the newest groups may go, which are given up last because nobody can do without them.
    package var overdraft = 64 * 1024 * 1024
    package fileprivate(set) var bytes = 0
    /// How much more memory than twice these bytes the blocks may take that hold them. Beyond that, what comes is copied
    /// into memory of its own size. Blocks that wait to be used again are among them.
    package var slack = 128 * 1024 * 1024
    /// Accounts with anything in them.
    fileprivate var holders = 0

    func isThin(_ blockBytes: Int) -> Bool { blockBytes - slack > 2 * bytes }

    var isOver: Bool { bytes > limit }
    var isOverdrawn: Bool { bytes > limit + overdraft }
}

/// What one source of tracks, a session or a host's room, keeps in memory. When there is too much of it altogether,
/// whoever has more than an equal share gives up groups, and nobody else.
package final class CacheAccount {
    private let budget: CacheBudget
    private(set) var bytes = 0
    /// Those among them that have left their tracks.
    var lingeringBytes = 0

    init(_ budget: CacheBudget) {
        self.budget = budget
    }

    deinit {
        add(-bytes)
    }

    func add(_ change: Int) {
        if bytes > 0 { budget.holders -= 1 }
        bytes += change
        budget.bytes += change
        if bytes > 0 { budget.holders += 1 }
    }

    /// Whether older groups have to go.
    var isOver: Bool { budget.isOver && hasMoreThanItsShare }

    /// Whether even newest groups have to go.
    var isOverdrawn: Bool { budget.isOverdrawn && hasMoreThanItsShare }

    private var hasMoreThanItsShare: Bool { bytes > budget.limit / max(budget.holders, 1) }
}
