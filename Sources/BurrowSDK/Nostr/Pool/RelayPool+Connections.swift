package import BurrowBase

/// Connections that come and go.
extension RelayPool {
    mutating func connectIfNeeded(_ index: Int, now: Instant) {
        guard case .idle = links[index].connection, links[index].isNeeded || !links[index].requests.isEmpty
        else {
            return
        }
        connect(index, now: now)
    }

    private mutating func connect(_ index: Int, now: Instant) {
        links[index].connection = .connecting(until: now + options.connectPatience)
        actions.append(.connect(links[index].id, links[index].url))
    }

    /// The WebSocket is open.
    package mutating func opened(_ relay: RelayID, now: Instant) {
        guard let index = index(relay), case .connecting = links[index].connection else { return }
        links[index].connection = .open(RelayLink.Session(opened: now))
        links[index].figures.connections += 1
        links[index].idleSince = links[index].outgoing.isEmpty ? now : nil
        actions.append(.stateChanged(relay, isConnected: true))
        sendRequests(index, now: now)
        pump(index, now: now)
    }

    /// The WebSocket is closed, or could not be opened.
    package mutating func closed(_ relay: RelayID, now: Instant) {
        guard let index = index(relay) else { return }
        switch links[index].connection {
        case .idle, .pausing: return
        case .connecting, .open: lose(index, pauseAtLeast: .zero, now: now)
        }
    }

    /// The relay has answered a ping.
    package mutating func ponged(_ relay: RelayID, now: Instant) {
        guard let index = index(relay) else { return }
        links[index].session?.ponged = now
        links[index].session?.heard = now
        links[index].session?.pingSent = nil
    }

    /// What the relay sends waits here, because there is no room for it; so its silence means nothing.
    package mutating func noteBusy(_ relay: RelayID, now: Instant) {
        guard let index = index(relay) else { return }
        links[index].session?.heard = now
        links[index].session?.pingSent = nil
    }

    /// Puts everything back to where a new connection begins.
    private mutating func lose(_ index: Int, pauseAtLeast least: Interval, now: Instant) {
        let session = links[index].session
        if let session, now - session.opened >= options.goodAfter { links[index].backoff.reset() }
        for position in links[index].requests.indices {
            // What was live is complete until the last sign of life; behind that events may have been lost.
            if case .live = links[index].requests[position].phase, let session {
                links[index].requests[position].complete = unix(session.heard)
            }
            links[index].requests[position].phase = .unsent
            links[index].requests[position].hasRetriedAuthentication = false
            links[index].requests[position].hasCaughtUp = true
        }
        for position in links[index].outgoing.indices {
            links[index].outgoing[position].hasRetriedAuthentication = false
            if case .pausing = links[index].outgoing[position].phase { continue }
            links[index].outgoing[position].phase = .queued
        }
        let limit = session?.hasServed == true ? options.reconnectServed : nil
        let pause = max(links[index].backoff.next(&random, limit: limit), least)
        links[index].connection = .pausing(until: now + pause)
        let id = links[index].id
        if session != nil { actions.append(.stateChanged(id, isConnected: false)) }
        let isForgotten = !links[index].isNeeded
        let subscriptions = links[index].requests.map(\.subscription)
        if isForgotten { links.remove(at: index) }
        for subscription in subscriptions { checkCaughtUp(subscription) }
    }

    /// Ends the connection to a relay that breaks the rules or is gone, and stays away for a while.
    mutating func drop(_ index: Int, pauseAtLeast least: Interval, now: Instant) {
        actions.append(.disconnect(links[index].id))
        lose(index, pauseAtLeast: least, now: now)
    }

    /// The device has another network, or was asleep: what is open is asked whether it is there, and what waits for its turn
    /// is tried now.
    package mutating func networkChanged(now: Instant) {
        for index in links.indices {
            links[index].backoff.reset()
            switch links[index].connection {
            case .idle, .connecting: break
            case .pausing: links[index].connection = .pausing(until: now)
            case .open(let session) where session.pingSent == nil:
                links[index].session?.pingSent = now
                actions.append(.ping(links[index].id))
            case .open: break
            }
        }
    }

    /// The deadline has come.
    package mutating func timerFired(now: Instant) {
        for id in links.map(\.id) {
            guard let index = index(id), links[index].deadline(options) <= now else { continue }
            timerFired(index, now: now)
        }
    }

    private mutating func timerFired(_ index: Int, now: Instant) {
        let id = links[index].id
        expirePublications(index, now: now)
        switch links[index].connection {
        case .idle: return
        case .pausing(let until):
            guard until <= now else { return }
            if links[index].isNeeded || !links[index].requests.isEmpty {
                connect(index, now: now)
            } else {
                remove(index)
            }
        case .connecting(let until):
            if until <= now { drop(index, pauseAtLeast: .zero, now: now) }
        case .open(let session):
            if let pingSent = session.pingSent {
                if pingSent + options.pongPatience <= now {
                    return drop(index, pauseAtLeast: .zero, now: now)
                }
            } else if session.heard + options.pingAfter <= now {
                links[index].session?.pingSent = now
                actions.append(.ping(id))
            }
            if links[index].use.isTransient, links[index].requests.isEmpty,
                let idleSince = links[index].idleSince, idleSince + options.idleAfter <= now
            {
                return remove(index)
            }
            expireAuthentication(index, now: now)
            expireRequests(index, now: now)
            if let held = links[index].heldUntil, held <= now { links[index].heldUntil = nil }
            pump(index, now: now)
        }
    }
}
