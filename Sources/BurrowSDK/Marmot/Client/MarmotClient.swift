package import BurrowBase
package import BurrowCrypto
internal import BurrowMLS
package import BurrowNostr

/// One device of one identity: its key packages, its groups and the invitations to others.
///
/// It sees neither the identity's private key nor a socket: events come in verified, and what is to be signed, wrapped or
/// published goes out in steps. A call that throws has changed nothing.
package struct MarmotClient {
    package let publicKey: PublicKey
    package let options: MarmotOptions
    let arena: SecretArena
    var random = SystemRandom()
    /// Oldest first.
    var keyPackages: [OwnKeyPackage] = []
    var openInvitations: [OpenInvitation] = []
    var groups: [[UInt8]: MarmotGroup] = [:]
    /// Invitations that were looked at.
    var seenInvitations = SeenIDs()

    package init(
        publicKey: PublicKey,
        options: MarmotOptions = MarmotOptions(),
        arena: SecretArena = SecretArena()
    ) {
        self.publicKey = publicKey
        self.options = options
        self.arena = arena
    }

    var suite: CipherSuite { CipherSuite(MarmotProtocol.suite, arena: arena) }

    func wallClock(_ now: Instant) -> UnixTime { options.wallClock(now) }

    // MARK: Reading

    /// In a fixed order.
    package var groupIDs: [[UInt8]] {
        groups.keys.sorted { $0.lexicographicallyPrecedes($1) }
    }

    package func group(_ id: [UInt8]) -> MarmotGroup? { groups[id] }

    package var invitations: [Invitation] { openInvitations.map(\.preview) }

    /// The slots for which there is a key package that others may use.
    package var keyPackageSlots: [Bytes32] {
        keyPackages.filter { $0.replacedAt == nil }.map(\.slot)
    }

    /// Whether a key package is of this device.
    package func isOwn(_ event: KeyPackageEvent) -> Bool {
        keyPackages.contains { $0.reference == event.reference || $0.slot == event.slot }
    }

    /// The `h` tags of the events to ask relays for.
    package var subscriptions: [Bytes32] {
        var ids: [Bytes32] = []
        for id in groupIDs {
            for tag in groups[id]?.nostrGroupIDs ?? [] where !ids.contains(tag) { ids.append(tag) }
        }
        return ids
    }

    /// When `timerFired` has to be called.
    package var deadline: Instant? {
        groups.values.compactMap(\.deadline).min()
    }

    // MARK: Calls for one group

    mutating func change<Result>(
        _ id: [UInt8],
        _ body: (inout MarmotGroup) throws(MarmotError) -> Result
    ) throws(MarmotError) -> Result {
        guard var group = groups[id] else { throw MarmotError(.unknownGroup, "no group with this id") }
        // What throws has changed nothing.
        let result = try body(&group)
        groups[id] = group
        return result
    }

    package mutating func invite(
        _ invitees: [KeyPackageEvent],
        to group: [UInt8],
        now: Instant
    ) throws(MarmotError) -> (operation: UInt64, MarmotStep) {
        try change(group) { (group) throws(MarmotError) in try group.invite(invitees, now: now) }
    }

    /// Removes people with all of their devices, and of ourselves all but this one.
    package mutating func remove(
        _ people: [PublicKey],
        from group: [UInt8],
        now: Instant
    ) throws(MarmotError) -> (operation: UInt64, MarmotStep) {
        try change(group) { (group) throws(MarmotError) in try group.remove(people, now: now) }
    }

    package mutating func removeLeaves(
        _ leaves: [UInt32],
        from group: [UInt8],
        now: Instant
    ) throws(MarmotError) -> (operation: UInt64, MarmotStep) {
        try change(group) { (group) throws(MarmotError) in try group.remove(leaves: leaves, now: now) }
    }

    package mutating func update(
        _ change: GroupDataChange,
        of group: [UInt8],
        now: Instant
    ) throws(MarmotError) -> (operation: UInt64, MarmotStep) {
        try self.change(group) { (group) throws(MarmotError) in try group.update(change, now: now) }
    }

    /// Gives up the role of an admin, which others must have too.
    package mutating func stepDown(
        in group: [UInt8],
        now: Instant
    ) throws(MarmotError) -> (operation: UInt64, MarmotStep) {
        let own = publicKey
        return try change(group) { (group) throws(MarmotError) in
            var change = GroupDataChange()
            change.admins = group.data.admins.filter { $0 != own }
            return try group.update(change, now: now)
        }
    }

    package mutating func selfUpdate(
        of group: [UInt8],
        now: Instant
    ) throws(MarmotError) -> (operation: UInt64, MarmotStep) {
        try change(group) { (group) throws(MarmotError) in try group.selfUpdate(now: now) }
    }

    /// Asks to be removed, which somebody else does. Until then we are a member, and ask again in each epoch.
    package mutating func leave(_ group: [UInt8], now: Instant) throws(MarmotError) -> MarmotStep {
        try change(group) { (group) throws(MarmotError) in try group.leave(now: now) }
    }

    package mutating func send(
        _ kind: EventKind,
        content: String,
        tags: [Tag] = [],
        expiration: UnixTime? = nil,
        to group: [UInt8],
        now: Instant
    ) throws(MarmotError) -> (Rumor, MarmotStep) {
        try change(group) { (group) throws(MarmotError) in
            try group.send(kind, content: content, tags: tags, expiration: expiration, now: now)
        }
    }

    /// Sends once more what `rolledBack` gave back.
    package mutating func send(
        again rumor: Rumor,
        to group: [UInt8],
        now: Instant
    ) throws(MarmotError) -> MarmotStep {
        try change(group) { (group) throws(MarmotError) in try group.send(again: rumor, now: now) }
    }

    package mutating func setMediaRelays(
        _ urls: [String],
        of group: [UInt8],
        now: Instant
    ) throws(MarmotError) -> MarmotStep {
        try change(group) { (group) throws(MarmotError) in try group.setMediaRelays(urls, now: now) }
    }

    // MARK: Input

    /// Takes in a group event. For groups that are not ours it does nothing.
    package mutating func receive(_ event: Event, now: Instant) -> MarmotStep {
        var step = MarmotStep()
        do throws(MarmotError) {
            let event = try GroupEvent(event, now: wallClock(now))
            // Whoever founds a group chooses this id, also one that another group has.
            var isKnown = false
            for id in groupIDs where groups[id]?.nostrGroupIDs.contains(event.nostrGroupID) == true {
                isKnown = true
                if let more = groups[id]?.receive(event, now: now) { step.add(more) }
            }
            guard isKnown else { throw MarmotError(.unknownGroup, "event of a group that is not ours") }
        } catch {
            step.notices.append(.refused(event.id, error))
        }
        return step
    }

    /// A relay has an event of ours, or none took it in time.
    package mutating func published(_ event: EventID, accepted: Bool, now: Instant) -> MarmotStep {
        var step = MarmotStep()
        for id in groupIDs where groups[id]?.pending?.event.id == event {
            if let more = groups[id]?.published(event, accepted: accepted, now: now) { step.add(more) }
        }
        return step
    }

    package mutating func timerFired(now: Instant) -> MarmotStep {
        var step = MarmotStep()
        for id in groupIDs {
            guard let deadline = groups[id]?.deadline, deadline <= now else { continue }
            if let more = groups[id]?.timerFired(now: now) { step.add(more) }
        }
        return step
    }

    /// Drops everything of a group that we are no member of any more.
    package mutating func forget(_ id: [UInt8]) throws(MarmotError) -> MarmotStep {
        guard let group = groups[id] else { throw MarmotError(.unknownGroup, "no group with this id") }
        guard !group.isActive else {
            throw MarmotError(.invalidArgument, "a group is left before it is forgotten")
        }
        groups[id] = nil
        var step = MarmotStep()
        dropRecords(of: group, &step)
        return step
    }

    func dropRecords(of group: MarmotGroup, _ step: inout MarmotStep) {
        guard options.storesState else { return }
        step.writes.append(.drop(.group(group.id)))
        step.writes.append(.dropParts(group: group.id, names: []))
        for snapshot in group.snapshots {
            step.writes.append(.drop(.snapshot(group: group.id, epoch: snapshot.epoch)))
        }
    }
}
