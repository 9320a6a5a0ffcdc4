import BurrowBase
import BurrowCalls
import BurrowMarmot
import BurrowNostr

/// What hosts, and the calls of the identity, learn of groups.
extension IdentityKeeper {
    func tell(_ notice: MarmotNotice) {
        switch notice {
        case .message: break
        case .epochChanged(let group, let epoch, _):
            refresh(group)
            tell(.groupEpoch, group) { $0.value = Int64(clamping: epoch) }
        case .membersChanged(let group, _, _):
            refresh(group)
            tell(.groupMembers, group) { _ in }
        case .dataChanged(let group), .mediaRelaysChanged(let group, _):
            refresh(group)
            tell(.groupData, group) { _ in }
        case .invitation(let invitation): tellState(invitation.group)
        case .joined(let group), .removed(let group, _): tellState(group)
        case .operationDone(let group, let number): finish(group, number, nil)
        case .operationFailed(let group, let number, let error): finish(group, number, EngineError(error))
        case .rolledBack(let group, let epoch, let unsent):
            refresh(group)
            lostSignals.append((group, unsent.filter { CallDesk.isSignal($0) }))
            tell(.groupRolledBack, group) { (event) in
                event.value = Int64(clamping: epoch)
                let messages = unsent.filter { !CallDesk.isSignal($0) }
                let texts = messages.map { String(decoding: $0.json, as: UTF8.self) }
                event.text = "[" + texts.joined(separator: ",") + "]"
            }
        case .keyPackageUsed(let slot):
            var event = HostEvent(.keyPackageUsed, subject: host.handle, time: loop.now)
            event.data = slot.bytes
            loop.tell(event)
        case .refused(let id, let error):
            // Relays give the same again and again.
            if loop.isAsked, error.code == .replayed || error.code == .groupAlreadyKnown { break }
            loop.refuse(id, EngineError(error), subject: host.handle)
        }
    }

    private func tellState(_ group: [UInt8]) {
        refresh(group)
        let phase = boards[group]?.snapshot.withLock { $0.phase } ?? .gone
        tell(.groupState(phase), group) { _ in }
    }

    func tell(_ kind: HostEvent.Kind, _ group: [UInt8], _ fill: (inout HostEvent) -> Void) {
        var event = HostEvent(kind, subject: host.handle, time: loop.now)
        event.data = group
        fill(&event)
        loop.tell(event)
    }

    private func finish(_ group: [UInt8], _ number: UInt64, _ error: EngineError?) {
        refresh(group)
        let request = operations.removeValue(forKey: Operation(group: group, number: number))
        loop.complete(request ?? 0, host.handle, error)
    }

    /// Shows a group, or the invitation to it, to the host's threads.
    func refresh(_ id: [UInt8]) {
        let board = boards[id] ?? GroupBoard()
        let isNew = boards[id] == nil
        let invitation = client.invitations.first { $0.group == id }
        if let group = client.group(id), invitation == nil || group.isActive {
            board.show(group, now: UnixTime(loop.now, offset: loop.wallClockOffset))
            tellCalls(group)
        } else if let invitation {
            board.show(invitation)
        } else {
            board.end()
            calls.removeGroup(id)
            boards[id] = nil
            host.snapshot.withLock { $0.groups.removeAll { $0 === board } }
            return
        }
        boards[id] = board
        guard isNew || !host.snapshot.withLock({ $0.groups.contains { $0 === board } }) else { return }
        let groups = boards.keys.sorted { $0.lexicographicallyPrecedes($1) }.compactMap { boards[$0] }
        host.snapshot.withLock { $0.groups = groups }
    }

    /// Calls follow who is in a group.
    private func tellCalls(_ group: MarmotGroup) {
        guard group.isActive else { return calls.removeGroup(group.id) }
        let members = group.members
        calls.setGroup(
            GroupView(
                id: group.id,
                room: group.data.nostrGroupID,
                members: members.map(\.identity),
                admins: group.data.admins,
                epoch: group.epoch,
                hasSiblings: members.contains { $0.identity == publicKey && $0.leaves.count > 1 }
            )
        )
    }
}
