internal import BurrowBase
internal import BurrowCrypto
internal import BurrowMLS
internal import BurrowNostr

/// From one epoch to the next, and back when another commit comes first (MIP-03).
extension MarmotGroup {
    /// Somebody's commit for the current epoch.
    mutating func takeCommit(
        _ bytes: [UInt8],
        _ event: GroupEvent,
        _ now: Instant,
        _ step: inout MarmotStep
    ) throws(MarmotError) -> Outcome {
        if let own = pending {
            // In an event of somebody else it counts as well, for everybody who sees that one.
            if own.message == bytes {
                try confirm(now, rank: min(own.rank, event.rank), &step)
                return .newEpoch
            }
            guard event.rank < own.rank else {
                return .hold(MarmotError(.lostRace, "another commit of this epoch came first"))
            }
        }
        if let index = abandoned.firstIndex(where: { $0.message == bytes }) {
            // A relay took it after all.
            let own = abandoned.remove(at: index)
            abandonPending(.lostRace, &step)
            pending = own
            try confirm(now, rank: event.rank, &step)
            return .newEpoch
        }
        var next = mls
        let staged = try Self.process(bytes, in: &next, now: wallClock(now).unsigned)
        let newData = try CommitRules.check(staged, in: mls, data: data)
        abandonPending(.lostRace, &step)
        try enter(next, staged, newData, rank: event.rank, message: bytes, now, &step)
        return .newEpoch
    }

    /// Gives up our commit, but knows it still: others may get to see it.
    mutating func abandonPending(_ code: MarmotError.Code, _ step: inout MarmotStep) {
        guard let own = pending else { return }
        pending = nil
        abandoned.append(own)
        if abandoned.count > MarmotLimits.abandonedCommits { abandoned.removeFirst() }
        guard let operation = own.operation else { return }
        let error = MarmotError(code, "change of the group did not come first or reached no relay")
        step.notices.append(.operationFailed(group: id, operation: operation, error))
    }

    private static func process(
        _ bytes: [UInt8],
        in group: inout Group,
        now: UInt64
    ) throws(MarmotError) -> StagedCommit {
        let received: ReceivedMessage
        do { received = try group.process(bytes, now: now) } catch { throw MarmotError(error) }
        guard case .commit(let staged) = received else {
            throw MarmotError(.invalidContent, "message is not what its header says")
        }
        return staged
    }

    /// Our pending commit counts: a relay has it, or it came back.
    mutating func confirm(
        _ now: Instant,
        rank: CommitRank? = nil,
        _ step: inout MarmotStep
    ) throws(MarmotError) {
        guard let own = pending else { return }
        pending = nil
        try enter(
            mls,
            own.staged,
            own.data,
            rank: rank ?? own.rank,
            message: own.message,
            slots: own.slots,
            now,
            &step
        )
        for welcome in own.welcomes { step.sends.append(welcome.send) }
        if let operation = own.operation {
            step.notices.append(.operationDone(group: id, operation: operation))
        }
        // Who is new has not seen what admins said before.
        if !own.welcomes.isEmpty, isAdmin, !media.urls.isEmpty {
            try sendMediaRelays(now, &step)
        }
    }

    /// Enters the epoch behind a commit. `next` is the group that processed it.
    private mutating func enter(
        _ processed: Group,
        _ staged: StagedCommit,
        _ newData: GroupData,
        rank: CommitRank,
        message: [UInt8],
        slots newSlots: [UInt32: Bytes32] = [:],
        _ now: Instant,
        _ step: inout MarmotStep
    ) throws(MarmotError) {
        let wall = wallClock(now)
        var next = processed
        do { try next.merge(staged, now: wall.unsigned) } catch { throw MarmotError(error) }
        let nextKey = staged.removesUs ? nil : try EnvelopeKey(next)
        let before = mls
        let committer = try Self.identity(of: staged, in: before)
        let change = try MemberChange(staged, before: before, after: next)
        snapshots.append(
            Snapshot(
                mls: before,
                data: data,
                rank: rank,
                message: try Self.hash(message),
                newest: max(newest, rank.createdAt),
                endedAt: wall,
                abandoned: abandoned,
                slots: slots
            )
        )
        let changesData = newData != data
        mls = next
        data = newData
        abandoned = []
        // A leaf that is free again may be somebody else's in the same commit.
        for (leaf, _) in staged.removed { slots[leaf] = nil }
        slots.merge(newSlots) { (_, new) in new }
        newest = UnixTime(0)
        leavesCommitAt = nil
        if let nextKey { keys.append(nextKey) }
        forgetOld(now, &step)
        if case .member(let leaf) = staged.committer, leaf == next.ownLeaf, staged.hasPath, !staged.removesUs
        {
            needsSelfUpdate = false
            selfUpdateAt = options.selfUpdateInterval.map { now + $0 }
        }
        try storeSnapshot(&step)
        if staged.removesUs {
            selfUpdateAt = nil
            step.notices.append(.removed(group: id, by: isLeaving ? nil : committer))
            leaving = nil
        } else {
            step.notices.append(.epochChanged(group: id, epoch: epoch, by: committer))
            if !change.added.isEmpty || !change.removed.isEmpty {
                step.notices.append(
                    .membersChanged(group: id, added: change.added, removed: change.removed)
                )
            }
            if changesData { step.notices.append(.dataChanged(group: id)) }
            // Later it is asked for again by whoever asks.
            if isLeaving { try? askToLeave(now, &step) }
        }
        try storeState(&step)
    }

