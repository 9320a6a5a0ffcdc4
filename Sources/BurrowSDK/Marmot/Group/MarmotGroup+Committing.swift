internal import BurrowBase
internal import BurrowMLS
package import BurrowNostr

/// What an admin can change of a group's data; `nil` leaves it as it is.
package struct GroupDataChange: Equatable, Sendable {
    package var name: String?
    package var description: String?
    package var relays: [String]?
    package var admins: [PublicKey]?
    /// The inner `nil` takes the picture away.
    package var image: GroupData.Image??
    /// A new random id in the events' `h` tags, so that relays cannot connect them with those before.
    package var rotatesID = false

    package init() {}
}

/// Making commits (MIP-03).
extension MarmotGroup {
    /// Stages a commit and seals it. Nothing of it counts before a relay has it.
    private mutating func commit(
        _ request: CommitRequest,
        data newData: GroupData? = nil,
        welcoming invitees: [KeyPackageEvent] = [],
        operation: UInt64?,
        _ now: Instant,
        _ step: inout MarmotStep
    ) throws(MarmotError) {
        try requireActive()
        guard pending == nil else {
            throw MarmotError(.commitPending, "another change of the group is on its way")
        }
        let wall = wallClock(now)
        var request = request
        if let newData {
            let extensions = mls.context.extensions.map { (entry) in
                entry.type == MarmotProtocol.groupData ? newData.asExtension : entry
            }
            request.proposals.insert(.groupContextExtensions(extensions), at: 0)
        }
        if request.storedReferences == nil { request.storedReferences = [] }
        var next = mls
        let outgoing: OutgoingCommit
        do { outgoing = try next.commit(request, now: wall.unsigned) } catch { throw MarmotError(error) }
        let after = try CommitRules.check(outgoing.staged, in: mls, data: data)
        guard let key = keys.last else { throw MarmotError(.groupInactive, "group has no key") }
        let event = try GroupEvent.make(
            outgoing.message,
            key: key,
            nostrGroupID: data.nostrGroupID,
            now: wall,
            random: &random
        )
        let welcomes = try Self.welcomes(outgoing, invitees, after, identity, options, wall)
        // Which of our commits counts is decided here.
        next.discardPendingCommit()
        mls = next
        pending = PendingCommit(
            event: event,
            message: outgoing.message,
            staged: outgoing.staged,
            data: after,
            welcomes: welcomes,
            operation: operation,
            slots: Self.slots(outgoing.staged, invitees)
        )
        try storeState(&step)
        step.sends.append(.groupEvent(event, group: id, relays: data.relays))
    }

    static func welcomes(
        _ commit: OutgoingCommit,
        _ invitees: [KeyPackageEvent],
        _ data: GroupData,
        _ identity: PublicKey,
        _ options: MarmotOptions,
        _ now: UnixTime
    ) throws(MarmotError) -> [OutgoingWelcome] {
        guard let welcome = commit.welcome else { return [] }
        var welcomes: [OutgoingWelcome] = []
        for invitee in invitees {
            let rumor = try WelcomeRumor.make(
                welcome,
                for: invitee.event.id,
                from: identity,
                relays: data.relays,
                client: options.client,
                now: now
            )
            welcomes.append(
                OutgoingWelcome(rumor: rumor, recipient: invitee.identity, relays: invitee.relays)
            )
        }
        return welcomes
    }

    private mutating func takeOperation() -> UInt64 {
        defer { nextOperation &+= 1 }
        return nextOperation
    }

    // MARK: What hosts ask for

    mutating func invite(
        _ invitees: [KeyPackageEvent],
        now: Instant
    ) throws(MarmotError) -> (operation: UInt64, MarmotStep) {
        try requireAdmin()
        guard !invitees.isEmpty, invitees.count <= MarmotLimits.invitees else {
            throw MarmotError(.tooLarge, "between 1 and \(MarmotLimits.invitees) can be invited at once")
        }
        var step = MarmotStep()
        let request = CommitRequest(invitees.map { .add($0.keyPackage) })
        let operation = nextOperation
        try commit(request, welcoming: invitees, operation: operation, now, &step)
        return (takeOperation(), step)
    }

