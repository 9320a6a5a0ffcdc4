import BurrowBase
import BurrowCrypto

/// The secrets of the epochs from which the keys of newly met broadcasts are made, the oldest first.
///
/// A secret goes when a newer one has been there for so long that everybody has changed over and what was on its way has
/// come; broadcasts that are known already keep their own keys by their own rule.
struct RoomKeys {
    private struct Entry {
        let key: RoomKey
        var expiry: Instant?
    }

    private var entries: ContiguousArray<Entry> = []
    /// When everybody has changed over to the newest one, and nothing of others is on its way.
    private(set) var settlesAt: Instant = .distantFuture

    var newest: RoomKey? { entries.last?.key }

    /// Adds the key of an epoch, which is newer than all before.
    mutating func add(_ key: RoomKey, now: Instant) {
        let expiry = now + ProtectionLimits.switchDelay + ProtectionLimits.grace
        settlesAt = expiry
        for index in entries.indices where entries[index].expiry == nil { entries[index].expiry = expiry }
        entries.removeAll { ($0.key.epoch ^ key.epoch) & ProtectionLimits.epochMask == 0 }
        while entries.count >= ProtectionLimits.epochs { entries.removeFirst() }
        if key.isRemoval {
            let latest = now + ProtectionLimits.grace
            for index in entries.indices {
                entries[index].expiry = min(entries[index].expiry ?? latest, latest)
            }
        }
        entries.append(Entry(key: key))
    }

    mutating func remove(epoch: UInt64) {
        entries.removeAll { $0.key.epoch == epoch }
    }

    /// Forgets an epoch and all after it.
    mutating func undo(from epoch: UInt64) {
        entries.removeAll { $0.key.epoch >= epoch }
        // What was on its way out because of them stays.
        if !entries.isEmpty { entries[entries.count - 1].expiry = nil }
    }

    /// When a secret is to be forgotten next.
    var deadline: Instant { entries.reduce(.distantFuture) { min($0, $1.expiry ?? .distantFuture) } }

    mutating func expire(now: Instant) {
        guard now >= deadline else { return }
        entries.removeAll { $0.expiry.map { now >= $0 } ?? false }
    }

    /// Lets an opener have all that are new to it.
    func install(into opener: BroadcastOpener) throws(CryptoError) {
        for entry in entries {
            if let newest = opener.newestEpoch, entry.key.epoch <= newest { continue }
            try entry.key.install(into: opener)
        }
    }
}

extension RoomKey {
    func install(into opener: BroadcastOpener) throws(CryptoError) {
        let epoch = epoch
        try withBaseKey(of: opener.context, opener.suite) { (key) throws(CryptoError) in
            try opener.install(epoch: epoch, baseKey: key)
        }
    }

    func install(into sealer: BroadcastSealer, isRemoval: Bool, now: Instant) throws(CryptoError) {
        let epoch = epoch
        try withBaseKey(of: sealer.context, sealer.suite) { (key) throws(CryptoError) in
            try sealer.install(epoch: epoch, baseKey: key, isRemoval: isRemoval, now: now)
        }
    }
}
