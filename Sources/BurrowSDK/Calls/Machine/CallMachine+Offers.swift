import BurrowBase
import BurrowNostr

/// Offers: whether they ring, and what happens when several meet (burrow-signalling §6.4–6.6).
extension CallMachine {
    mutating func receive(
        _ offer: CallOffer,
        of id: CallID,
        _ rumor: Rumor,
        _ source: Source,
        now: Instant
    ) {
        let time = unixTime(now)
        let caller = rumor.publicKey
        guard let view = group(for: offer, caller, source), rumor.createdAt <= time + settings.futureSkew,
            caller == publicKey || Roster().mayClaim(offer.path, caller, in: offer.room, of: view.members)
        else {
            refusedSignals += 1
            return
        }
        var received = ReceivedOffer(
            call: id,
            offer: offer,
            caller: caller,
            group: view.id,
            peer: peer(in: view),
            route: source == .wrap ? .wrap : .group,
            createdAt: rumor.createdAt,
            relays: []
        )
        let others = offer.relays.dropFirst().map(\.text)
        switch RelayChoice.forCallee(
            relay: offer.relays.first?.text ?? "",
            others: others,
            policy: settings.relays
        ) {
        case .dial(let candidates): received.relays = candidates.map(\.url)
        case .unsupported, .invalid: return refuse(received, now: now)
        }
        guard offer.protection == nil || offer.protection == CallOffer.protection else {
            return refuse(received, now: now)
        }
        guard !refresh(received, now: now) else { return }
        guard memory.admitOffer(of: caller, now: now) else {
            refusedSignals += 1
            return
        }
        judge(received, isExpired: rumor.isExpired(at: time), now: now)
    }

    /// The group whose keys protect a call: that of the message, or the one that both have and nobody else.
    private func group(for offer: CallOffer, _ caller: PublicKey, _ source: Source) -> GroupView? {
        if case .group(let id) = source { return group(id) }
        let pairs = groups.filter { $0.members.count == 2 && $0.members.contains(caller) }
        guard caller != publicKey else { return nil }
        return pairs.first { $0.room.hex == offer.room.room } ?? pairs.first
    }

    /// An offer again, with other places to go to. False when it is a new one.
    mutating func refresh(_ received: ReceivedOffer, now: Instant) -> Bool {
        if let index = calls.firstIndex(where: { $0.id == received.call }) {
            let call = calls[index]
            if call.isOutgoing, received.caller == call.peer { equalIDs(index, now: now) }
            guard !call.state.isOver, !call.isOutgoing, call.caller == received.caller,
                received.createdAt >= call.offeredAt ?? received.createdAt
            else { return true }
            (calls[index].offeredRelay, calls[index].offeredAt) = (
                received.offer.relays.first, received.createdAt
            )
            // Perhaps we are there already, because we could not be where they were.
            guard
                call.relays.first != received.relays.first || call.room != received.offer.room
                    || call.awaitsOffer
            else { return true }
            calls[index].relays = received.relays
            calls[index].room = received.offer.room
            if call.awaitsOffer {
                calls[index].awaitsOffer = false
                calls[index].timer = min(now + settings.connectTime, call.connectLimit)
            }
            if call.wantsRoom { reconnect(index, now: now) }
            return true
        }
        if let index = available.firstIndex(where: { $0.received.call == received.call }) {
            let known = available[index].received
            if known.caller == received.caller, known.createdAt <= received.createdAt {
                available[index].received.offer = received.offer
                available[index].received.relays = received.relays
            }
            return true
        }
        return keep(.offer(received), of: received.call, now: now)
    }

    /// Two who called each other by the same id, which does not happen by chance.
    private mutating func equalIDs(_ index: Int, now: Instant) {
        guard case .outgoing = calls[index].state else { return }
        move(index, to: .failed(.glare), now: now)
    }

    // MARK: Judging

