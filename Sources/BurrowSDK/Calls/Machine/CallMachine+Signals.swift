package import BurrowBase
package import BurrowNostr

/// What others say.
extension CallMachine {
    /// How a signal came: the layers below vouch for its author.
    package enum Source: Equatable, Sendable {
        /// In a gift wrap; the author is who sealed it.
        case wrap
        /// As a message of this group; the author is the member who sent it.
        case group([UInt8])
    }

    /// Takes a rumor that may be a signal. False when it is none, and others may want it.
    @discardableResult
    package mutating func receive(_ message: Rumor, from source: Source, now: Instant) -> Bool {
        var rumor = message
        if case .group = source, let nested = CallSignal.nested(in: message) { rumor = nested }
        guard rumor.kind.isOfCalls else { return false }
        guard memory.see(rumor.id) else { return true }
        do throws(CallError) {
            guard let signal = try CallSignal.read(rumor) else { return true }
            take(signal, rumor, source, now: now)
        } catch {
            refusedSignals += 1
        }
        return true
    }

    private mutating func take(_ signal: CallSignal, _ rumor: Rumor, _ source: Source, now: Instant) {
        let sender = rumor.publicKey
        if case .group(let id) = source, group(id)?.members.contains(sender) != true {
            refusedSignals += 1
            return
        }
        switch signal.body {
        case .offer(let offer): receive(offer, of: signal.call, rumor, source, now: now)
        case .legacyOffer(let media): receiveLegacy(signal.call, media, rumor, source, now: now)
        case .update(let update):
            guard memory.admitUpdate(of: sender, now: now),
                !keep(.update(update, sender, source, rumor.createdAt), of: signal.call, now: now)
            else { return }
            receive(update, of: signal.call, from: sender, source, at: rumor.createdAt, now: now)
        case .end(let end):
            guard !keep(.end(end, sender, source), of: signal.call, now: now) else { return }
            receive(end, of: signal.call, from: sender, source, now: now)
        }
    }

    /// Whether a signal about a call came a way on which its sender may say that.
    private func concerns(_ group: [UInt8], peer: PublicKey?, _ sender: PublicKey, _ source: Source) -> Bool {
        switch source {
        case .group(let id): id == group
        // Our other devices tell us of calls of groups too.
        case .wrap: sender == publicKey || sender == peer
        }
    }

    // MARK: Updates

    mutating func receive(
        _ update: CallUpdate,
        of id: CallID,
        from sender: PublicKey,
        _ source: Source,
        at time: UnixTime,
        now: Instant
    ) {
        let hasAgreed = update.progress == .accepted || update.progress == .joined
        guard let index = calls.firstIndex(where: { $0.id == id && !$0.state.isOver }) else {
            if sender == publicKey, hasAgreed {
                answeredElsewhere(id, now: now)
            } else if let entry = available.firstIndex(where: { $0.received.call == id }), hasAgreed,
                source == .group(available[entry].received.group),
                !available[entry].present.contains(sender)
            {
                available[entry].present.append(sender)
            }
            return
        }
        let call = calls[index]
        guard concerns(call.group, peer: call.peer, sender, source) else { return }
        if sender == publicKey {
            if case .incoming = call.state {
                if hasAgreed { move(index, to: .ended(.answeredElsewhere), now: now) }
                return
            }
            // Another device of ours in the same call of a group; of this one nobody has to tell us.
            guard !call.isPair, update.device != device else { return }
        } else if call.isPair {
            guard isAnswering(index, update, now: now) else { return }
            calls[index].peerHeardAt = max(call.peerHeardAt ?? time, time)
            if let relay = update.relay { follow(index, to: relay, now: now) }
        }
        let members = group(call.group)?.members ?? []
        tell(calls[index].roster.update(sender, update, in: call.room, of: members), of: id)
        guard case .outgoing(let detail) = call.state else { return settle(index, now: now) }
        if hasAgreed, sender != publicKey {
            answered(index, now: now)
        } else if update.progress == .ringing, call.isPair, detail == .sent {
            move(index, to: .outgoing(.remoteRinging), now: now)
        }
    }

    /// Whether an update is of the device that is in a call of two with us. The first that accepts is; the others are told.
    private mutating func isAnswering(_ index: Int, _ update: CallUpdate, now: Instant) -> Bool {
        let call = calls[index]
        guard let device = update.device else { return true }
        if call.isOutgoing, update.progress == .accepted, call.peerDevice == nil, call.state.hasConsent {
            calls[index].peerDevice = device
            return true
        }
        guard let peer = call.peerDevice, peer != device else { return true }
        if call.isOutgoing, update.progress == .accepted {
            send(.end(CallEnd(.answeredElsewhere, scope: .call, device: device)), of: call, now: now)
        }
        return false
    }

    /// Our other device has a call whose offer is not here yet.
    private mutating func answeredElsewhere(_ id: CallID, now: Instant) {
        memory.bury(id, by: publicKey, until: now + settings.deadTime, now: now)
    }

    // MARK: Ends