    private static func identity(of staged: StagedCommit, in group: Group) throws(MarmotError) -> PublicKey {
        guard case .member(let leaf) = staged.committer, let node = group.tree.leaf(leaf) else {
            throw MarmotError(.externalSender, "commit of somebody who is no member")
        }
        return try node.identity()
    }

    static func hash(_ message: [UInt8]) throws(MarmotError) -> [UInt8] {
        do { return try SHA256.hash(message.span) } catch {
            throw MarmotError(MLSError(.cryptoFailure, error.context))
        }
    }

    /// Drops keys and ways back that are too many or too old.
    mutating func forgetOld(_ now: Instant, _ step: inout MarmotStep) {
        let limit = wallClock(now) - MarmotLimits.pastEpochSeconds
        let surplus = keys.count - (MarmotLimits.pastEpochs + 1)
        if surplus > 0 { keys.removeFirst(surplus) }
        while let oldest = snapshots.first,
            snapshots.count > MarmotLimits.pastEpochs || oldest.endedAt < limit
        {
            snapshots.removeFirst()
            drop(snapshotOf: oldest.epoch, &step)
        }
        ownMessages.removeAll { (own) in !keys.contains { $0.epoch == own.epoch } }
        mls.forgetPastEpochs(now: wallClock(now).unsigned)
    }

    // MARK: Going back

    /// A commit of an epoch that another commit has ended. If it is the better one, everything since is undone.
    mutating func takeRival(
        _ bytes: [UInt8],
        _ header: MessageHeader,
        _ event: GroupEvent,
        _ now: Instant,
        _ step: inout MarmotStep
    ) throws(MarmotError) -> Outcome {
        guard let index = snapshots.firstIndex(where: { $0.epoch == header.epoch }) else {
            throw MarmotError(.noWayBack, "commit of an epoch that cannot be gone back to")
        }
        let snapshot = snapshots[index]
        if try snapshot.message == Self.hash(bytes) {
            // The same commit in another event. Others may have seen that one first.
            snapshots[index].rank = min(snapshot.rank, event.rank)
            try storeSnapshot(at: index, &step)
            return .done
        }
        guard event.rank < snapshot.rank else {
            throw MarmotError(.lostRace, "another commit of the epoch came first")
        }
        guard event.createdAt >= snapshot.newest - MarmotLimits.undoSeconds else {
            throw MarmotError(.tooEarlyToUndo, "commit dated long before what it would undo")
        }
        if let own = snapshot.abandoned.first(where: { $0.message == bytes }) {
            let rest = snapshot.abandoned.filter { $0.message != bytes }
            try goBack(to: index, now, &step)
            abandoned = rest
            pending = own
            try confirm(now, rank: event.rank, &step)
            return .newEpoch
        }
        // Everything is checked before anything is undone.
        var next = snapshot.mls
        let staged = try Self.process(bytes, in: &next, now: wallClock(now).unsigned)
        let newData = try CommitRules.check(staged, in: snapshot.mls, data: snapshot.data)
        try goBack(to: index, now, &step)
        try enter(next, staged, newData, rank: event.rank, message: bytes, now, &step)
        return .newEpoch
    }

    private mutating func goBack(
        to index: Int,
        _ now: Instant,
        _ step: inout MarmotStep
    ) throws(MarmotError) {
        let snapshot = snapshots[index]
        abandonPending(.lostRace, &step)
        let unsent = ownMessages.filter { $0.epoch > snapshot.epoch }.map(\.rumor)
        ownMessages.removeAll { $0.epoch > snapshot.epoch }
        for later in snapshots[index...] { drop(snapshotOf: later.epoch, &step) }
        snapshots.removeSubrange(index...)
        keys.removeAll { $0.epoch > snapshot.epoch }
        mls = snapshot.mls
        data = snapshot.data
        abandoned = snapshot.abandoned
        slots = snapshot.slots
        newest = snapshot.newest
        leavesCommitAt = nil
        step.notices.append(.rolledBack(group: id, epoch: snapshot.epoch, unsent: unsent))
    }
}

/// Who is in a group that was not, and the other way round. A person's second device changes nothing.
struct MemberChange {
    let added: [PublicKey]
    let removed: [PublicKey]

    init(_ staged: StagedCommit, before: Group, after: Group) throws(MarmotError) {
        guard !staged.added.isEmpty || !staged.removed.isEmpty, !staged.removesUs else {
            added = []
            removed = []
            return
        }
        let old = Set(before.tree.members.compactMap { $0.node.credential.nostrKey })
        let new = Set(after.tree.members.compactMap { $0.node.credential.nostrKey })
        added = new.subtracting(old).sorted()
        removed = old.subtracting(new).sorted()
    }
}
