package import BurrowBase
package import BurrowNostr

/// What the room and the clock do.
extension CallMachine {
    // MARK: The room

    /// We are in the room and announced there. `others` are relays the call could go to, if it is ours.
    package mutating func connected(
        _ id: CallID,
        relay: ServerURL,
        others: [ServerURL] = [],
        now: Instant
    ) {
        guard let index = calls.firstIndex(where: { $0.id == id }), calls[index].wantsRoom else { return }
        calls[index].isConnected = true
        if calls[index].relays.isEmpty { calls[index].relays = others }
        if calls[index].relays.first != relay {
            calls[index].relays.removeAll { $0 == relay }
            calls[index].relays.insert(relay, at: 0)
        }
        calls[index].movesAt = .distantFuture
        if calls[index].hasMoved {
            calls[index].hasMoved = false
            // Who has not answered may not have heard of it where it was.
            var rings = false
            if case .outgoing = calls[index].state { rings = calls[index].rings }
            sendOffer(index, rings: rings, now: now)
        }
        switch calls[index].state {
        case .outgoing(.publishing):
            // Who is there before we called did not come because we did.
            calls[index].earlier = calls[index].roster.participants.compactMap(\.path)
            calls[index].settlesAt = now + settings.settleTime
            sendOffer(index, rings: calls[index].rings, now: now)
            move(index, to: .outgoing(.sent), now: now)
        case .connecting(.relay):
            if calls[index].isPair {
                move(index, to: .connecting(.waitingMedia), now: now)
                // Who called is elsewhere, and has to hear where we are.
                if let offered = calls[index].offeredRelay, relay != offered {
                    sendUpdate(index, .joined, now: now)
                }
                listen(index, now: now)
            } else {
                sendUpdate(index, .joined, now: now)
                move(index, to: .active(detail(index)), now: now)
            }
        default: settle(index, now: now)
        }
    }

    /// The connection is lost and being made again.
    package mutating func connectionLost(_ id: CallID, now: Instant) {
        guard let index = calls.firstIndex(where: { $0.id == id }), calls[index].wantsRoom else { return }
        calls[index].isConnected = false
        let call = calls[index]
        if call.isOutgoing, call.relays.count > 1, call.moves < CallLimits.moves {
            calls[index].movesAt = min(call.movesAt, now + settings.moveTime)
        }
        if case .connecting(.waitingMedia) = calls[index].state {
            move(index, to: .connecting(.relay), now: now)
        } else {
            settle(index, now: now)
        }
    }

    /// There is no way into the room, or none back.
    package mutating func connectionFailed(_ id: CallID, _ reason: CallEndReason, now: Instant) {
        guard let index = calls.firstIndex(where: { $0.id == id }), calls[index].wantsRoom else { return }
        switch calls[index].state {
        case .outgoing(.publishing): break
        case .outgoing: sendEnd(index, .cancelled, scope: .call, now: now)
        case .connecting, .active:
            sendEnd(index, reason, now: now)
            if awaitsOffer(index, reason, now: now) { return }
        default: return
        }
        move(index, to: .failed(reason), now: now)
    }

    /// Who called can be elsewhere: an offer of theirs may say so soon.
    private mutating func awaitsOffer(_ index: Int, _ reason: CallEndReason, now: Instant) -> Bool {
        let call = calls[index]
        guard case .connecting = call.state, reason == .relayUnreachable, call.isPair, !call.isOutgoing,
            call.relays.count > 1, call.setbacks < CallLimits.moves
        else { return false }
        calls[index].setbacks += 1
        calls[index].awaitsOffer = true
        calls[index].timer = min(now + settings.moveTime, call.connectLimit)
        disconnect(index)
        return true
    }

    /// A broadcast came or went in a call's room.
    package mutating func announced(_ id: CallID, _ path: String, isThere: Bool, now: Instant) {
        guard let index = calls.firstIndex(where: { $0.id == id }), calls[index].state.hasConsent,
            path != calls[index].path
        else { return }
        let call = calls[index]
        let members = group(call.group)?.members ?? []
        let outcome = calls[index].roster.announce(path, isThere: isThere, in: call.room, of: members)
        tell(outcome, of: id)
        if !isThere {
            calls[index].earlier.removeAll { $0 == path }
            calls[index].heard.removeAll { $0 == path }
        }
        if isThere, now < call.settlesAt { calls[index].earlier.append(path) }
        if case .outgoing(let detail) = call.state {
            guard isThere, detail != .publishing, !calls[index].earlier.contains(path),
                let owner = calls[index].roster.owner(of: path), owner != publicKey
            else { return }
            return answered(index, now: now)
        }
        if isThere, outcome != .nothing,
            calls[index].isMuted || calls[index].hasVideo != (call.media == .video)
        {
            // They have not heard what we said before, whether or not they have said themselves that they come.
            calls[index].refreshAt = min(calls[index].refreshAt, now + .milliseconds(500))
        }
        settle(index, now: now)
    }

    /// Something of somebody's broadcast could be decrypted, so whoever it is, is in this call and in no other.
    package mutating func mediaArrived(_ id: CallID, _ path: String, now: Instant) {
        guard let index = calls.firstIndex(where: { $0.id == id }), calls[index].state.hasConsent,
            !calls[index].heard.contains(path), calls[index].heard.count < CallLimits.participants
        else { return }
        calls[index].heard.append(path)
        listen(index, now: now)
    }

