package import BurrowBase
package import BurrowCrypto
package import BurrowMLS
package import BurrowNostr

/// A group of version C as one device sees it: an MLS group, and what Marmot adds to it.
///
/// A value that a client owns. Calls that throw have changed nothing; input of others never throws, it ends as a notice.
package struct MarmotGroup {
    /// Somebody in the group, with all of their devices.
    package struct Member: Equatable, Sendable {
        package let identity: PublicKey
        package internal(set) var leaves: [UInt32]
        package let isAdmin: Bool
    }

    package let id: [UInt8]
    /// Whose device this is.
    package let identity: PublicKey
    let options: MarmotOptions
    var random = SystemRandom()

    package internal(set) var mls: Group
    /// What is stored of the MLS group and its ways back.
    var ledger = GroupLedger(prefix: [])
    package internal(set) var data: GroupData
    /// Of the last epochs, oldest first; the current one is the last.
    var keys: [EnvelopeKey]
    /// Ways back, oldest first.
    var snapshots: [Snapshot] = []
    /// Our commit that waits for a relay to take it.
    var pending: PendingCommit?
    /// Commits of ours for this epoch that no relay confirmed. They may be out there nevertheless.
    var abandoned: [PendingCommit] = []
    var held = HeldEvents()
    var seen = SeenIDs()
    /// The date of the newest event of the current epoch.
    var newest = UnixTime(0)
    /// What we sent in the last epochs, to be sent again if their commits are undone.
    var ownMessages: [OwnMessage] = []
    var media = MediaRelays()
    /// Of the members that we invited, by leaf: the slot of their key package. It stays when they make new keys.
    var slots: [UInt32: Bytes32] = [:]

    /// With it we asked to be removed; in each epoch there is a new one until we are.
    var leaving: Event?
    /// Our keys are still those of the key package that others know.
    package internal(set) var needsSelfUpdate = false
    var leavesCommitAt: Instant?
    var selfUpdateAt: Instant?
    var nextOperation: UInt64 = 1

    struct OwnMessage {
        let epoch: UInt64
        let rumor: Rumor
    }

    init(
        _ mls: Group,
        identity: PublicKey,
        data: GroupData,
        options: MarmotOptions
    ) throws(MarmotError) {
        id = mls.groupID
        self.identity = identity
        self.options = options
        self.mls = mls
        self.data = data
        keys = [try EnvelopeKey(mls)]
    }

    package var epoch: UInt64 { mls.epochNumber }
    package var ownLeaf: UInt32 { mls.ownLeaf }
    package var isActive: Bool { mls.status == .active }
    package var isAdmin: Bool { isAdmin(identity) }
    package var isLeaving: Bool { leaving != nil }
    package var hasPendingCommit: Bool { pending != nil }
    /// The MoQ relays that an admin chose, in the order of preference.
    package var mediaRelays: [String] { media.urls }
    package var moment: (epoch: UInt64, authenticator: [UInt8]) { (epoch, mls.epochAuthenticator) }

    package func isAdmin(_ key: PublicKey) -> Bool {
        data.admins.contains(key)
    }

    /// By the leaf of their first device.
    package var members: [Member] {
        var members: [Member] = []
        var positions: [PublicKey: Int] = [:]
        for (leaf, node) in mls.tree.members {
            guard let key = node.credential.nostrKey else { continue }
            if let position = positions[key] {
                members[position].leaves.append(leaf)
            } else {
                positions[key] = members.count
                members.append(Member(identity: key, leaves: [leaf], isAdmin: isAdmin(key)))
            }
        }
        return members
    }

    /// The `h` tags of events that may be for us: the group's, and those it had in the epochs that can be gone back to.
    package var nostrGroupIDs: [Bytes32] {
        var ids = [data.nostrGroupID]
        for snapshot in snapshots.reversed() where !ids.contains(snapshot.data.nostrGroupID) {
            ids.append(snapshot.data.nostrGroupID)
        }
        return ids
    }

    /// Relays need not be asked for events that are older than this; `nil` when that is not known.
    package var relevantSince: UnixTime? {
        newest > UnixTime(0) ? newest : snapshots.last?.rank.createdAt
    }

    /// Keys for calls (RFC 9420 §8.5). Labels that begin with `marmot` belong to the protocol.
    package func export(label: [UInt8], context: [UInt8], count: Int) throws(MarmotError) -> Secret {
        guard !label.starts(with: MarmotProtocol.reservedLabel) else {
            throw MarmotError(.reservedLabel, "labels that begin with \"marmot\" are the protocol's")
        }
        do { return try mls.export(label: label, context: context, count: count) } catch {
            throw MarmotError(error)
        }
    }

    /// When `timerFired` has to be called.
    package var deadline: Instant? {
        switch (leavesCommitAt, selfUpdateAt) {
        case (let a?, let b?): min(a, b)
        case (let a, let b): a ?? b
        }
    }

    func wallClock(_ now: Instant) -> UnixTime { options.wallClock(now) }

    func requireActive() throws(MarmotError) {
        guard isActive else { throw MarmotError(.groupInactive, "we are no member of the group") }
    }

    func requireAdmin() throws(MarmotError) {
        guard isAdmin else { throw MarmotError(.notAdmin, "only admins may do that") }
    }

    /// A random part of a time, so that members do not all act at once.
    mutating func part(of interval: Interval) -> Interval {
        .microseconds(Int64.random(in: 0...max(interval.microseconds, 0), using: &random))
    }
}
