package import BurrowBase
internal import BurrowCrypto
package import BurrowMLS
package import BurrowNostr

/// Key packages, founding and joining.
extension MarmotClient {
    // MARK: Key packages

    /// Makes a key package for a slot, a new one without, to be signed and published. The one that had the slot stays usable
    /// for some days, because invitations may be on their way.
    package mutating func makeKeyPackage(
        slot: Bytes32? = nil,
        relays: [String],
        now: Instant
    ) throws(MarmotError) -> (slot: Bytes32, MarmotStep) {
        guard !relays.isEmpty else { throw MarmotError(.invalidArgument, "key package without relays") }
        let slot = slot ?? Bytes32.random(&random)
        let own = try OwnKeyPackage(
            identity: publicKey,
            slot: slot,
            relays: relays,
            grease: UInt8.random(in: 0...14, using: &random),
            suite: suite,
            now: wallClock(now)
        )
        let rumors = try KeyPackageEvent.rumors(
            own.bundle.keyPackage,
            slot: slot,
            identity: publicKey,
            relays: relays,
            client: options.client,
            now: wallClock(now)
        )
        var step = MarmotStep()
        insert(own, now, &step)
        step.sends = [.sign(rumors.current, relays: relays), .sign(rumors.old, relays: relays)]
        return (slot, step)
    }

    /// Takes a key package that was made and published elsewhere.
    package mutating func adopt(
        _ bundle: KeyPackageBundle,
        slot: Bytes32,
        relays: [String],
        now: Instant
    ) throws(MarmotError) -> MarmotStep {
        var step = MarmotStep()
        insert(try OwnKeyPackage(bundle, slot: slot, relays: relays, now: wallClock(now)), now, &step)
        return step
    }

    private mutating func insert(_ own: OwnKeyPackage, _ now: Instant, _ step: inout MarmotStep) {
        let wall = wallClock(now)
        for index in keyPackages.indices where keyPackages[index].slot == own.slot {
            guard keyPackages[index].replacedAt == nil else { continue }
            keyPackages[index].replacedAt = wall
            store(keyPackages[index], &step)
        }
        keyPackages.append(own)
        store(own, &step)
        let surplus = keyPackages.count - MarmotLimits.keyPackages
        for (position, old) in keyPackages.enumerated() where old.isOver(at: wall) || position < surplus {
            if options.storesState { step.writes.append(.drop(.keyPackage(reference: old.reference))) }
        }
        if surplus > 0 { keyPackages.removeFirst(surplus) }
        keyPackages.removeAll { $0.isOver(at: wall) }
    }

    private func store(_ own: OwnKeyPackage, _ step: inout MarmotStep) {
        guard options.storesState else { return }
        step.writes.append(.put(.keyPackage(reference: own.reference), RecordValue(own.encodedState)))
    }

    // MARK: Founding

    package mutating func found(
        _ draft: GroupDraft,
        inviting invitees: [KeyPackageEvent] = [],
        now: Instant
    ) throws(MarmotError) -> (group: [UInt8], MarmotStep) {
        let (group, step) = try MarmotGroup.found(
            draft,
            inviting: invitees,
            identity: publicKey,
            options: options,
            arena: arena,
            now: now
        )
        groups[group.id] = group
        return (group.id, step)
    }

    // MARK: Joining

    /// Takes in an invitation out of a gift wrap, whose author is who sealed it. What is good becomes an `invitation`.
    package mutating func receive(welcome rumor: Rumor, now: Instant) -> MarmotStep {
        var step = MarmotStep()
        guard seenInvitations.insert(rumor.id) else { return step }
        do throws(MarmotError) {
            let open = try OpenInvitation(
                rumor,
                keyPackages: keyPackages,
                identity: publicKey,
                policy: options.policy,
                suite: suite,
                now: wallClock(now)
            )
            let group = open.preview.group
            let isKnown = openInvitations.contains { (other) in
                other.preview.group == group && other.mls.epochNumber >= open.mls.epochNumber
            }
            guard groups[group]?.isActive != true, !isKnown else {
                throw MarmotError(.groupAlreadyKnown, "invitation to a group we are in")
            }
            guard openInvitations.count < MarmotLimits.invitations else {
                throw MarmotError(.tooLarge, "too many invitations wait for an answer")
            }
            if options.storesState {
                let state = RecordValue(try open.encodedState())
                step.writes.append(.put(.invitation(rumor.id), state))
            }
            openInvitations.append(open)
            step.notices.append(.invitation(open.preview))
        } catch {
            // The key package stays, and with another one the invitation may work.
            seenInvitations.forget(rumor.id)
            step.notices.append(.refused(rumor.id, error))
        }
        return step
    }

    /// Joins. Another key package should take the slot of the one that was used.
    package mutating func accept(
        _ invitation: EventID,
        now: Instant
    ) throws(MarmotError) -> (group: [UInt8], MarmotStep) {
        guard let open = openInvitations.first(where: { $0.preview.id == invitation }) else {
            throw MarmotError(.unknownGroup, "no invitation with this id")
        }
        let id = open.preview.group
        guard groups[id]?.isActive != true else {
            throw MarmotError(.groupAlreadyKnown, "invitation to a group we are in")
        }
        let (group, joined) = try MarmotGroup.joined(
            open.mls,
            data: open.preview.data,
            identity: publicKey,
            options: options,
            now: now
        )
        var step = MarmotStep()
        // We were in this group before; of that time nothing stays.
        if let old = groups[id] { dropRecords(of: old, &step) }
        groups[id] = group
        for other in openInvitations where other.preview.group == id { drop(other, &step) }
        openInvitations.removeAll { $0.preview.group == id }
        step.add(joined)
        step.notices.append(.joined(group: id))
        step.notices.append(.epochChanged(group: id, epoch: group.epoch, by: open.preview.inviter))
        step.notices.append(.keyPackageUsed(slot: open.slot))
        return (id, step)
    }

    package mutating func decline(_ invitation: EventID) -> MarmotStep {
        var step = MarmotStep()
        for open in openInvitations where open.preview.id == invitation { drop(open, &step) }
        openInvitations.removeAll { $0.preview.id == invitation }
        return step
    }

    private func drop(_ open: OpenInvitation, _ step: inout MarmotStep) {
        guard options.storesState else { return }
        step.writes.append(.drop(.invitation(open.preview.id)))
    }
}
