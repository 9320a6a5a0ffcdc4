import BurrowBase
import BurrowNostr

/// Offers that do not ring yet: the host was asked about them, or what was stored with them is not read.
extension CallMachine {
    struct Question: Sendable {
        let received: ReceivedOffer
        let deadline: Instant
        /// What happens at the deadline.
        let isSilent: Bool
        /// The host was asked, else it knows nothing.
        let isAsked: Bool
        /// What was said of the call since.
        var later: [Later] = []
    }

    enum Later: Sendable {
        case offer(ReceivedOffer)
        case update(CallUpdate, PublicKey, Source, UnixTime)
        case end(CallEnd, PublicKey, Source)
    }

    /// Keeps what is said of a call until that rings. False when it does not wait.
    mutating func keep(_ later: Later, of id: CallID, now: Instant) -> Bool {
        guard let index = questions.firstIndex(where: { $0.received.call == id }) else { return false }
        guard questions[index].later.count < CallLimits.storedSignals else { return true }
        questions[index].later.append(later)
        // What is decided is nothing the host has to think about.
        let question = questions[index]
        if question.isAsked, let reason = begun(question, isSilent: true, now: now).reason {
            close(question, reason, now: now)
        }
        return true
    }

    /// Lets a call ring, as it is after all that was said of it; or not, if it is over.
    mutating func open(_ question: Question, isSilent: Bool, now: Instant) {
        let (next, reason) = begun(question, isSilent: isSilent, now: now)
        if let reason { close(question, reason, now: now) } else { self = next }
    }

    /// What becomes of it, and why it is over, if it would only have rung.
    private func begun(
        _ question: Question,
        isSilent: Bool,
        now: Instant
    ) -> (next: CallMachine, reason: CallEndReason?) {
        let id = question.received.call
        var next = self
        next.questions.removeAll { $0.received.call == id }
        next.judge(question.received, isExpired: false, decided: isSilent, now: now)
        let rings = next.calls.contains {
            if $0.id == id, case .incoming = $0.state { true } else { false }
        }
        for later in question.later { next.replay(later, of: id, now: now) }
        let state = next.calls.first { $0.id == id }?.state
        // Where all of it has already been, nobody has to go.
        if state?.isOver ?? true { next.stayOut(of: id) }
        guard rings, case .ended(let reason) = state else { return (next, nil) }
        return (next, reason)
    }

    private mutating func close(_ question: Question, _ reason: CallEndReason, now: Instant) {
        let received = question.received
        questions.removeAll { $0.received.call == received.call }
        // Said of a call that is not here, these hold for its offer when that comes again.
        for later in question.later { replay(later, of: received.call, now: now) }
        memory.bury(received.call, by: received.caller, until: now + settings.deadTime, now: now)
        let shown = reason == .missed ? .cancelled : reason
        if question.isAsked {
            tell(received.call, .missed(received.notice, shown))
        } else if shown == .cancelled {
            miss(received, shown)
        }
    }

    private mutating func replay(_ later: Later, of id: CallID, now: Instant) {
        switch later {
        case .offer(let received): _ = refresh(received, now: now)
        case .update(let update, let sender, let source, let time):
            receive(update, of: id, from: sender, source, at: time, now: now)
        case .end(let end, let sender, let source): receive(end, of: id, from: sender, source, now: now)
        }
    }

    /// Offers about which nothing is to be decided any more.
    mutating func drop(_ reason: CallEndReason, _ isGone: (ReceivedOffer) -> Bool) {
        let gone = questions.filter { isGone($0.received) }
        questions.removeAll { isGone($0.received) }
        for question in gone where question.isAsked {
            tell(question.received.call, .missed(question.received.notice, reason))
        }
    }
}
