import BurrowBase
import BurrowNostr

/// Which MoQ relay a call goes through: lists are looked up here, the loop opens sessions, and what becomes of them decides.
extension NostrLoop {
    func select(_ wish: RelayWish, _ request: UInt64) {
        let selection = RelaySelection(request, wish, now: now)
        selections.append(selection)
        consider(selection)
    }

    /// Looks for the relay of a call of ours.
    func choose(_ wish: RelayWish, for seat: CallSeat) {
        let selection = RelaySelection(Self.request(of: seat), wish, seat, now: now)
        selections.append(selection)
        consider(selection)
    }

    /// What no request of a host has as its number.
    static func request(of seat: CallSeat) -> UInt64 {
        seat.number &+ (seat.identity.number << 24) | 1 << 63
    }

    /// Finds the candidates, or waits for the own list.
    private func consider(_ selection: RelaySelection, hasWaited: Bool = false) {
        let wish = selection.wish
        if wish.isOffer { return considerOffer(selection) }
        var list = RelayDirectory.Knowledge<ServerList>.absent
        if let person = wish.person { list = directory.list(.mediaRelays, of: person, now: now) }
        let waited = Interval(microseconds: now.microseconds - selection.began.microseconds)
        let outcome = RelayChoice.forCaller(
            group: wish.group,
            ownList: list,
            standard: wish.standard,
            policy: wish.policy,
            waited: hasWaited || !wish.preferred.isEmpty ? RelayChoice.patience : waited
        )
        switch outcome {
        case .wait(let interval):
            guard let person = wish.person else { return }
            selection.until = now + interval
            withLists(of: person, .select(request: selection.request))
        case .dial(let candidates, let notes):
            selection.notes = notes
            begin(selection, preferred(wish) + candidates)
            // An old list is good enough now; the next call has a newer one.
            if let person = wish.person, case .known(_, isStale: true) = list {
                withLists(of: person, .refresh)
            }
        case .unreachable(let notes):
            selection.notes = notes
            let preferred = preferred(wish)
            guard preferred.isEmpty else { return begin(selection, preferred) }
            end(selection, EngineError(.unreachable, "there is no relay to try"))
        }
    }

    private func preferred(_ wish: RelayWish) -> [RelayChoice.Candidate] {
        wish.preferred.compactMap { (text) in
            let url = try? ServerURL(text, policy: wish.policy.own)
            return url.map { RelayChoice.Candidate($0, .standard) }
        }
    }

    private func begin(_ selection: RelaySelection, _ candidates: [RelayChoice.Candidate]) {
        var unique: [RelayChoice.Candidate] = []
        for candidate in candidates where unique.count < RelayChoice.candidateCount {
            if !unique.contains(where: { $0.url == candidate.url }) { unique.append(candidate) }
        }
        selection.begin(unique, now: now)
        // When there is no choice the call tries it itself.
        if selection.seat != nil, unique.count == 1 { return won(0, selection) }
        carryOn(selection)
    }

    private func considerOffer(_ selection: RelaySelection) {
        let relays = selection.wish.group ?? []
        let outcome = RelayChoice.forCallee(
            relay: relays.first ?? "",
            others: Array(relays.dropFirst()),
            policy: selection.wish.policy
        )
        switch outcome {
        case .dial(let candidates):
            begin(selection, candidates)
        case .unsupported:
            end(selection, EngineError(.unsupported, "the relay of the offer is refused here"))
        case .invalid:
            end(selection, EngineError(.invalidArgument, "the offer names no relay that could be one"))
        }
    }

    /// The own list is known, as well as it can be.
    func listKnown(for request: UInt64) {
        guard let selection = selections.first(where: { $0.request == request }), selection.race == nil
        else { return }
        consider(selection, hasWaited: true)
    }

    /// Looks at what is due.
    func takeSelections() {
        for selection in selections where selection.deadline <= now {
            if selection.race == nil {
                consider(selection, hasWaited: true)
            } else {
                selection.race?.advance(now: now)
                carryOn(selection)
            }
        }
    }