    /// `decided` is whether it rings silently, when that is known; then it came in time.
    mutating func judge(
        _ received: ReceivedOffer,
        isExpired: Bool,
        decided: Bool? = nil,
        now: Instant
    ) {
        let age = unixTime(now) - received.createdAt
        // Answered, refused or left on another device of ours.
        guard memory.grave(of: received.call, publicKey, now: now) == nil else { return }
        if memory.grave(of: received.call, received.caller, now: now) != nil {
            return miss(received, .cancelled)
        }
        // Our other device calls a group.
        guard received.caller != publicKey else {
            return received.peer == nil ? makeAvailable(received, isTold: true) : ()
        }
        if let next = memory.takeSuccession(of: received.call, received.group, now: now), occupying == nil {
            return join(
                received,
                isMuted: next.isMuted,
                hasVideo: next.hasVideo,
                predecessor: next.predecessor,
                now: now
            )
        }
        guard decided != nil || (age <= settings.ringAge && !isExpired) else {
            if received.peer != nil { return miss(received, .timeout) }
            return age <= settings.availableAge ? makeAvailable(received, isTold: true) : ()
        }
        guard received.offer.rings else { return makeAvailable(received, isTold: true) }
        guard let current = occupying else {
            if let decided { return ring(received, isSilent: decided, now: now) }
            return admit(received, now: now)
        }
        if received.peer != nil, calls[current].peer == received.caller {
            again(current, received, now: now)
        } else if received.peer != nil {
            // Another device of ours may ring, and the user take it there.
            if group(received.group)?.hasSiblings != true {
                answer(received, .end(CallEnd(.busy, scope: .call, device: device)), now: now)
            }
            memory.bury(received.call, by: received.caller, until: now + settings.deadTime, now: now)
            tell(received.call, .missed(received.notice, .busy))
        } else if calls[current].group == received.group, isSimultaneous(calls[current], received, now: now) {
            choose(current, received, now: now)
        } else {
            makeAvailable(received, isTold: true)
        }
    }

    private mutating func admit(_ received: ReceivedOffer, now: Instant) {
        switch settings.admission {
        case .ring: ringSoon(received, isSilent: false, now: now)
        case .silence: ringSoon(received, isSilent: true, now: now)
        case .drop: memory.bury(received.call, by: received.caller, until: now + settings.deadTime, now: now)
        case .ask:
            guard questions.count < CallLimits.openQuestions else { return }
            let deadline = now + settings.questionTime
            questions.append(
                Question(received: received, deadline: deadline, isSilent: true, isAsked: true)
            )
            tell(received.call, .question(received.notice))
        }
    }

    /// An offer that was stored comes in any order with what was said later: its end, or an answer of our other device. Nobody
    /// is disturbed before that was read.
    private mutating func ringSoon(_ received: ReceivedOffer, isSilent: Bool, now: Instant) {
        guard unixTime(now) - received.createdAt >= settings.storedAge,
            questions.count < CallLimits.openQuestions
        else { return ring(received, isSilent: isSilent, now: now) }
        let deadline = now + settings.replayTime
        questions.append(
            Question(received: received, deadline: deadline, isSilent: isSilent, isAsked: false)
        )
    }

    /// Lets a call ring.
    private mutating func ring(_ received: ReceivedOffer, isSilent: Bool, now: Instant) {
        let index = add(makeCall(received, .incoming(isSilent ? .silent : .ringing)), now: now)
        if !isSilent, received.peer != nil { sendUpdate(index, .ringing, now: now) }
    }

    mutating func miss(_ received: ReceivedOffer, _ reason: CallEndReason) {
        guard received.offer.rings, received.createdAt >= settings.missedSince, received.caller != publicKey
        else {
            return
        }
        tell(received.call, .missed(received.notice, reason))
    }

    mutating func makeAvailable(_ received: ReceivedOffer, present: [PublicKey]? = nil, isTold: Bool) {
        if available.count >= CallLimits.availableCalls {
            let oldest = available.removeFirst()
            if oldest.isTold { tell(oldest.received.call, .over) }
        }
        let present = present ?? [received.caller]
        available.append(AvailableCall(received: received, present: present, isTold: isTold))
        if isTold { tell(received.call, .available(received.notice)) }
    }

    /// Says something to the caller of a call there is no state for.
    private mutating func answer(_ received: ReceivedOffer, _ body: CallSignal.Body, now: Instant) {
        send(body, of: makeCall(received, .incoming(.silent)), now: now)
    }

    private mutating func refuse(_ received: ReceivedOffer, now: Instant) {
        guard received.caller != publicKey, memory.grave(of: received.call, received.caller, now: now) == nil,
            memory.admitOffer(of: received.caller, now: now)
        else { return }
        memory.bury(received.call, by: received.caller, until: now + settings.deadTime, now: now)
        guard unixTime(now) - received.createdAt <= settings.ringAge else { return }
        if received.peer != nil {
            answer(received, .end(CallEnd(.unsupported, scope: .call, device: device)), now: now)
        }
        tell(received.call, .unsupported(received.caller, received.offer.media))
    }

