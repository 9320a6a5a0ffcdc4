import BurrowBase

/// Groups that left their tracks by age while somebody still sends them. They are memory all the same, and whoever they
/// came from answers for it until they are gone.
final class LingeringGroups {
    private struct Entry {
        var group: Group
        let account: CacheAccount
        weak var track: Track?
        let since: Instant
    }

    private var entries: ContiguousArray<Entry> = []
    private var hand = 0
    private static let probes = 8

    var isEmpty: Bool { entries.isEmpty }

    func add(_ group: Group, _ account: CacheAccount, _ track: Track, now: Instant) {
        entries.append(Entry(group: group, account: account, track: track, since: now))
        account.lingeringBytes += group.countedBytes
    }

    /// Gives some back that nobody holds any more.
    func sweep(_ pool: GroupPool) {
        for _ in 0..<min(Self.probes, entries.count) {
            hand = (hand + 1) % entries.count
            if isFree(hand) { release(hand, pool) }
            if entries.isEmpty { return }
        }
    }

    /// Looks at all of them. Whoever has been sending one for long is asked whether that is still worth while, because
    /// nothing else asks when the track has come to rest.
    func check(_ pool: GroupPool, now: Instant) {
        var index = 0
        var last: Track?
        while index < entries.count {
            if isFree(index) {
                release(index, pool)
                continue
            }
            let isOld = now - entries[index].since > TrackLimits.retention
            if isOld, let track = entries[index].track, track !== last {
                track.recheck()
                last = track
            }
            index += 1
        }
    }

    /// Gives up all of one account's.
    func revoke(_ account: CacheAccount, _ pool: GroupPool) {
        guard account.lingeringBytes > 0 else { return }
        var index = 0
        while index < entries.count {
            guard entries[index].account === account else {
                index += 1
                continue
            }
            let entry = entries[index]
            release(index, pool)
            entry.group.revoke(.deliveryTimeout)
            entry.track?.note(entry.group)
        }
    }

    private func isFree(_ index: Int) -> Bool {
        isKnownUniquelyReferenced(&entries[index].group) && entries[index].group.ownsLogAlone()
    }

    private func release(_ index: Int, _ pool: GroupPool) {
        entries.swapAt(index, entries.count - 1)
        let entry = entries.removeLast()
        entry.account.lingeringBytes -= entry.group.countedBytes
        entry.account.add(-entry.group.countedBytes)
        pool.retire(entry.group)
    }
}
