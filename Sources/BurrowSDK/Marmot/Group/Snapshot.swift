internal import BurrowMLS
internal import BurrowNostr

/// A group before a commit, and the commit it was left by.
struct Snapshot {
    var mls: Group
    let data: GroupData
    /// The commit that was taken.
    var rank: CommitRank
    /// The hash of its message, which may come again in another event.
    let message: [UInt8]
    /// The date of the newest event of the epoch.
    var newest: UnixTime
    let endedAt: UnixTime
    /// Commits of ours for this epoch that no relay confirmed.
    var abandoned: [PendingCommit]
    let slots: [UInt32: Bytes32]

    var epoch: UInt64 { mls.epochNumber }
}

/// A commit of ours on its way.
struct PendingCommit {
    let event: Event
    /// The message inside of the event.
    let message: [UInt8]
    let staged: StagedCommit
    let data: GroupData
    let welcomes: [OutgoingWelcome]
    /// `nil` when nobody asked for it.
    let operation: UInt64?
    /// Of those it adds, by their leaf.
    var slots: [UInt32: Bytes32] = [:]

    var rank: CommitRank { CommitRank(createdAt: event.createdAt, id: event.id) }
}

/// An invitation that goes out once its commit counts.
struct OutgoingWelcome {
    let rumor: Rumor
    let recipient: PublicKey
    let relays: [String]

    var send: MarmotSend { .wrap(rumor, to: recipient, relays: relays) }
}
