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

    var newest: RoomKey? { entries.last?.key }

    /// Adds the key of an epoch, which is newer than all before.
    mutating func add(_ key: RoomKey, now: Instant) {
        let expiry = now + ProtectionLimits.switchDelay + ProtectionLimits.grace
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

    /// When a secret is to be forgotten next.
    var deadline: Instant { entries.reduce(.distantFuture) { min($0, $1.expiry ?? .distantFuture) } }

    mutating func expire(now: Instant) {
        guard now >= deadline else { return }
        entries.removeAll { $0.expiry.map { now >= $0 } ?? false }
    }

    /// Lets an opener have all there are.
    func install(into opener: BroadcastOpener) throws(CryptoError) {
        for entry in entries { try entry.key.install(into: opener) }
    }
}

extension RoomKey {
    func install(into opener: BroadcastOpener) throws(CryptoError) {
        let epoch = epoch
        try secret.withBytes { (secret) throws(CryptoError) in
            try opener.install(epoch: epoch, hostSecret: secret)
        }
    }

    func install(into sealer: BroadcastSealer, now: Instant) throws(CryptoError) {
        let (epoch, isRemoval) = (epoch, isRemoval)
        try secret.withBytes { (secret) throws(CryptoError) in
            try sealer.install(epoch: epoch, hostSecret: secret, isRemoval: isRemoval, now: now)
        }
    }
}
