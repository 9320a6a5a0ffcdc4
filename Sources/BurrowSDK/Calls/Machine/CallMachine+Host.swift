package import BurrowBase
import BurrowNostr

/// What the user wants.
extension CallMachine {
    /// Calls a group, of two people or more. The room is made first, then the others hear of it.
    package mutating func start(
        _ id: CallID,
        in group: [UInt8],
        media: CallMedia,
        route: SignalRoute? = nil,
        rings: Bool = true,
        ringTime: Interval? = nil,
        isMuted: Bool = false,
        hasVideo: Bool,
        now: Instant
    ) throws(CallError) {
        guard let view = self.group(group), view.members.count > 1 else {
            throw CallError(.noGroup, "there is nobody in this group to call")
        }
        guard occupying == nil else { throw CallError(.busy, "there is another call") }
        guard !calls.contains(where: { $0.id == id }) else {
            throw CallError(.busy, "the call is there already")
        }
        let peer = peer(in: view)
        let room = RoomPath(literal: view.room)
        var call = Call(
            id: id,
            group: group,
            peer: peer,
            caller: publicKey,
            isOutgoing: true,
            // Groups have no other way.
            route: peer == nil ? .group : route ?? .wrap,
            startedAt: unixTime(now),
            media: media,
            state: .outgoing(.publishing),
            room: room,
            path: room.path(of: publicKey, device: view.hasSiblings ? device : nil),
            relays: []
        )
        call.rings = rings
        call.ringTime = ringTime
        call.isMuted = isMuted
        call.hasVideo = hasVideo
        connect(add(call, now: now))
    }

    /// Takes a call that rings, or joins one that goes on.
    package mutating func accept(
        _ id: CallID,
        isMuted: Bool = false,
        hasVideo: Bool,
        now: Instant
    ) throws(CallError) {
        if let entry = available.first(where: { $0.received.call == id }) {
            guard occupying == nil else { throw CallError(.busy, "there is another call") }
            return join(entry.received, isMuted: isMuted, hasVideo: hasVideo, now: now)
        }
        let index = try index(id)
        guard case .incoming = calls[index].state else {
            throw CallError(.invalidState, "the call does not ring")
        }
        guard occupying == nil || occupying == index else { throw CallError(.busy, "there is another call") }
        calls[index].isMuted = isMuted
        calls[index].hasVideo = hasVideo
        agree(index, now: now)
    }

    /// Refuses a call that rings: without a word in groups, where others may want to take it.
    package mutating func decline(_ id: CallID, isBusy: Bool = false, now: Instant) throws(CallError) {
        let index = try index(id)
        guard case .incoming = calls[index].state else {
            throw CallError(.invalidState, "the call does not ring")
        }
        let reason: CallEndReason = isBusy ? .busy : .declined
        if calls[index].isPair {
            sendEnd(index, reason, now: now)
        } else {
            sendToSelf(.end(CallEnd(reason, scope: .own, device: device)), of: id, now: now)
        }
        let call = calls[index]
        move(index, to: .ended(reason), now: now)
        keepAvailable(call)
    }

    /// A call of a group that was not taken goes on, and may be joined later.
    mutating func keepAvailable(_ call: Call) {
        guard !call.isPair, let received = call.received else { return }
        var present: [PublicKey] = []
        for participant in call.roster.participants where participant.isPresent {
            if !present.contains(participant.person) { present.append(participant.person) }
        }
        makeAvailable(received, present: present, isTold: true)
    }

    /// Leaves a call, or takes it back. `forAll` ends it for everybody, which of a group only admins may.
    package mutating func end(_ id: CallID, forAll: Bool = false, now: Instant) throws(CallError) {
        let index = try index(id)
        switch calls[index].state {
        case .outgoing(.publishing): move(index, to: .ended(.cancelled), now: now)
        case .outgoing: leave(index, .cancelled, scope: .call, now: now)
        case .connecting, .active:
            let isAdmin = group(calls[index].group)?.admins.contains(publicKey) == true
            leave(index, .hangup, scope: forAll && isAdmin ? .call : nil, now: now)
        case .incoming: try decline(id, now: now)
        case .ending: break
        case .ended, .failed: throw CallError(.invalidState, "the call is over")
        }
    }

    private mutating func leave(_ index: Int, _ reason: CallEndReason, scope: CallEnd.Scope?, now: Instant) {
        let farewell = sendEnd(index, reason, scope: scope, now: now)
        guard let farewell else { return move(index, to: .ended(reason), now: now) }
        move(index, to: .ending(reason), now: now)
        calls[index].farewell = farewell
    }

