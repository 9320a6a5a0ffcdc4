package import BurrowBase

/// Telling relays who we are (NIP-42). The newest challenge of a connection is the one that counts.
extension RelayPool {
    private static var attemptsPerConnection: Int { 3 }

    mutating func receivedChallenge(_ challenge: String, _ index: Int, now: Instant) {
        links[index].session?.challenge = challenge
        guard let session = links[index].session else { return }
        switch session.authentication {
        case .unneeded:
            if links[index].use.authentication == .automatic { beginAuthentication(index, now: now) }
        case .wanted: beginAuthentication(index, now: now)
        case .asking, .signing, .sent, .done, .failed: break
        }
    }

    /// Something waits for authentication: begins it, or gives up what waits.
    mutating func wantAuthentication(_ index: Int, _ reason: RelayReason, now: Instant) {
        guard let session = links[index].session else { return }
        switch session.authentication {
        case .wanted, .asking, .signing, .sent: return
        case .done: resumeAuthenticated(index, now: now)
        case .failed: failAuthentication(index, reason, now: now)
        case .unneeded:
            switch links[index].use.authentication {
            case .never: failAuthentication(index, reason, now: now)
            case .automatic: beginAuthentication(index, now: now)
            case .ask:
                links[index].session?.authentication = .asking
                actions.append(.askAuthentication(links[index].id))
            }
        }
    }

    /// The user has decided whether a relay may know who we are, on this connection and later ones.
    package mutating func allowAuthentication(_ relay: RelayID, _ isAllowed: Bool, now: Instant) {
        guard let index = index(relay) else { return }
        links[index].use.authentication = isAllowed ? .automatic : .never
        guard case .asking? = links[index].session?.authentication else { return }
        if isAllowed {
            beginAuthentication(index, now: now)
        } else {
            failAuthentication(index, RelayReason("auth-required: not allowed"), now: now)
        }
    }

    private mutating func beginAuthentication(_ index: Int, now: Instant) {
        guard let session = links[index].session else { return }
        guard let challenge = session.challenge else {
            let wait = wait(options.authenticationPatience, now: now)
            links[index].session?.authentication = .wanted(wait)
            return
        }
        let draft = identity.flatMap { (identity) in
            try? RelayAuthentication.draft(
                relay: links[index].url,
                challenge: challenge,
                publicKey: identity,
                now: unix(now)
            )
        }
        guard let draft, session.attempts < Self.attemptsPerConnection else {
            return failAuthentication(index, RelayReason("auth-required: impossible"), now: now)
        }
        links[index].session?.attempts += 1
        links[index].session?.authentication = .signing(challenge: challenge)
        actions.append(.sign(links[index].id, draft))
    }

    /// The event of `sign`, signed; `nil` when there will be none.
    package mutating func authenticate(_ relay: RelayID, _ event: Event?, now: Instant) {
        guard let index = index(relay), let session = links[index].session,
            case .signing(let challenge) = session.authentication
        else { return }
        guard let event else {
            return failAuthentication(index, RelayReason("auth-required: not signed"), now: now)
        }
        // An answer to an earlier question, or for another connection of this relay.
        guard event.publicKey == identity, event.kind == .relayAuthentication,
            event.tags.value(of: "challenge")?.isSame(as: challenge) == true
        else { return }
        let wait = wait(options.authenticationPatience, now: now)
        links[index].session?.authentication = .sent(event.id, challenge: challenge, wait)
        send(.authenticate(event), to: index)
    }

    /// Whether an answer was about authentication.
    mutating func receivedAuthenticationAnswer(
        _ id: EventID,
        _ isAccepted: Bool,
        _ reason: RelayReason,
        _ index: Int,
        now: Instant
    ) -> Bool {
        guard let session = links[index].session,
            case .sent(let sent, let challenge, _) = session.authentication, sent == id
        else { return false }
        if isAccepted {
            links[index].session?.authentication = .done
            resumeAuthenticated(index, now: now)
        } else if session.challenge.map({ !$0.isSame(as: challenge) }) ?? false {
            // The relay has asked again meanwhile.
            beginAuthentication(index, now: now)
        } else {
            failAuthentication(index, reason, now: now)
        }
        return true
    }

    /// Sends once more what was refused without authentication.
    private mutating func resumeAuthenticated(_ index: Int, now: Instant) {
        for position in links[index].requests.indices {
            guard case .authenticating = links[index].requests[position].phase else { continue }
            links[index].requests[position].hasRetriedAuthentication = true
            sendRequest(index, position, now: now)
        }
        for position in links[index].outgoing.indices {
            guard case .authenticating = links[index].outgoing[position].phase else { continue }
            links[index].outgoing[position].hasRetriedAuthentication = true
            links[index].outgoing[position].phase = .queued
        }
        pump(index, now: now)
    }

    private mutating func failAuthentication(_ index: Int, _ reason: RelayReason, now: Instant) {
        links[index].session?.authentication = .failed
        for position in links[index].requests.indices {
            guard case .authenticating = links[index].requests[position].phase else { continue }
            endRequest(index, position, reason)
        }
        var position = 0
        while position < links[index].outgoing.count {
            guard case .authenticating = links[index].outgoing[position].phase else {
                position += 1
                continue
            }
            finish(index, position, .refused(reason), now: now)
        }
    }

    mutating func expireAuthentication(_ index: Int, now: Instant) {
        let patience = options.authenticationPatience
        switch links[index].session?.authentication {
        case .wanted(let wait):
            if let wait = remaining(wait, of: patience, index, now: now) {
                links[index].session?.authentication = .wanted(wait)
                return
            }
        case .sent(let id, let challenge, let wait):
            if let wait = remaining(wait, of: patience, index, now: now) {
                links[index].session?.authentication = .sent(id, challenge: challenge, wait)
                return
            }
        case nil, .unneeded, .asking, .signing, .done, .failed: return
        }
        failAuthentication(index, RelayReason("auth-required: no answer"), now: now)
    }
}