    /// Removes people with all of their devices, and of ourselves all but this one. Who was an admin is none any more.
    mutating func remove(
        _ people: [PublicKey],
        now: Instant
    ) throws(MarmotError) -> (operation: UInt64, MarmotStep) {
        var leaves: [UInt32] = []
        for key in people {
            let all = mls.tree.members.filter { $0.node.credential.nostrKey == key }.map(\.leaf)
            let own = all.filter { $0 != ownLeaf }
            guard !all.isEmpty else { throw MarmotError(.unknownMember, "somebody to remove is no member") }
            guard !own.isEmpty else {
                throw MarmotError(.invalidArgument, "we have no other device here; leave instead")
            }
            for leaf in own where !leaves.contains(leaf) { leaves.append(leaf) }
        }
        return try remove(leaves: leaves, now: now)
    }

    /// Removes single devices.
    mutating func remove(
        leaves: [UInt32],
        now: Instant
    ) throws(MarmotError) -> (operation: UInt64, MarmotStep) {
        try requireAdmin()
        guard !leaves.isEmpty, !leaves.contains(ownLeaf) else {
            throw MarmotError(.invalidArgument, "nobody, or ourselves, to remove")
        }
        var stays: Set<PublicKey> = []
        var goes: Set<PublicKey> = []
        for (leaf, node) in mls.tree.members {
            guard let key = node.credential.nostrKey else { continue }
            if leaves.contains(leaf) { goes.insert(key) } else { stays.insert(key) }
        }
        let demoted = goes.subtracting(stays).intersection(data.admins)
        var newData: GroupData?
        if !demoted.isEmpty {
            var changed = data
            changed.setAdmins(data.admins.filter { !demoted.contains($0) })
            newData = changed
        }
        var step = MarmotStep()
        let operation = nextOperation
        let request = CommitRequest(leaves.map { .remove($0) })
        try commit(request, data: newData, operation: operation, now, &step)
        return (takeOperation(), step)
    }

    mutating func update(
        _ change: GroupDataChange,
        now: Instant
    ) throws(MarmotError) -> (operation: UInt64, MarmotStep) {
        try requireAdmin()
        var newData = data
        if let name = change.name { newData.name = name }
        if let description = change.description { newData.description = description }
        if let relays = change.relays { newData.setRelays(relays) }
        if let admins = change.admins { newData.setAdmins(admins) }
        if let image = change.image { newData.image = image.map(GroupData.ImageFields.init) ?? .init() }
        if change.rotatesID { newData.nostrGroupID = Bytes32.random(&random) }
        try newData.requireWritable()
        var step = MarmotStep()
        let operation = nextOperation
        try commit(CommitRequest(), data: newData, operation: operation, now, &step)
        return (takeOperation(), step)
    }

    /// New keys for our leaf, its signature key included.
    mutating func selfUpdate(now: Instant) throws(MarmotError) -> (operation: UInt64, MarmotStep) {
        var step = MarmotStep()
        let operation = nextOperation
        try selfUpdate(operation: operation, now, &step)
        return (takeOperation(), step)
    }

    private mutating func selfUpdate(
        operation: UInt64?,
        _ now: Instant,
        _ step: inout MarmotStep
    ) throws(MarmotError) {
        var request = CommitRequest()
        do { request.newSignatureKey = try mls.suite.generateSignatureKey() } catch {
            throw MarmotError(error)
        }
        try commit(request, operation: operation, now, &step)
    }

    // MARK: Leaving

