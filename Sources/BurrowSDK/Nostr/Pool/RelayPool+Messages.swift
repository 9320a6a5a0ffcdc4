package import BurrowBase

/// What relays say.
extension RelayPool {
    /// A text message has come.
    package mutating func received(_ text: [UInt8], from relay: RelayID, now: Instant) {
        guard let index = index(relay), links[index].isOpen else { return }
        links[index].session?.heard = now
        links[index].session?.pingSent = nil
        let message: RelayMessage
        do {
            message = try RelayMessage(text)
        } catch {
            return noteBad(index, isEvent: Self.isOfEvent(error), now: now)
        }
        switch message {
        case .event(let name, let event): receivedEvent(event, name, index, now: now)
        case .ok(let id, let isAccepted, let reason):
            if !receivedAuthenticationAnswer(id, isAccepted, reason, index, now: now) {
                receivedAnswer(id, isAccepted, reason, index, now: now)
            }
        case .endOfStored(let name):
            guard let (position, isPage) = request(name, at: index) else { return }
            storedEnded(index, position, isPage: isPage, now: now)
        case .closed(let name, let reason):
            guard let (position, isPage) = request(name, at: index) else { return }
            requestClosed(index, position, isPage: isPage, reason, now: now)
        case .notice(let text):
            links[index].figures.notices += 1
            actions.append(.notice(relay, text))
        case .authenticate(let challenge): receivedChallenge(challenge, index, now: now)
        }
    }

    private mutating func receivedEvent(_ event: UnverifiedEvent, _ name: String, _ index: Int, now: Instant)
    {
        guard let (position, isPage) = request(name, at: index) else { return noteStray(index, now: now) }
        switch links[index].requests[position].phase {
        case .stored, .paging, .live: break
        case .unsent, .authenticating, .pausing, .ended: return noteStray(index, now: now)
        }
        guard let entry = entry(links[index].requests[position].subscription) else { return }
        links[index].figures.events += 1
        guard entry.subscription.matches(event) else { return noteBad(index, isEvent: true, now: now) }
        noteStored(event.createdAt, index, position, isPage: isPage, now: now)
        guard !seen.contains(event.id, slot: entry.slot) else {
            links[index].figures.repetitions += 1
            return
        }
        let verified: Event
        do {
            verified = try event.verified(&authors)
        } catch {
            return noteBad(index, isEvent: true, now: now)
        }
        seen.insert(verified.id, slot: entry.slot, now: now)
        guard !verified.rumor.isExpired(at: unix(now)) else { return }
        actions.append(.deliver(entry.id, verified))
    }

    /// Counts what a sound relay does not send, and leaves one that sends too much of it.
    private mutating func noteBad(_ index: Int, isEvent: Bool, now: Instant) {
        if isEvent {
            links[index].figures.invalidEvents += 1
        } else {
            links[index].figures.badMessages += 1
        }
        links[index].session?.badMessages += 1
        let count = links[index].session?.badMessages ?? 0
        if count > options.badMessagesPerConnection { drop(index, pauseAtLeast: options.penalty, now: now) }
    }

    private mutating func noteStray(_ index: Int, now: Instant) {
        links[index].figures.strayEvents += 1
        links[index].session?.strayEvents += 1
        let count = links[index].session?.strayEvents ?? 0
        if count > options.strayEventsPerConnection { drop(index, pauseAtLeast: options.penalty, now: now) }
    }

    /// Whether an error is about an event inside a message that is one.
    private static func isOfEvent(_ error: NostrError) -> Bool {
        switch error.code {
        case .missingMember, .wrongType, .invalidHex, .kindOutOfRange, .timeOutOfRange, .invalidTag: true
        default: false
        }
    }
}
