package import BurrowBase
package import BurrowCrypto
package import BurrowNostr

/// Keys that come from a group, and who may use them.
extension RoomProtection {
    /// How many epochs are remembered, to see when the group went back behind one.
    private static let historyLimit = 16

    /// Follows the group to where it is now. False when nothing is new.
    package func follow(_ moment: GroupMoment, now: Instant) throws(CryptoError) -> Bool {
        if let revision, moment.revision <= revision { return false }
        revision = moment.revision
        roster?.members = moment.members ?? []
        // Whoever was removed gets no key of the epoch that begins with that.
        sortBroadcasts(now)
        if moment.members == nil {
            removeAllKeys()
            history.removeAll()
        } else {
            try take(moment.keys, now: now)
        }
        deadline = now
        return true
    }

    /// Takes those keys that are new. What we seal is for the newest epoch, and nobody needs it in one before.
    private func take(_ latest: [RoomKey], now: Instant) throws(CryptoError) {
        let last = latest.last?.epoch ?? 0
        let undone = history.filter { (epoch, number) in
            epoch > last || latest.contains { $0.epoch == epoch && $0.number != number }
        }
        if let first = undone.map(\.epoch).min() {
            undo(from: first)
            history.removeAll { $0.epoch >= first }
        }
        let newest = history.last?.epoch
        let fresh = latest.filter { (key) in newest.map { key.epoch > $0 } ?? true }
        for key in fresh {
            history.append((key.epoch, key.number))
            try installForOpening(key, now: now)
        }
        if history.count > Self.historyLimit { history.removeFirst(history.count - Self.historyLimit) }
        guard let sealer, let key = fresh.last else { return }
        try key.install(into: sealer, isRemoval: fresh.contains { $0.isRemoval }, now: now)
    }

    // MARK: Members

    func isMember(_ path: String) -> Bool {
        roster.map { $0.member(at: path) != nil } ?? true
    }

    /// The member whose broadcast is at a path, in a room of a group.
    package func member(at path: String) -> PublicKey? { roster?.member(at: path) }

    /// The bytes of the member's public key.
    func memberKey(at path: String) -> [UInt8]? { member(at: path)?.bytes }

    /// Somebody announces a broadcast.
    package func announced(_ path: String, now: Instant) {
        guard !isMember(path) else { return }
        strangers.add(path, now: now)
        deadline = min(deadline, strangers.deadline)
    }

    package func unannounced(_ path: String) {
        strangers.remove(path)
    }

    /// Looks again at which broadcasts are members'.
    private func sortBroadcasts(_ now: Instant) {
        for path in broadcasts.keys {
            guard let broadcast = broadcasts[path] else { continue }
            let isMember = isMember(path)
            guard isMember != broadcast.isMember else { continue }
            broadcast.isMember = isMember
            if isMember {
                try? broadcast.take(keys, now: now)
            } else {
                broadcast.forgetKeys()
            }
        }
    }

    /// The same for those that are announced.
    package func sortAnnounced(_ paths: [String], now: Instant) {
        for path in paths {
            if !isMember(path) {
                announced(path, now: now)
            } else if strangers.remove(path) {
                news.append(.member(path: path))
            }
        }
    }
}
