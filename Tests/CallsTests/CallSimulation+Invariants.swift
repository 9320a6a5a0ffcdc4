import BurrowBase
import BurrowCalls
import BurrowNostr

/// What holds at every moment of a schedule, and at its end.
extension CallSimulation {
    mutating func take(_ event: CallEvent, _ index: Int) {
        let device = devices[index]
        if event.number != device.lastEvent + 1 { fail("event \(event.number) after \(device.lastEvent)") }
        device.lastEvent = event.number
        guard case .state(let state) = event.change else { return }
        if let old = device.states[event.call], !(old.isOver && !state.isOver), !old.mayBecome(state) {
            fail("\(event.call) went from \(old) to \(state)")
        }
        // A call that was not taken may be joined, by the user or because the one they are in gave way to it.
        let predecessor = device.machine?.call(event.call)?.predecessor
        let isWanted =
            device.wanted.contains(event.call) || predecessor.map { device.wanted.contains($0) } == true
        if device.states[event.call]?.isOver == true, !isWanted {
            fail("\(event.call) came back from its end")
        }
        device.states[event.call] = state
        switch state {
        case .incoming, .outgoing:
            if device.rangSince[event.call] == nil { device.rangSince[event.call] = now }
        default: device.rangSince[event.call] = nil
        }
        if state == .active(.ok) { talks += 1 }
        switch state {
        case .ended(let reason), .failed(let reason):
            endings[reason, default: 0] += 1
            device.finals[event.call] = (state, now)
        default: break
        }
    }

    mutating func check(_ index: Int) {
        let device = devices[index]
        guard let machine = device.machine else { return }
        if machine.calls.count(where: { $0.state.hasConsent }) > 1 { fail("two calls at once") }
        if machine.calls.count(where: { $0.state.isOccupying }) > 1 { fail("a call rings during a call") }
        for call in machine.calls {
            if device.rooms[call.id] != nil, !call.state.hasConsent { fail("in the room of \(call.state)") }
            let members = device.groups[call.group]?.members ?? []
            if !call.state.isOver, !members.contains(device.key) { fail("a call of a group we are not in") }
            if call.roster.participants.contains(where: { !members.contains($0.person) }) {
                fail("a stranger in the roster")
            }
        }
        for (call, since) in device.rangSince where now - since > .seconds(66) {
            fail("\(call) rings for ever")
        }
    }

    mutating func checkEnd() {
        for device in devices {
            for call in device.machine?.calls ?? [] where !call.state.isOver {
                fail("\(call.id) never ends: \(call.state)")
            }
            if device.machine?.deadline != .distantFuture, device.machine != nil {
                fail("a timer without an end")
            }
        }
        if !presences.isEmpty { fail("somebody stays in a room") }
        // Both sides of a call of two agree, as far as both were alive to see it.
        for caller in devices {
            for call in caller.machine?.calls ?? [] where call.isOutgoing {
                guard let peer = call.peer, let mine = caller.finals[call.id] else { continue }
                for callee in devices where callee.key == peer && callee.machine != nil {
                    guard let theirs = callee.finals[call.id] else { continue }
                    compare(call.id, mine, theirs)
                }
            }
        }
    }

    /// A call ends on both sides, at about the same time, and for reasons that belong together.
    private mutating func compare(
        _ id: CallID,
        _ mine: (state: CallState, at: Instant),
        _ theirs: (state: CallState, at: Instant)
    ) {
        let seldom: [CallState] = [.ended(.answeredElsewhere), .ended(.declinedElsewhere)]
        guard !seldom.contains(theirs.state) else { return }
        let distance = mine.at > theirs.at ? mine.at - theirs.at : theirs.at - mine.at
        if distance > .seconds(150) {
            fail("\(id) ends here with \(mine.state), and much later there with \(theirs.state)")
        }
        // Where one device refuses and another accepts, the caller may hear the refusal first.
        let hasSeveral = devices.contains { $0.finals[id] != nil && $0.number > 0 }
        guard conditions.loss == 0, conditions.roomFailure == 0, !hasSeveral else { return }
        switch (mine.state, theirs.state) {
        case (.ended(.declined), let other), (.ended(.busy), let other):
            if case .ended = other { return }
            fail("\(id) was refused, and there it is \(other)")
        case (.ended(.hangup), let other), (.ended(.cancelled), let other):
            switch other {
            case .ended(.remoteHangup), .ended(.hangup), .ended(.missed), .ended(.declined), .ended(.busy),
                .ended(.glare):
                return
            default: fail("\(id) was ended by its caller, and there it is \(other)")
            }
        case (.ended(.remoteHangup), let other):
            switch other {
            // The last two: whoever ended it has called again before that was heard.
            case .ended(.hangup), .ended(.remoteHangup), .ended(.missed), .failed(.timeout): return
            // Refused when it had looked like an answer.
            case .ended(.declined), .ended(.busy): return
            default: fail("\(id) was ended by its callee, and there it is \(other)")
            }
        default: break
        }
    }
}
