internal import BurrowBase
internal import BurrowCrypto
internal import BurrowMLS
internal import BurrowNostr

/// Taking in group events (MIP-03), in this order: outer layer, MLS, the group's own rules.
extension MarmotGroup {
    /// What became of an event.
    enum Outcome {
        /// There are other keys now, which may open other events.
        case newEpoch
        /// Commits that take it up can be followed now.
        case newProposal
        case done
        case hold(MarmotError)
        case refused(MarmotError)
    }

    mutating func receive(_ event: GroupEvent, now: Instant) -> MarmotStep {
        var step = MarmotStep()
        guard seen.insert(event.id) else { return step }
        settle(event, since: wallClock(now), attempt(event, now, &step), now, &step)
        for entry in held.takeExpired(now: wallClock(now)) { giveUp(entry, &step) }
        return step
    }

    /// Looks at everything held once more, as long as that leads anywhere.
    mutating func retryHeld(hasNewKey: Bool = true, _ now: Instant, _ step: inout MarmotStep) {
        var goesOn = true
        var hasNewKey = hasNewKey
        while goesOn, !held.isEmpty {
            goesOn = false
            let entries = held.take(hasNewKey: hasNewKey)
            hasNewKey = false
            for entry in entries {
                let outcome = attempt(entry.event, now, &step)
                switch outcome {
                case .newEpoch:
                    goesOn = true
                    hasNewKey = true
                case .newProposal: goesOn = true
                case .done, .hold, .refused: break
                }
                keep(entry.event, since: entry.since, outcome, &step)
            }
        }
    }

    private mutating func settle(
        _ event: GroupEvent,
        since: UnixTime,
        _ outcome: Outcome,
        _ now: Instant,
        _ step: inout MarmotStep
    ) {
        keep(event, since: since, outcome, &step)
        switch outcome {
        case .newEpoch: retryHeld(now, &step)
        case .newProposal: retryHeld(hasNewKey: false, now, &step)
        case .done, .hold, .refused: break
        }
    }

    private mutating func keep(
        _ event: GroupEvent,
        since: UnixTime,
        _ outcome: Outcome,
        _ step: inout MarmotStep
    ) {
        switch outcome {
        case .newEpoch, .newProposal, .done: break
        case .hold(let error):
            let entry = HeldEvents.Entry(event: event, since: since, error: error)
            for dropped in held.insert(entry) { giveUp(dropped, &step) }
        case .refused(let error):
            // Relays give back to us what is ours.
            if error.code != .ownEvent { step.notices.append(.refused(event.id, error)) }
        }
    }

    private mutating func giveUp(_ entry: HeldEvents.Entry, _ step: inout MarmotStep) {
        seen.forget(entry.event.id)
        step.notices.append(.refused(entry.event.id, entry.error))
    }

    private func open(_ event: GroupEvent) -> (key: EnvelopeKey, message: [UInt8])? {
        for key in keys.reversed() {
            if let message = key.open(event.sealed) { return (key, message) }
        }
        return nil
    }

    mutating func attempt(_ event: GroupEvent, _ now: Instant, _ step: inout MarmotStep) -> Outcome {
        do throws(MarmotError) {
            if event.id == pending?.event.id {
                try confirm(now, &step)
                return .newEpoch
            }
            guard let (key, bytes) = open(event) else {
                guard !event.looksEarly else {
                    throw MarmotError(.a, "group event with an outer layer of NIP-44")
                }
                guard isActive || !snapshots.isEmpty else {
                    throw MarmotError(.groupInactive, "we are no member of the group")
                }
                return .hold(MarmotError(.undecryptable, "no key we have opens the group event"))
            }
            let header = try MessageHeader(bytes)
            guard header.groupID == id else {
                throw MarmotError(.mls(.wrongGroup), "message of another group in this one's envelope")
            }
            guard header.epoch == key.epoch else {
                throw MarmotError(
                    .epochMismatch,
                    "message of epoch \(header.epoch) in \(key.epoch)'s envelope"
                )
            }
            guard header.isFromMember else {
                throw MarmotError(.externalSender, "message of somebody who is no member")
            }
            let outcome = try take(bytes, header, event, now, &step)
            noteDate(event.createdAt, epoch: key.epoch)
            return outcome
        } catch {
            // The proposal may be behind its commit.
            if error.code == .mls(.proposalNotFound) { return .hold(error) }
            if error.code == .mls(.ownMessage) {
                return .refused(MarmotError(.ownEvent, "our own message"))
            }
            return .refused(error)
        }
    }