    /// Asks to be removed, once more if it was asked for before. An admin gives up the role first.
    mutating func leave(now: Instant) throws(MarmotError) -> MarmotStep {
        try requireActive()
        guard !isAdmin else {
            throw MarmotError(.adminCannotLeave, "an admin gives up the role before leaving")
        }
        var step = MarmotStep()
        if let leaving {
            step.sends.append(.groupEvent(leaving, group: id, relays: data.relays))
            return step
        }
        try askToLeave(now, &step)
        try storeState(&step)
        return step
    }

    /// Proposes our removal in the current epoch.
    mutating func askToLeave(_ now: Instant, _ step: inout MarmotStep) throws(MarmotError) {
        guard let key = keys.last else { throw MarmotError(.groupInactive, "group has no key") }
        var next = mls
        let proposal: Proposal = try mls.requiresSelfRemove() ? .selfRemove : .remove(ownLeaf)
        let message: [UInt8]
        do { message = try next.propose(proposal) } catch { throw MarmotError(error) }
        let event = try GroupEvent.make(
            message,
            key: key,
            nostrGroupID: data.nostrGroupID,
            now: wallClock(now),
            random: &random
        )
        mls = next
        leaving = event
        step.sends.append(.groupEvent(event, group: id, relays: data.relays))
    }

    // MARK: What happens by itself

    mutating func timerFired(now: Instant) -> MarmotStep {
        var step = MarmotStep()
        for entry in held.takeExpired(now: wallClock(now)) {
            seen.forget(entry.event.id)
            step.notices.append(.refused(entry.event.id, entry.error))
        }
        if let time = leavesCommitAt, time <= now {
            leavesCommitAt = nil
            let leaves = mls.leaves(weAreAdmin: isAdmin)
            if isActive, pending == nil, !leaves.isEmpty {
                var request = CommitRequest()
                request.storedReferences = Set(leaves.map(\.reference))
                // What does not work now has been done by somebody else in a moment.
                try? commit(request, operation: nil, now, &step)
            }
        }
        if let time = selfUpdateAt, time <= now {
            selfUpdateAt = now + (options.selfUpdateDelay ?? .seconds(10))
            if isActive, pending == nil, leavesCommitAt == nil, !isLeaving {
                try? selfUpdate(operation: nil, now, &step)
            }
        }
        return step
    }

    /// A relay has our event, or none took it.
    mutating func published(_ event: EventID, accepted: Bool, now: Instant) -> MarmotStep {
        var step = MarmotStep()
        guard let own = pending, own.event.id == event else { return step }
        if accepted {
            do { try confirm(now, &step) } catch { step.notices.append(.refused(event, error)) }
        } else {
            abandonPending(.notPublished, &step)
            if !mls.leaves(weAreAdmin: isAdmin).isEmpty {
                leavesCommitAt = now + part(of: options.leaveDelay)
            }
            do { try storeState(&step) } catch { step.notices.append(.refused(event, error)) }
        }
        retryHeld(now, &step)
        return step
    }

    /// Publishes once more what was on its way when the process ended.
    mutating func resume(now: Instant) -> MarmotStep {
        var step = MarmotStep()
        if let pending { step.sends.append(.groupEvent(pending.event, group: id, relays: data.relays)) }
        if let leaving { step.sends.append(.groupEvent(leaving, group: id, relays: data.relays)) }
        if isActive, !mls.leaves(weAreAdmin: isAdmin).isEmpty {
            leavesCommitAt = now + part(of: options.leaveDelay)
        }
        if isActive { planSelfUpdate(now) }
        return step
    }

    mutating func planSelfUpdate(_ now: Instant) {
        if needsSelfUpdate {
            selfUpdateAt = options.selfUpdateDelay.map { now + part(of: $0) }
        } else {
            selfUpdateAt = options.selfUpdateInterval.map { now + $0 }
        }
    }
}

extension Bytes32 {
    static func random(_ random: inout some RandomSource) -> Bytes32 {
        while true {
            let bytes = (0..<32).map { _ in UInt8.random(in: 0...255, using: &random) }
            if let value = Bytes32(bytes) { return value }
        }
    }
}