    // MARK: WebRTC

    mutating func receiveLegacy(
        _ id: CallID,
        _ media: CallMedia,
        _ rumor: Rumor,
        _ source: Source,
        now: Instant
    ) {
        let caller = rumor.publicKey
        guard caller != publicKey, memory.grave(of: id, caller, now: now) == nil,
            memory.admitOffer(of: caller, now: now)
        else { return }
        memory.bury(id, by: caller, until: now + settings.deadTime, now: now)
        let age = unixTime(now) - rumor.createdAt
        guard (-settings.futureSkew...settings.ringAge).contains(age) else { return }
        tell(id, .unsupported(caller, media))
        guard settings.answersLegacyOffers else { return }
        let signal = CallSignal(id, .end(CallEnd(.unsupported, scope: .call, device: device)))
        switch source {
        case .group(let group): send(signal, to: .group(group), .group, now: now)
        case .wrap:
            let expires = unixTime(now) + settings.offerLifetime
            send(signal, to: .people([caller]), .person(caller, expires: expires), now: now)
        }
    }

    // MARK: Several at once

    /// The person we are in a call with calls us.
    private mutating func again(_ index: Int, _ received: ReceivedOffer, now: Instant) {
        let call = calls[index]
        if case .outgoing = call.state { return glare(index, received, now: now) }
        let isOld =
            if let heard = call.peerHeardAt {
                // They have spoken in this call since.
                received.createdAt <= heard
            } else if call.isOutgoing {
                // They came without a word; their offer lost against ours.
                call.id < received.call
            } else {
                received.createdAt < call.startedAt
            }
        guard !isOld else {
            return memory.bury(received.call, by: received.caller, until: now + settings.deadTime, now: now)
        }
        // They would not call if they knew of the old one.
        if case .incoming = call.state {
            move(index, to: .ended(.missed), now: now)
        } else {
            // Another device of theirs is still in it, and does not know.
            if let former = call.peerDevice, let device = received.offer.device, former != device {
                sendEnd(index, .hangup, scope: .call, now: now)
            }
            move(index, to: .ended(.remoteHangup), now: now)
        }
        admit(received, now: now)
    }

    /// Both called each other: the smaller id is the call, for both (burrow-signalling §6.5).
    private mutating func glare(_ index: Int, _ received: ReceivedOffer, now: Instant) {
        let mine = calls[index]
        let wasOffered = mine.state != .outgoing(.publishing)
        if wasOffered, mine.id < received.call {
            return memory.bury(received.call, by: received.caller, until: now + settings.deadTime, now: now)
        }
        give(index, to: received, wasOffered: wasOffered, now: now)
    }

    /// Gives our own call up for another that our user may as well be in.
    private mutating func give(_ index: Int, to received: ReceivedOffer, wasOffered: Bool, now: Instant) {
        let mine = calls[index]
        if wasOffered { sendEnd(index, .glare, scope: .call, successor: received.call, now: now) }
        calls[index].successor = received.call
        move(index, to: .ended(.glare), now: now)
        join(received, isMuted: mine.isMuted, hasVideo: mine.hasVideo, predecessor: mine.id, now: now)
    }

    /// Whether two calls of a group began so close together that they are meant as one.
    private func isSimultaneous(_ call: Call, _ received: ReceivedOffer, now: Instant) -> Bool {
        let distance = received.createdAt - call.startedAt
        return (-settings.offerLifetime...settings.offerLifetime).contains(distance)
            && unixTime(now) - call.startedAt <= settings.offerLifetime
    }

    /// Several called the group at once: everybody goes to the one with the smallest id.
    private mutating func choose(_ index: Int, _ received: ReceivedOffer, now: Instant) {
        let call = calls[index]
        let isOffered = call.isOutgoing && call.state != .outgoing(.publishing)
        if call.id < received.call, !call.isOutgoing || isOffered {
            makeAvailable(received, isTold: false)
            // Its caller may not have heard of ours.
            if isOffered { sendOffer(index, now: now) }
            return
        }
        if case .incoming = call.state {
            calls[index].successor = received.call
            move(index, to: .ended(.glare), now: now)
            return admit(received, now: now)
        }
        // The caller of the call we are in decides, and says so.
        guard call.isOutgoing else { return makeAvailable(received, isTold: false) }
        give(index, to: received, wasOffered: isOffered, now: now)
    }
}