    private mutating func noteDate(_ date: UnixTime, epoch: UInt64) {
        if epoch == self.epoch, isActive {
            newest = max(newest, date)
        } else if let index = snapshots.firstIndex(where: { $0.epoch == epoch }) {
            snapshots[index].newest = max(snapshots[index].newest, date)
        }
    }

    private mutating func take(
        _ bytes: [UInt8],
        _ header: MessageHeader,
        _ event: GroupEvent,
        _ now: Instant,
        _ step: inout MarmotStep
    ) throws(MarmotError) -> Outcome {
        switch header.kind {
        case .application:
            // Whether we were removed is not certain before the way back is gone.
            guard isActive else {
                return .hold(MarmotError(.groupInactive, "we are no member of the group"))
            }
            try takeApplication(bytes, header, event, now, &step)
            return .done
        case .proposal:
            guard isActive else {
                return .hold(MarmotError(.groupInactive, "we are no member of the group"))
            }
            guard header.epoch == epoch else {
                throw MarmotError(.mls(.staleEpoch), "proposal of epoch \(header.epoch) in epoch \(epoch)")
            }
            try takeProposal(bytes, now, &step)
            return .newProposal
        case .commit:
            guard header.epoch == epoch, isActive else {
                return try takeRival(bytes, header, event, now, &step)
            }
            return try takeCommit(bytes, event, now, &step)
        }
    }

    private mutating func takeApplication(
        _ bytes: [UInt8],
        _ header: MessageHeader,
        _ event: GroupEvent,
        _ now: Instant,
        _ step: inout MarmotStep
    ) throws(MarmotError) {
        let received: ReceivedMessage
        do {
            received = try mls.process(bytes, now: wallClock(now).unsigned)
        } catch {
            throw MarmotError(error)
        }
        guard case .application(let message) = received else {
            throw MarmotError(.invalidContent, "message is not what its header says")
        }
        try storeParts(&step)
        let rumor: Rumor
        do {
            rumor = try Rumor(json: message.data)
        } catch {
            throw MarmotError(.invalidRumor, error.context)
        }
        let sender = try message.senderNode.identity()
        guard rumor.publicKey == sender else {
            throw MarmotError(.senderMismatch, "message in the name of somebody else")
        }
        guard !event.event.rumor.isExpired(at: wallClock(now)) else {
            throw MarmotError(.expired, "message is over")
        }
        // After a way back the same messages can be opened again.
        guard seen.insert(rumor.id) else { throw MarmotError(.replayed, "message that came before") }
        guard rumor.kind != .mediaRelays else {
            try takeMediaRelays(rumor, from: sender, &step)
            return
        }
        step.notices.append(
            .message(
                GroupMessage(
                    group: id,
                    epoch: message.epoch,
                    sender: sender,
                    leaf: message.sender,
                    rumor: rumor,
                    event: event.id
                )
            )
        )
    }

    private mutating func takeProposal(
        _ bytes: [UInt8],
        _ now: Instant,
        _ step: inout MarmotStep
    ) throws(MarmotError) {
        // Kept only if the rules say so: what others ignore as well must not be known here.
        var next = mls
        let received: ReceivedMessage
        do {
            received = try next.process(bytes, now: wallClock(now).unsigned)
        } catch {
            throw MarmotError(error)
        }
        guard case .proposal(let stored) = received else {
            throw MarmotError(.invalidContent, "message is not what its header says")
        }
        let verdict = try CommitRules.judge(stored, in: mls, data: data, weAreAdmin: isAdmin)
        mls = next
        if verdict == .commit, leavesCommitAt == nil {
            leavesCommitAt = now + part(of: isAdmin ? options.adminLeaveDelay : options.leaveDelay)
        }
        try storeState(&step)
    }
}

/// What a message says about itself before it is processed.
struct MessageHeader {
    let groupID: [UInt8]
    let epoch: UInt64
    let kind: Content.Kind
    let isFromMember: Bool

    init(_ bytes: [UInt8]) throws(MarmotError) {
        let message: MLSMessage
        do { message = try MLSMessage(decoding: bytes) } catch { throw MarmotError(error) }
        switch message {
        case .publicMessage(let message):
            groupID = message.content.groupID
            epoch = message.content.epoch
            kind = message.content.content.kind
            if case .member = message.content.sender { isFromMember = true } else { isFromMember = false }
        case .privateMessage(let message):
            groupID = message.groupID
            epoch = message.epoch
            kind = message.contentType
            isFromMember = true
        case .welcome, .groupInfo, .keyPackage:
            throw MarmotError(.mls(.wireFormatRefused), "message that is not for a group")
        }
    }
}
