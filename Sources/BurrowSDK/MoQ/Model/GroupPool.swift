import BurrowBase

/// Makes groups from used ones, so that a steady stream of groups costs no allocation.
package final class GroupPool {
    private static let limit = 256
    private static let probes = 8
    /// With so many frames a group's memory is worth finding again.
    private static let many = 16
    private static let keptRoomy = 8
    /// A group with more entries in its log than this is not worth keeping for small ones.
    private static let entries = 4096

    /// Given up by their tracks; others may still hold them.
    private var retired: [Group] = []
    /// Held by nobody else, and empty: those that had few frames, and those with memory for many.
    private var unused: [Group] = []
    private var roomy: [Group] = []
    private var hand = 0
    /// How many groups were ever made: constant in steady state.
    package private(set) var groupsMade = 0

    package init() {}

    /// A group that will have about so many frames.
    func make(sequence: UInt64, frames: Int, arrival: Instant) -> Group {
        let isLong = frames >= Self.many
        if isLong ? roomy.isEmpty : unused.isEmpty { sweep() }
        // What has memory for many frames is kept for those that need it.
        let ready =
            isLong
            ? roomy.popLast() ?? unused.popLast()
            : unused.popLast() ?? (roomy.count > Self.keptRoomy ? roomy.popLast() : nil)
        let group = ready ?? fresh()
        group.reuse(sequence: sequence, arrival: arrival)
        if isLong { group.reserve(frames) }
        return group
    }

    private func fresh() -> Group {
        groupsMade += 1
        return Group()
    }

    /// Keeps a group for later. It is used again when nobody else holds it any more.
    func retire(_ group: Group) {
        // Those beyond the limit go when their last holders let go.
        if retired.count < Self.limit { retired.append(group) }
    }

    /// Empties retired groups that nobody holds any more, some at a time: what they held must not stay in memory until
    /// they are used again.
    func sweep() {
        for _ in 0..<min(Self.probes, retired.count) {
            hand = (hand + 1) % retired.count
            guard isKnownUniquelyReferenced(&retired[hand]), retired[hand].ownsLogAlone() else { continue }
            retired.swapAt(hand, retired.count - 1)
            let group = retired.removeLast()
            if unused.count + roomy.count < Self.limit, group.log.endEntry <= Self.entries {
                let hadMany = group.frames.count >= Self.many
                group.reuse(sequence: 0, arrival: group.arrival)
                if hadMany { roomy.append(group) } else { unused.append(group) }
            }
            if retired.isEmpty { return }
        }
    }
}
