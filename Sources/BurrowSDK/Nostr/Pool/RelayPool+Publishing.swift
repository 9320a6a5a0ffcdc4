internal import BurrowBase

/// Events on their way to relays.
extension RelayPool {
    /// Sends what may be sent now.
    mutating func pump(_ index: Int, now: Instant) {
        guard links[index].isOpen, links[index].heldUntil.map({ $0 <= now }) ?? true else { return }
        var unanswered = 0
        for item in links[index].outgoing {
            if case .sent = item.phase { unanswered += 1 }
        }
        for position in links[index].outgoing.indices where unanswered < options.unansweredPerRelay {
            switch links[index].outgoing[position].phase {
            case .queued: break
            case .pausing(let until) where until <= now: break
            case .pausing, .sent, .authenticating: continue
            }
            let wait = wait(options.answerPatience, now: now)
            links[index].outgoing[position].phase = .sent(wait)
            actions.append(.send(links[index].id, links[index].outgoing[position].message))
            unanswered += 1
        }
    }

    /// The relay has answered an event.
    mutating func receivedAnswer(
        _ id: EventID,
        _ isAccepted: Bool,
        _ reason: RelayReason,
        _ index: Int,
        now: Instant
    ) {
        guard
            let position = links[index].outgoing.firstIndex(where: { (item) in
                if item.event == id, case .sent = item.phase { return true }
                return false
            })
        else { return }
        let item = links[index].outgoing[position]
        if isAccepted || reason.kind == .duplicate {
            links[index].session?.hasServed = true
            links[index].slowDown.reset()
            links[index].figures.published += 1
            finish(index, position, .accepted(reason), now: now)
            return pump(index, now: now)
        }
        switch reason.kind {
        case .mute: finish(index, position, .unheard(reason), now: now)
        case .authenticationRequired where !item.hasRetriedAuthentication:
            links[index].outgoing[position].phase = .authenticating
            wantAuthentication(index, reason, now: now)
        case .rateLimited:
            links[index].figures.rateLimits += 1
            links[index].outgoing[position].phase = .queued
            // Answers to what was sent before the first of them ask for the same pause.
            if links[index].heldUntil.map({ $0 <= now }) ?? true {
                links[index].heldUntil = now + links[index].slowDown.next(&random)
            }
        case .error where item.errors < 2:
            links[index].outgoing[position].errors += 1
            var pause = Backoff(options.slowDown)
            links[index].outgoing[position].phase = .pausing(until: now + pause.next(&random))
        default: finish(index, position, .refused(reason), now: now)
        }
        pump(index, now: now)
    }

    mutating func finish(_ index: Int, _ position: Int, _ outcome: PublishOutcome, now: Instant) {
        let item = links[index].outgoing.remove(at: position)
        if links[index].outgoing.isEmpty { links[index].idleSince = now }
        note(item, outcome, from: links[index].id)
    }

    /// Reports one relay's outcome.
    mutating func note(_ item: RelayLink.Outgoing, _ outcome: PublishOutcome, from relay: RelayID) {
        actions.append(.published(item.publication, relay, outcome))
        publications[item.publication]?.remaining -= 1
        if outcome.isAccepted { publications[item.publication]?.accepted += 1 }
        finishIfDone(item.publication)
    }

    mutating func finishIfDone(_ id: PublicationID) {
        guard let publication = publications[id], publication.remaining <= 0 else { return }
        publications[id] = nil
        actions.append(.publishFinished(id, accepted: publication.accepted))
    }

    func wait(_ patience: Interval, now: Instant) -> RelayLink.Wait {
        RelayLink.Wait(until: now + Interval(microseconds: patience.microseconds / 2))
    }

    /// What is left of a wait; `nil` when the relay will not answer.
    mutating func remaining(
        _ wait: RelayLink.Wait,
        of patience: Interval,
        _ index: Int,
        now: Instant
    ) -> RelayLink.Wait? {
        guard wait.until <= now, let session = links[index].session else { return wait }
        if let asked = wait.asked, let ponged = session.ponged, ponged > asked { return nil }
        if session.pingSent == nil {
            links[index].session?.pingSent = now
            actions.append(.ping(links[index].id))
        }
        var next = self.wait(patience, now: now)
        next.asked = wait.asked ?? now
        return next
    }

    /// Gives up what has taken too long: altogether, or for an answer.
    mutating func expirePublications(_ index: Int, now: Instant) {
        var position = 0
        while position < links[index].outgoing.count {
            let item = links[index].outgoing[position]
            switch item.phase {
            case _ where item.deadline <= now:
                finish(index, position, links[index].isOpen ? .timedOut : .unreachable, now: now)
            case .sent(let wait):
                guard let wait = remaining(wait, of: options.answerPatience, index, now: now) else {
                    finish(index, position, .timedOut, now: now)
                    continue
                }
                links[index].outgoing[position].phase = .sent(wait)
                position += 1
            default: position += 1
            }
        }
    }
}
