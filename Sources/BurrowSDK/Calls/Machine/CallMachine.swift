package import BurrowBase
package import BurrowNostr

/// All calls of one identity on one device: what signals, the room, the clock and the user do to them
/// (burrow-signalling §6).
///
/// Knows no sockets. Its owner performs the actions in order, each transition of a call being one event among them,
/// and reports what came of them. At most one call is beyond ringing, and nothing connects before its user agreed.
package struct CallMachine: Sendable {
    /// An offer that came, with all that is needed to answer it later.
    struct ReceivedOffer: Equatable, Sendable {
        let call: CallID
        var offer: CallOffer
        let caller: PublicKey
        let group: [UInt8]
        let peer: PublicKey?
        let route: SignalRoute
        let createdAt: UnixTime
        /// The relays of the offer that may be used here.
        var relays: [ServerURL]

        var notice: CallNotice {
            CallNotice(caller: caller, group: group, media: offer.media, offeredAt: createdAt)
        }
    }

    /// A call of a group that goes on without us.
    struct AvailableCall: Sendable {
        var received: ReceivedOffer
        /// Who is in it for all that signals said.
        var present: [PublicKey]
        /// The host knows of it.
        var isTold: Bool
    }

    /// A signal whose outcome matters.
    private struct Waiting: Sendable {
        let number: UInt64
        let call: CallID
        let isOffer: Bool
    }

    package let publicKey: PublicKey
    package let device: DeviceID
    package var settings: CallSettings
    /// What the wall clock is ahead of the instants handed in, in microseconds.
    package var wallClockOffset: Int64
    /// Oldest first; of those that are over only the last few.
    package internal(set) var calls: [Call] = []
    var available: [AvailableCall] = []
    var questions: [Question] = []
    var memory = CallMemory()
    /// Signals that were none, or came from people who may not send them.
    package internal(set) var refusedSignals: UInt64 = 0
    private(set) var groups: [GroupView] = []
    private var actions = FIFO<CallAction>()
    private var waiting: [Waiting] = []
    private var lastEvent: UInt64 = 0
    private var lastSignal: UInt64 = 0

    package init(publicKey: PublicKey, device: DeviceID, settings: CallSettings, wallClockOffset: Int64) {
        self.publicKey = publicKey
        self.device = device
        self.settings = settings
        self.wallClockOffset = wallClockOffset
    }

    package mutating func nextAction() -> CallAction? { actions.popFirst() }

    package func call(_ id: CallID) -> Call? { calls.first { $0.id == id } }

    /// When there is something to do although nothing happened.
    package var deadline: Instant {
        var earliest = Instant.distantFuture
        for call in calls { earliest = min(earliest, min(call.timer, call.refreshAt, call.movesAt)) }
        for question in questions { earliest = min(earliest, question.deadline) }
        return earliest
    }

    // MARK: Groups

    func group(_ id: [UInt8]) -> GroupView? { groups.first { $0.id == id } }

    /// The other person of a group of two.
    func peer(in group: GroupView) -> PublicKey? {
        group.members.count == 2 ? group.members.first { $0 != publicKey } : nil
    }

    /// A group is new, or is not as it was. Who is no member any more is in none of its calls from now on.
    package mutating func setGroup(_ group: GroupView, now: Instant) {
        let old = self.group(group.id)
        groups.removeAll { $0.id == group.id }
        guard group.members.contains(publicKey) else { return removed(from: group.id, now: now) }
        groups.append(group)
        for index in calls.indices where calls[index].group == group.id && !calls[index].state.isOver {
            membersChanged(index, old: old, new: group, now: now)
        }
        dropAvailable { $0.group == group.id && !group.members.contains($0.caller) }
        drop(.cancelled) { $0.group == group.id && !group.members.contains($0.caller) }
    }

    /// We are no member any more: its calls are over for us, and nothing is signalled.
    package mutating func removeGroup(_ id: [UInt8], now: Instant) {
        groups.removeAll { $0.id == id }
        removed(from: id, now: now)
    }

    private mutating func removed(from group: [UInt8], now: Instant) {
        for index in calls.indices where calls[index].group == group && !calls[index].state.isOver {
            move(index, to: .ended(.removed), now: now)
        }
        dropAvailable { $0.group == group }
        drop(.removed) { $0.group == group }
    }

    private mutating func dropAvailable(_ isGone: (ReceivedOffer) -> Bool) {
        let gone = available.filter { isGone($0.received) }
        available.removeAll { isGone($0.received) }
        for entry in gone where entry.isTold { tell(entry.received.call, .over) }
    }

    private mutating func membersChanged(_ index: Int, old: GroupView?, new: GroupView, now: Instant) {
        let call = calls[index]
        if let peer = call.peer, !new.members.contains(peer) {
            return move(index, to: .ended(.removed), now: now)
        }
        if case .incoming = call.state, !new.members.contains(call.caller) {
            return move(index, to: .ended(.missed), now: now)
        }
        for outcome in calls[index].roster.keep(new.members) { tell(outcome, of: call.id) }
        settle(index, now: now)
        let isLarger = new.members.contains { old?.members.contains($0) == false }
        if isLarger, call.isOutgoing, call.peer == nil, case .active = calls[index].state {
            sendOffer(index, rings: false, now: now)
        }
    }

    // MARK: Transitions

    /// The only way from one state to another: one event each, in order.
    mutating func move(_ index: Int, to state: CallState, now: Instant) {
        let old = calls[index].state
        assert(old.mayBecome(state), "a call went where it cannot go")
        guard old.mayBecome(state) else { return }
        calls[index].state = state
        if state.isActive, calls[index].activeSince == nil { calls[index].activeSince = now }
        calls[index].timer = timer(index, from: old, now: now)
        tell(calls[index].id, .state(state))
        if !state.hasConsent, calls[index].wantsRoom {
            calls[index].wantsRoom = false
            calls[index].isConnected = false
            actions.append(.disconnect(calls[index].id))
        }
        guard state.isOver else { return }
        calls[index].refreshAt = .distantFuture
        calls[index].movesAt = .distantFuture
        calls[index].roster.removeAll()
        memory.bury(calls[index].id, by: calls[index].caller, until: now + settings.deadTime, now: now)
        waiting.removeAll { $0.call == calls[index].id }
    }

    private mutating func timer(_ index: Int, from old: CallState, now: Instant) -> Instant {
        switch calls[index].state {
        case .outgoing(.publishing): return now + settings.connectTime
        case .outgoing(.sent): return now + (calls[index].ringTime ?? settings.ringTime)
        case .incoming: return now + settings.ringTime
        case .outgoing(.remoteRinging): return calls[index].timer
        case .connecting(let detail):
            if case .connecting = old {
            } else {
                calls[index].connectLimit = now + settings.connectTime + settings.mediaTime
            }
            let wait = detail == .relay ? settings.connectTime : settings.mediaTime
            return min(now + wait, calls[index].connectLimit)
        case .active(.alone):
            return settings.aloneTime > .zero ? now + settings.aloneTime : .distantFuture
        case .active(.reconnecting): return now + settings.reconnectGrace
        case .ending: return now + settings.teardownTime
        case .active(.ok), .ended, .failed: return .distantFuture
        }
    }

    /// Adds a call; what is over and old goes.
    mutating func add(_ call: Call, now: Instant) -> Int {
        while calls.count(where: \.state.isOver) >= CallLimits.finishedCalls,
            let oldest = calls.firstIndex(where: \.state.isOver)
        {
            calls.remove(at: oldest)
        }
        // One that was missed may be joined later.
        calls.removeAll { $0.id == call.id && $0.state.isOver }
        available.removeAll { $0.received.call == call.id }
        questions.removeAll { $0.received.call == call.id }
        calls.append(call)
        let index = calls.count - 1
        calls[index].timer = timer(index, from: call.state, now: now)
        tell(call.id, .state(call.state))
        return index
    }

    /// The call the user is in, or that rings.
    var occupying: Int? { calls.firstIndex { $0.state.isOccupying } }

    mutating func connect(_ index: Int) {
        calls[index].wantsRoom = true
        actions.append(.connect(calls[index].id))
    }

    mutating func disconnect(_ index: Int) {
        calls[index].isConnected = false
        calls[index].heard = []
        if calls[index].state.hasConsent {
            // What the relay announced does not hold where we go.
            for outcome in calls[index].roster.forgetAnnouncements() { tell(outcome, of: calls[index].id) }
        }
        actions.append(.disconnect(calls[index].id))
    }

    /// A room that was to be entered and left since is not entered at all.
    mutating func stayOut(of call: CallID) {
        var rest = FIFO<CallAction>()
        while let action = actions.popFirst() {
            if action != .connect(call), action != .disconnect(call) { rest.append(action) }
        }
        actions = rest
    }

    /// Goes from one relay to another.
    mutating func reconnect(_ index: Int, now: Instant) {
        calls[index].movesAt = .distantFuture
        disconnect(index)
        if case .connecting(.waitingMedia) = calls[index].state {
            move(index, to: .connecting(.relay), now: now)
        } else {
            settle(index, now: now)
        }
        connect(index)
    }

    mutating func look(_ call: CallID, _ room: RoomPath, _ relays: [ServerURL]) {
        actions.append(.look(call, room, relays))
    }

    // MARK: Telling

    mutating func tell(_ call: CallID, _ change: CallEvent.Change) {
        lastEvent += 1
        actions.append(.tell(CallEvent(number: lastEvent, call: call, change: change)))
    }

    mutating func tell(_ outcome: Roster.Outcome, of call: CallID) {
        switch outcome {
        case .nothing: break
        case .joined(let participant): tell(call, .joined(participant))
        case .left(let participant): tell(call, .left(participant))
        case .changed(let participant): tell(call, .changed(participant))
        case .unknown(let path): tell(call, .unknownBroadcast(path))
        }
    }

    // MARK: Sending

    func unixTime(_ now: Instant) -> UnixTime { UnixTime(now, offset: wallClockOffset) }

    /// Sends a signal of a call to those it is for, and to our other devices if they have to know.
    @discardableResult
    mutating func send(
        _ body: CallSignal.Body,
        of call: Call,
        copiesToSelf: Bool = false,
        now: Instant
    ) -> UInt64? {
        guard call.route == .wrap, let peer = call.peer else {
            return send(CallSignal(call.id, body), to: .group(call.group), .group, now: now)
        }
        let expires = unixTime(now) + settings.offerLifetime
        let people = copiesToSelf ? [peer, publicKey] : [peer]
        return send(CallSignal(call.id, body), to: .people(people), .person(peer, expires: expires), now: now)
    }

    /// Sends a signal to our other devices only.
    mutating func sendToSelf(_ body: CallSignal.Body, of call: CallID, now: Instant) {
        let expires = unixTime(now) + settings.offerLifetime
        send(CallSignal(call, body), to: .people([publicKey]), .person(publicKey, expires: expires), now: now)
    }

    @discardableResult
    mutating func send(
        _ signal: CallSignal,
        to recipient: OutgoingSignal.Recipient,
        _ audience: CallSignal.Audience,
        now: Instant
    ) -> UInt64? {
        guard let rumor = try? signal.rumor(from: publicKey, to: audience, at: unixTime(now)) else {
            return nil
        }
        // What comes back to us is known by its id.
        _ = memory.see(rumor.id)
        lastSignal += 1
        let lifetime = settings.offerLifetime
        actions.append(
            .send(
                OutgoingSignal(
                    number: lastSignal,
                    call: signal.call,
                    recipient: recipient,
                    rumor: rumor,
                    lifetime: lifetime
                )
            )
        )
        if case .offer = signal.body {
            waiting.append(Waiting(number: lastSignal, call: signal.call, isOffer: true))
        }
        return lastSignal
    }

    mutating func sendOffer(_ index: Int, rings: Bool = true, now: Instant) {
        let call = calls[index]
        var offer = CallOffer(media: call.media, relays: call.relays, room: call.room, path: call.path)
        offer.device = device
        offer.epoch = group(call.group)?.epoch
        offer.protection = CallOffer.protection
        offer.capabilities = settings.capabilities
        offer.rings = rings
        if !rings { offer.startedAt = call.startedAt }
        send(.offer(offer), of: call, now: now)
    }

    /// Tells others how far we are, and what we send.
    mutating func sendUpdate(_ index: Int, _ progress: CallUpdate.Progress?, now: Instant) {
        // Higher than all before, those of an earlier life included.
        let milliseconds = unixTime(now).seconds.multipliedReportingOverflow(by: 1000)
        calls[index].sequence = max(
            calls[index].sequence &+ 1,
            milliseconds.overflow ? 0 : milliseconds.partialValue
        )
        var update = CallUpdate(progress)
        let call = calls[index]
        if progress != .ringing {
            update.isMuted = call.isMuted
            update.hasVideo = call.hasVideo
            update.path = call.path
            update.epoch = group(call.group)?.epoch
        }
        if let offered = call.offeredRelay, call.isPair, call.isConnected, call.relays.first != offered {
            update.relay = call.relays.first
        }
        if progress == .accepted {
            update.media = call.hasVideo ? .video : .audio
            update.capabilities = settings.capabilities
        }
        update.sequence = call.sequence
        update.device = device
        send(.update(update), of: call, copiesToSelf: progress == .accepted, now: now)
    }

    /// Tells others that we are gone, or that it is over.
    @discardableResult
    mutating func sendEnd(
        _ index: Int,
        _ reason: CallEndReason,
        scope: CallEnd.Scope? = nil,
        successor: CallID? = nil,
        now: Instant
    ) -> UInt64? {
        let call = calls[index]
        var end = CallEnd(reason, scope: scope ?? (call.isPair ? .call : .own), device: device)
        end.successor = successor
        end.duration = call.activeSince.map { (now - $0).microseconds / 1_000_000 }
        return send(.end(end), of: call, copiesToSelf: reason == .declined, now: now)
    }

    /// What became of a signal: relays have it, or none took it.
    package mutating func signalFinished(_ number: UInt64, accepted: Bool, now: Instant) {
        if let index = calls.firstIndex(where: { $0.farewell == number }) {
            calls[index].farewell = nil
            if case .ending(let reason) = calls[index].state { move(index, to: .ended(reason), now: now) }
        }
        guard let entry = waiting.first(where: { $0.number == number }) else { return }
        waiting.removeAll { $0.number == number }
        guard !accepted, entry.isOffer, let index = calls.firstIndex(where: { $0.id == entry.call }) else {
            return
        }
        if case .outgoing = calls[index].state { move(index, to: .failed(.publishFailed), now: now) }
    }
}