    /// Does what the race wants.
    private func carryOn(_ selection: RelaySelection) {
        while let action = selection.race?.nextAction() {
            switch action {
            case .dial(let index): dial(index, for: selection)
            case .drop(let index):
                if let probe = selection.probes.removeValue(forKey: index) {
                    probeActions.append(.close(probe))
                }
            }
        }
        switch selection.race?.verdict {
        case .won(let index): won(index, selection)
        case .lost(let isAuthorization):
            end(
                selection,
                isAuthorization
                    ? EngineError(.unauthorized, "no relay lets us in")
                    : EngineError(.unreachable, "no relay can be reached")
            )
        case nil: break
        }
    }

    private func dial(_ index: Int, for selection: RelaySelection) {
        lastProbe += 1
        selection.probes[index] = lastProbe
        selection.started[index] = now
        probeActions.append(.open(lastProbe, selection.candidates[index], selection.wish))
    }

    // MARK: Sessions

    func probeConnected(_ probe: UInt64) {
        guard let (selection, index) = place(of: probe) else { return }
        tell(index, of: selection, nil)
        selection.race?.connected(index, now: now)
        carryOn(selection)
    }

    func probeFailed(_ probe: UInt64, _ error: EngineError) {
        guard let (selection, index) = place(of: probe) else { return }
        selection.probes[index] = nil
        tell(index, of: selection, error)
        let failure: RelayChoice.Failure =
            switch error.code {
            case .unauthorized: .notAuthorized
            case .certificateExpired, .certificateWrongHost, .certificateUnknownIssuer, .certificateWrongPin:
                .certificate
            default: .unreachable
            }
        selection.race?.failed(index, failure, now: now)
        carryOn(selection)
    }

    private func place(of probe: UInt64) -> (RelaySelection, Int)? {
        for selection in selections {
            if let entry = selection.probes.first(where: { $0.value == probe }) {
                return (selection, entry.key)
            }
        }
        return nil
    }

    private func tell(_ index: Int, of selection: RelaySelection, _ error: EngineError?) {
        guard selection.seat == nil else { return }
        var told = HostEvent(.relayTried, subject: 0, time: now, error: error)
        told.request = selection.request
        told.text = selection.candidates[index].url.text
        told.data = Array((error?.context ?? "").utf8)
        told.value = now.microseconds - (selection.started[index] ?? now).microseconds
        outbox.append(told)
    }

    // MARK: The end

    private func won(_ index: Int, _ selection: RelaySelection) {
        let winner = selection.candidates[index]
        var notes = selection.notes
        notes += RelayChoice.notes(winner: winner, of: selection.candidates)
        let others = RelayChoice.offer(winner: winner, of: selection.candidates).others
        drop(selection)
        if let seat = selection.seat {
            let chosen = ChosenRelay(url: winner.url, others: others)
            engine.state.post(.call(seat.identity, .relay(seat, .success(chosen))))
            return
        }
        let bits: Int64 = (notes.contains(.fallback) ? 1 : 0) | (notes.contains(.groupSettingInvalid) ? 2 : 0)
        complete(
            selection.request,
            nil,
            value: bits,
            text: winner.url.text,
            data: Array(others.map(\.text).joined(separator: "\n").utf8)
        )
    }

    private func end(_ selection: RelaySelection, _ error: EngineError) {
        drop(selection)
        if let seat = selection.seat {
            engine.state.post(.call(seat.identity, .relay(seat, .failure(error))))
            return
        }
        complete(selection.request, error)
    }

    private func drop(_ selection: RelaySelection) {
        for index in selection.probes.keys.sorted() {
            if let probe = selection.probes[index] { probeActions.append(.close(probe)) }
        }
        selection.probes = [:]
        selections.removeAll { $0 === selection }
    }

    /// The host wants no relay any more.
    func forgetSelection(_ request: UInt64) {
        if let selection = selections.first(where: { $0.request == request }) { drop(selection) }
    }

    func dropSelections() {
        for selection in selections { drop(selection) }
    }
}