    /// Says what we send from now on; `nil` leaves it.
    package mutating func update(
        _ id: CallID,
        isMuted: Bool?,
        hasVideo: Bool?,
        now: Instant
    ) throws(CallError) {
        let index = try index(id)
        guard calls[index].state.hasConsent else {
            throw CallError(.invalidState, "we are not in the call")
        }
        let old = calls[index]
        calls[index].isMuted = isMuted ?? old.isMuted
        calls[index].hasVideo = hasVideo ?? old.hasVideo
        guard calls[index].isMuted != old.isMuted || calls[index].hasVideo != old.hasVideo else { return }
        switch old.state {
        case .connecting, .active: sendUpdate(index, nil, now: now)
        // The others hear it when they are there.
        default: break
        }
    }

    /// Answers the question about an offer.
    package mutating func admit(_ id: CallID, _ admission: Admission, now: Instant) throws(CallError) {
        guard let question = questions.first(where: { $0.received.call == id && $0.isAsked }) else {
            throw CallError(.unknownCall, "there is no such question")
        }
        questions.removeAll { $0.received.call == id }
        if admission != .drop { open(question, isSilent: admission != .ring, now: now) }
    }

    /// The user does not want to hear of a call that could be joined.
    package mutating func ignore(_ id: CallID, now: Instant) {
        available.removeAll { $0.received.call == id }
        memory.bury(id, by: publicKey, until: now + settings.deadTime, now: now)
    }

    /// Asks the relay who is in a call that could be joined, as the user wishes: the relay learns of us.
    package mutating func look(_ id: CallID) throws(CallError) {
        guard let entry = available.first(where: { $0.received.call == id }) else {
            throw CallError(.unknownCall, "there is no such call to join")
        }
        look(id, entry.received.offer.room, entry.received.relays)
    }

    /// What the relay announces in that room. Nobody there, and the call is over.
    package mutating func looked(_ id: CallID, _ paths: [String]) {
        guard let index = available.firstIndex(where: { $0.received.call == id }) else { return }
        let received = available[index].received
        let members = group(received.group)?.members ?? []
        var people: [PublicKey] = []
        for path in paths {
            let owner =
                path == received.offer.path
                ? received.caller : received.offer.room.owner(of: path, among: members)?.0
            if let owner, !people.contains(owner) { people.append(owner) }
        }
        available[index].present = people
        guard people.isEmpty else { return tell(id, .present(people)) }
        available.remove(at: index)
        tell(id, .over)
    }

    func index(_ id: CallID) throws(CallError) -> Int {
        guard let index = calls.firstIndex(where: { $0.id == id }) else {
            throw CallError(.unknownCall, "there is no such call")
        }
        return index
    }

    // MARK: Agreeing

    /// The user wants this call: only from here on its relay may see us.
    mutating func agree(_ index: Int, now: Instant) {
        move(index, to: .connecting(.relay), now: now)
        sendUpdate(index, .accepted, now: now)
        connect(index)
    }

    /// Enters a call without ringing, because the user asked for it, or for the one it takes the place of.
    mutating func join(
        _ received: ReceivedOffer,
        isMuted: Bool,
        hasVideo: Bool,
        predecessor: CallID? = nil,
        now: Instant
    ) {
        var call = makeCall(received, .connecting(.relay))
        call.isMuted = isMuted
        call.hasVideo = hasVideo
        call.predecessor = predecessor
        call.connectLimit = now + settings.connectTime + settings.mediaTime
        let index = add(call, now: now)
        sendUpdate(index, .accepted, now: now)
        connect(index)
    }

    func makeCall(_ received: ReceivedOffer, _ state: CallState) -> Call {
        let siblings = group(received.group)?.hasSiblings ?? false
        let room = received.offer.room
        var call = Call(
            id: received.call,
            group: received.group,
            peer: received.peer,
            caller: received.caller,
            isOutgoing: false,
            route: received.route,
            startedAt: received.createdAt,
            media: received.offer.media,
            state: state,
            room: room,
            path: room.path(of: publicKey, device: siblings ? device : nil),
            relays: received.relays
        )
        call.peerDevice = received.offer.device
        call.received = received
        (call.offeredRelay, call.offeredAt) = (received.offer.relays.first, received.createdAt)
        let video = received.offer.media == .video
        _ = call.roster.begin(received.caller, received.offer, hasVideo: video)
        return call
    }
}
