import BurrowBase

/// Makes groups from used ones, so that a steady stream of groups costs no allocation.
package final class GroupPool {
    private static let limit = 256
    private static let probes = 4

    private var retired: [Group] = []
    private var hand = 0
    /// How many groups were ever made: constant in steady state.
    private(set) var groupsMade = 0

    package init() {}

    func make(sequence: UInt64, arrival: Instant) -> Group {
        let group = takeUnused() ?? fresh()
        group.reuse(sequence: sequence, arrival: arrival)
        return group
    }

    private func fresh() -> Group {
        groupsMade += 1
        return Group()
    }

    /// Keeps a group for later. Others may still hold it; it is used again when they no longer do.
    func retire(_ group: Group) {
        if retired.count < Self.limit {
            retired.append(group)
        } else {
            hand = (hand + 1) % retired.count
            retired[hand] = group
        }
    }

    private func takeUnused() -> Group? {
        for _ in 0..<min(Self.probes, retired.count) {
            hand = (hand + 1) % retired.count
            if isKnownUniquelyReferenced(&retired[hand]) && retired[hand].ownsLogAlone() {
                let last = retired.count - 1
                retired.swapAt(hand, last)
                return retired.removeLast()
            }
        }
        return nil
    }
}