    /// Goes on if what was waited for was heard, perhaps before we waited.
    private mutating func listen(_ index: Int, now: Instant) {
        let call = calls[index]
        let people = call.heard.compactMap { call.roster.owner(of: $0) }
        switch call.state {
        case .outgoing(.sent), .outgoing(.remoteRinging):
            if people.contains(where: { $0 != publicKey }) { answered(index, now: now) }
        case .connecting(.waitingMedia):
            guard let peer = call.peer, people.contains(peer) else { return }
            move(index, to: .active(detail(index)), now: now)
        default: break
        }
    }

    // MARK: What follows

    /// The other side has taken our call, or somebody of the group has.
    mutating func answered(_ index: Int, now: Instant) {
        if calls[index].isPair {
            move(index, to: .connecting(calls[index].isConnected ? .waitingMedia : .relay), now: now)
        } else {
            move(index, to: .active(detail(index)), now: now)
        }
        sendUpdate(index, .joined, now: now)
        listen(index, now: now)
    }

    /// Lets a call that is active show how it is.
    mutating func settle(_ index: Int, now: Instant) {
        guard case .active(let shown) = calls[index].state else { return }
        let actual = detail(index)
        if actual != shown { move(index, to: .active(actual), now: now) }
    }

    private func detail(_ index: Int) -> CallState.Active {
        let call = calls[index]
        guard call.isConnected else { return .reconnecting }
        if let peer = call.peer { return call.roster.isAnnounced(peer) ? .ok : .reconnecting }
        return call.roster.hasOthers(than: publicKey, device) ? .ok : .alone
    }

    // MARK: The clock

    package mutating func timerFired(now: Instant) {
        while let question = questions.first(where: { $0.deadline <= now }) {
            open(question, isSilent: question.isSilent, now: now)
        }
        for index in calls.indices {
            if calls[index].refreshAt <= now {
                calls[index].refreshAt = .distantFuture
                if case .active = calls[index].state { sendUpdate(index, .joined, now: now) }
            }
            if calls[index].movesAt <= now { moveOn(index, now: now) }
            if calls[index].timer <= now { expire(index, now: now) }
        }
        let oldest = unixTime(now) - settings.availableAge
        for entry in available where entry.received.createdAt < oldest {
            available.removeAll { $0.received.call == entry.received.call }
            if entry.isTold { tell(entry.received.call, .over) }
        }
    }

    /// Who was called is at another relay of our offer, as they could not come to the first. Unless the relays tell each other
    /// of their broadcasts, the call goes there.
    mutating func follow(_ index: Int, to relay: ServerURL, now: Instant) {
        let call = calls[index]
        guard call.isOutgoing, call.isPair, canMove(call), call.relays.dropFirst().contains(relay) else {
            return
        }
        calls[index].wantedRelay = relay
        calls[index].movesAt = min(call.movesAt, now + settings.followTime)
    }

    /// Whether our call may go to another relay.
    func canMove(_ call: Call) -> Bool {
        call.isOutgoing && call.wantsRoom && call.relays.count > 1 && call.moves < CallLimits.moves
    }

    /// The relay of our call does not come back, or is out of reach for who was called: the call goes to another one, and the
    /// others hear where it is.
    mutating func moveOn(_ index: Int, isUnreachable: Bool = false, now: Instant) {
        let call = calls[index]
        calls[index].movesAt = .distantFuture
        calls[index].wantedRelay = nil
        guard call.wantsRoom, call.relays.count > 1 else { return }
        if let wanted = call.wantedRelay, let place = call.relays.firstIndex(of: wanted) {
            if let peer = call.peer, call.isConnected, call.roster.isAnnounced(peer) { return }
            calls[index].relays.swapAt(0, place)
        } else {
            guard isUnreachable || !call.isConnected else { return }
            calls[index].relays.append(calls[index].relays.removeFirst())
        }
        calls[index].moves += 1
        calls[index].hasMoved = calls[index].state != .outgoing(.publishing)
        reconnect(index, now: now)
    }

    /// What a state waits for did not come.
    private mutating func expire(_ index: Int, now: Instant) {
        let call = calls[index]
        switch call.state {
        case .outgoing(.publishing): move(index, to: .failed(.relayUnreachable), now: now)
        case .outgoing:
            if !call.isPair, settings.waitsUnanswered {
                return move(index, to: .active(detail(index)), now: now)
            }
            sendEnd(index, .timeout, scope: .call, now: now)
            move(index, to: .ended(.timeout), now: now)
        case .incoming:
            move(index, to: .ended(.missed), now: now)
            keepAvailable(call)
        case .connecting:
            // They know already.
            if call.awaitsOffer { return move(index, to: .failed(.relayUnreachable), now: now) }
            sendEnd(index, .failed, now: now)
            move(index, to: .failed(.timeout), now: now)
        case .active(.alone):
            sendEnd(index, .timeout, now: now)
            move(index, to: .ended(.timeout), now: now)
        case .active:
            sendEnd(index, .failed, now: now)
            move(index, to: .failed(call.isConnected ? .mediaFailed : .relayUnreachable), now: now)
        case .ending(let reason): move(index, to: .ended(reason), now: now)
        case .ended, .failed: break
        }
    }
}