    mutating func receive(
        _ end: CallEnd,
        of id: CallID,
        from sender: PublicKey,
        _ source: Source,
        now: Instant
    ) {
        if let index = calls.firstIndex(where: { $0.id == id && !$0.state.isOver }) {
            let call = calls[index]
            guard concerns(call.group, peer: call.peer, sender, source) else { return }
            if case .ending = call.state { return }
            if sender == publicKey {
                siblingEnded(index, end, now: now)
            } else if call.isPair {
                peerEnded(index, end, now: now)
            } else {
                memberEnded(index, sender, end, now: now)
            }
            return
        }
        if let entry = available.firstIndex(where: { $0.received.call == id }) {
            leaveAvailable(entry, sender, end, source)
        }
        // The offer may come later. What somebody of a group says of their own part ends nobody else's call.
        memory.bury(id, by: sender, until: now + settings.deadTime, now: now)
    }

    private mutating func siblingEnded(_ index: Int, _ end: CallEnd, now: Instant) {
        switch calls[index].state {
        case .incoming:
            if end.reason == .declined { move(index, to: .ended(.declinedElsewhere), now: now) }
        default:
            guard !calls[index].isPair, let other = end.device, other != device else { return }
            for outcome in calls[index].roster.leave(publicKey, other) { tell(outcome, of: calls[index].id) }
            settle(index, now: now)
        }
    }

    private mutating func peerEnded(_ index: Int, _ end: CallEnd, now: Instant) {
        let call = calls[index]
        if end.reason == .answeredElsewhere {
            // Here it says which device is meant, and not which one speaks.
            guard end.device == device, !call.isOutgoing else { return }
            return move(index, to: .ended(.answeredElsewhere), now: now)
        }
        if let device = end.device, let peer = call.peerDevice, device != peer { return }
        if end.reason == .relayUnreachable, canMove(call), !call.state.isActive {
            return moveOn(index, isUnreachable: true, now: now)
        }
        switch call.state {
        case .outgoing: move(index, to: .ended(end.reason == .hangup ? .declined : end.reason), now: now)
        case .incoming:
            calls[index].successor = end.successor
            move(index, to: .ended(end.reason == .glare ? .glare : .missed), now: now)
        case .connecting, .active:
            calls[index].successor = end.successor
            var isTold = end.reason == .glare || end.reason.isFailure
            // A broadcast may have looked like an answer.
            if case .connecting = call.state {
                isTold = isTold || end.reason == .declined || end.reason == .busy
            }
            // It is over: an answer would only be another signal about it.
            move(index, to: .ended(isTold ? end.reason : .remoteHangup), now: now)
        case .ending, .ended, .failed: break
        }
    }

    private mutating func memberEnded(_ index: Int, _ sender: PublicKey, _ end: CallEnd, now: Instant) {
        let call = calls[index]
        if sender == call.caller, let next = end.successor {
            calls[index].successor = next
            let follows = call.state.hasConsent
            move(index, to: .ended(.glare), now: now)
            if follows { follow(calls[index], to: next, now: now) }
            return
        }
        if end.scope == .call, endsForAll(call, sender) {
            if case .incoming = call.state { return move(index, to: .ended(.missed), now: now) }
            return move(index, to: .ended(.remoteHangup), now: now)
        }
        for outcome in calls[index].roster.leave(sender, end.device) { tell(outcome, of: call.id) }
        if case .incoming = call.state {
            if !calls[index].roster.participants.contains(where: \.isPresent) {
                move(index, to: .ended(.missed), now: now)
            }
        } else {
            settle(index, now: now)
        }
    }

    /// Admins end a group's call for all; its caller does as long as nobody else is there.
    private func endsForAll(_ call: Call, _ sender: PublicKey) -> Bool {
        if group(call.group)?.admins.contains(sender) == true { return true }
        let others = call.roster.participants.contains {
            $0.isPresent && $0.person != call.caller && $0.person != publicKey
        }
        return sender == call.caller && !others
    }

    private mutating func leaveAvailable(
        _ entry: Int,
        _ sender: PublicKey,
        _ end: CallEnd,
        _ source: Source
    ) {
        let received = available[entry].received
        guard concerns(received.group, peer: received.peer, sender, source), sender != publicKey else {
            return
        }
        let isAdmin = group(received.group)?.admins.contains(sender) == true
        available[entry].present.removeAll { $0 == sender }
        let isOver = end.scope == .call && isAdmin || available[entry].present.isEmpty || end.successor != nil
        guard isOver else { return }
        let wasTold = available.remove(at: entry).isTold
        if wasTold { tell(received.call, .over) }
    }

    /// Goes to the call that takes the place of one we were in, at once or when its offer comes.
    private mutating func follow(_ old: Call, to next: CallID, now: Instant) {
        if let entry = available.first(where: { $0.received.call == next && $0.received.group == old.group })
        {
            guard occupying == nil else { return }
            return join(
                entry.received,
                isMuted: old.isMuted,
                hasVideo: old.hasVideo,
                predecessor: old.id,
                now: now
            )
        }
        let until = now + .seconds(settings.offerLifetime)
        memory.follow(
            CallMemory.Succession(
                call: next,
                predecessor: old.id,
                group: old.group,
                isMuted: old.isMuted,
                hasVideo: old.hasVideo,
                until: until
            ),
            now: now
        )
    }
}
