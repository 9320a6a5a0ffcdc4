import BurrowBase
import BurrowCalls
import BurrowNostr

/// What hosts learn of calls.
extension CallDesk {
    func tell(_ event: CallEvent) {
        switch event.change {
        case .state(let state): tell(state, event)
        case .joined(let participant): tell(participant, .joined, event)
        case .left(let participant): tell(participant, .left, event)
        case .changed(let participant): tell(participant, .changed, event)
        case .unknownBroadcast(let path):
            guard let call = entry(event.call) else { return }
            note(call, event)
            tellMember(call, .unknown) { (told) in
                told.text = path
                told.participant = call.numbers[path] ?? 0
            }
        case .missed(let notice, let reason):
            let call = entry(event.call) ?? arrived(event.call, notice)
            note(call, event)
            over(call, .missed, text: reason.rawValue)
        case .unsupported(let caller, let media):
            let notice = CallNotice(caller: caller, group: [], media: media, offeredAt: UnixTime(0))
            let call = entry(event.call) ?? arrived(event.call, notice)
            note(call, event)
            over(call, .unsupported, isFailure: true)
        case .available(let notice):
            let call = entry(event.call) ?? arrived(event.call, notice)
            note(call, event)
            tell(call, .available, .none, nil)
        case .question(let notice):
            let call = entry(event.call) ?? arrived(event.call, notice)
            note(call, event)
            tell(call, .asked, .none, nil)
        case .over:
            guard let call = entry(event.call) else { return }
            note(call, event)
            over(call, .remoteHangup)
        case .present(let people): present(people, event)
        }
    }

    private func note(_ call: DeskCall, _ event: CallEvent) {
        call.host.snapshot.withLock { $0.sequence = event.number }
    }

    /// A call that came from others, with a reference of ours.
    private func arrived(_ id: CallID, _ notice: CallNotice? = nil) -> DeskCall {
        let host = HostCall(identity: keeper.host, id: id, isOutgoing: false)
        let handle = HandleTable.shared.insert(host, owner: engine.number)
        host.snapshot.withLock { (state) in
            (state.handle, state.isHeld) = (handle, handle != 0)
            guard let notice else { return }
            (state.caller, state.group, state.media) = (notice.caller, notice.group, notice.media)
        }
        let call = DeskCall(host, CallOptions())
        add(call)
        return call
    }

    // MARK: States

    private func tell(_ state: CallState, _ event: CallEvent) {
        let call = entry(event.call) ?? arrived(event.call)
        note(call, event)
        // The user wanted the one before in the same way.
        if let former = machine.call(event.call)?.predecessor, let options = takeOptions(of: former) {
            call.options = options
        }
        let shown = state.shown
        guard !shown.phase.isOver else {
            return over(call, shown.reason ?? .unknown, isFailure: shown.phase == .failed)
        }
        tell(call, shown.phase, shown.detail, shown.reason)
        switch state {
        case .outgoing(.sent): complete(&call.startRequest, call, nil)
        case .active:
            complete(&call.startRequest, call, nil)
            complete(&call.acceptRequest, call, nil)
        default: break
        }
    }

    private func complete(_ request: inout UInt64, _ call: DeskCall, _ error: EngineError?) {
        keeper.loop.complete(request, call.host.handle, error)
        request = 0
    }

    /// A call is over: its room goes, requests end, and so does our reference once the host has heard.
    func over(_ call: DeskCall, _ reason: CallEndReason, isFailure: Bool = false, text: String? = nil) {
        guard !call.isOver else { return }
        call.isOver = true
        leaveRoom(call)
        if let lease = call.lease { engine.submit(.nostr(.endLease(lease))) }
        let others = call.endRequests + call.lookRequests
        tell(call, isFailure ? .failed : .ended, .none, reason, text: text)
        let error = EngineError(ended: reason, isFailure: isFailure)
        complete(&call.startRequest, call, error)
        complete(&call.acceptRequest, call, error)
        for request in others { keeper.loop.complete(request, call.host.handle) }
        forget(call)
    }

    /// One event for one transition.
    private func tell(
        _ call: DeskCall,
        _ phase: CallPhase,
        _ detail: CallDetail,
        _ reason: CallEndReason?,
        text: String? = nil
    ) {
        let host = call.host
        let now = now
        host.snapshot.withLock { (state) in
            if state.phase != phase || state.since == nil { state.since = now }
            if phase == .active, state.started == nil { state.started = now }
            (state.phase, state.detail, state.reason) = (phase, detail, reason)
            if phase.isOver, state.text.isEmpty { state.text = text ?? reason?.rawValue ?? "" }
        }
        show(call)
        var event = HostEvent(.callState(host, phase, detail, reason), subject: host.handle, time: now)
        event.text = text ?? reason?.rawValue ?? ""
        event.data = host.snapshot.withLock { $0.caller }?.bytes ?? []
        keeper.loop.tell(event)
    }

    /// Brings what hosts can read up to date.
    func show(_ call: DeskCall) {
        let room = call.room?.snapshot.withLock { $0.handle } ?? 0
        let state = machine.call(call.host.id)
        call.host.snapshot.withLock { (shown) in
            shown.room = room
            guard let state else { return }
            (shown.media, shown.isMuted, shown.hasVideo) = (state.media, state.isMuted, state.hasVideo)
            (shown.caller, shown.peer, shown.group) = (state.caller, state.peer, state.group)
            shown.other = state.successor ?? state.predecessor
            // What is over has nobody in it any more.
            shown.members = state.roster.participants.filter(\.isPresent).map { (participant) in
                let number = participant.path.flatMap { call.numbers[$0] } ?? 0
                return HostCall.Member(number: number, participant: participant)
            }
        }
    }

    // MARK: Members

    private func tell(_ participant: Participant, _ change: CallMemberChange, _ event: CallEvent) {
        guard let call = entry(event.call) else { return }
        note(call, event)
        show(call)
        tellMember(call, change) { (told) in
            told.text = participant.path ?? ""
            told.data = participant.person.bytes
            told.participant = participant.path.flatMap { call.numbers[$0] } ?? 0
        }
    }

    private func tellMember(
        _ call: DeskCall,
        _ change: CallMemberChange,
        _ fill: (inout HostEvent) -> Void
    ) {
        var event = HostEvent(.callMember(change), subject: call.host.handle, time: now)
        fill(&event)
        keeper.loop.tell(event)
    }

    /// Who is in a call that could be joined.
    private func present(_ people: [PublicKey], _ event: CallEvent) {
        guard let call = entry(event.call) else { return }
        note(call, event)
        let known = call.host.snapshot.withLock { (state) -> [PublicKey] in
            defer {
                state.members = people.map {
                    HostCall.Member(number: 0, participant: Participant(present: $0))
                }
            }
            return state.members.map(\.participant.person)
        }
        for person in known where !people.contains(person) {
            tellMember(call, .left) { $0.data = person.bytes }
        }
        for person in people where !known.contains(person) {
            tellMember(call, .joined) { $0.data = person.bytes }
        }
    }
}
