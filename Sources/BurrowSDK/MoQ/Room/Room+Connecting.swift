import BurrowBase
import BurrowQUIC

/// From a name to an established session.
extension Room {
    /// The resolver has answered. True when the question was ours.
    func resolved(_ query: QueryID, _ result: Result<[SocketAddress.IP], MoQError>, now: Instant) -> Bool {
        guard case .resolving(query) = phase else { return false }
        switch result {
        case .success(let addresses) where !addresses.isEmpty:
            race(addresses.map { SocketAddress(ip: $0, port: configuration.url.port) }, now: now)
        case .success:
            lost(MoQError(.nameNotFound, "\(configuration.url.host) has no address"), now: now)
        case .failure(let error):
            lost(error, now: now)
        }
        return true
    }

    func race(_ addresses: [SocketAddress], now: Instant) {
        phase = .racing(ConnectionRace(addresses, now: now))
        advanceRace(now: now)
    }

    func advanceRace(now: Instant) {
        while case .racing(var race) = phase {
            let action = race.next(now: now)
            phase = .racing(race)
            switch action {
            case .wait: return
            case .attempt(let address):
                let attempt = Attempt(room: self, socket: services.newSocket(), address: address)
                attempts.append(attempt)
                services.perform(.openSocket(attempt.socket, toward: address))
            case .exhausted:
                return lost(attemptError ?? MoQError(.unreachable, "no address answered"), now: now)
            }
        }
    }

    /// A socket is there: the handshake begins. True when the socket was ours.
    func socketOpened(_ socket: SocketID, local: SocketAddress, now: Instant) -> Bool {
        if migrate(to: socket, local: local, now: now) { return true }
        guard let attempt = attempts.first(where: { $0.socket == socket }) else { return false }
        guard attempt.session == nil else { return true }
        let ticket = services.tickets[TicketCache.Key(configuration)]
        var settings = configuration.settings
        // What a room says first can be heard twice without harm: it asks, and changes nothing.
        settings.earlyData = ticket != nil
        do {
            let connection = try services.clients.connect(
                to: tlsName,
                path: DatagramPath(socket: socket, local: local, remote: attempt.address),
                alpn: configuration.versions.map(\.alpn),
                tls: trust,
                settings: settings,
                resumption: ticket,
                now: now
            )
            let session = Session(
                connection: connection,
                setupPath: configuration.url.setupPath,
                served: served,
                learned: learned,
                hopID: hopID,
                context: services.context
            )
            session.limits = configuration.sessionLimits
            attempt.session = session
            attempt.url = configuration.url
            connection.owner = attempt
            if ticket != nil && !connection.alpn.isEmpty { session.beginEarly() }
            if configuration.qlogFolder != nil { qlogSerials.insert(connection.serial) }
        } catch {
            fail(attempt, MoQError(error), now: now)
        }
        return true
    }

    func socketFailed(_ socket: SocketID, _ error: MoQError, now: Instant) -> Bool {
        if migrationFailed(socket, now: now) { return true }
        guard let attempt = attempts.first(where: { $0.socket == socket }) else { return false }
        fail(attempt, MoQError(error.code, "\(attempt.address): \(error.context)"), now: now)
        return true
    }

    /// Nobody listens at the other end, says a router or the relay's machine; anybody could. While connecting that is
    /// believed, because it only costs the attempt. Of a running connection it is believed when it is repeated and
    /// nothing came from the relay in between, which finds a relay that died long before the idle time-out does.
    func socketRefused(_ socket: SocketID, now: Instant) -> Bool {
        guard let attempt = attempts.first(where: { $0.socket == socket }) else { return false }
        let error = MoQError(.unreachable, "nobody listens at \(attempt.address)")
        switch phase {
        case .racing:
            abandon(attempt)
            fail(attempt, error, now: now)
        case .connected(attempt):
            guard let session = attempt.session else { return true }
            let received = session.connection.statistics.receivedPackets
            if let refusal = attempt.refusal, refusal.received == received {
                guard now - refusal.since > Self.refusalPatience else { return true }
                abandon(attempt)
                lost(MoQError(.connectionLost, error.context), now: now)
            } else {
                attempt.refusal = (received, now)
            }
        default: break
        }
        return true
    }

    /// For how long a relay must be silent before refusals count.
    private static let refusalPatience = Interval.milliseconds(300)

    /// Ends an attempt's session without hearing from it again.
    private func abandon(_ attempt: Attempt) {
        if let session = attempt.session {
            past.add(session.counters)
            session.end(.noError, "")
        }
        attempt.session = nil
    }

    /// The name for SNI and verification; an address in the URL is verified as such.
    private var tlsName: String? {
        if let name = configuration.serverName { return name }
        if case .name(let name) = configuration.url.host { return name }
        return nil
    }

    /// One attempt failed; others may be under way.
    private func fail(_ attempt: Attempt, _ error: MoQError, now: Instant) {
        attempts.removeAll { $0 === attempt }
        retire(attempt.socket, now: now)
        if attempt === successor { return renewalFailed(error, now: now) }
        // A certificate that is wrong says more than an address that does not answer.
        if attemptError?.isTransient ?? true { attemptError = error }
        guard case .racing(var race) = phase else { return }
        race.attemptFailed(now: now)
        phase = .racing(race)
        advanceRace(now: now)
    }

    /// Takes what an attempt's session has to say.
    func process(_ attempt: Attempt, now: Instant) {
        guard let session = attempt.session else { return }
        session.process()
        while let event = session.nextEvent() {
            switch event {
            case .requested: break
            case .early: ask(session, now: now)
            case .established where attempt === successor: renewed(attempt, session, now: now)
            case .established:
                guard case .racing = phase else { continue }
                established(attempt, session, now: now)
            case .goaway(let uri): goingAway(attempt, uri, now: now)
            case .resumptionTicket(let state):
                services.tickets.store(state, for: TicketCache.Key(configuration))
            case .closed(let error): closed(attempt, MoQError(error), now: now)
            }
        }
        tellDepartures()
    }

    /// Asks for everything the host wants; what was asked before is not asked again.
    func ask(_ session: Session, now: Instant) {
        if configuration.discovers { session.watchAnnouncements(prefix: configuration.prefix) }
        for subscription in subscriptions.values { subscription.followUnannounced(session, self, now: now) }
    }

    /// The relay asks us to leave. We come back to the same URL: following another one would hand our token to
    /// whomever the relay names.
    private func goingAway(_ attempt: Attempt, _ uri: String, now: Instant) {
        guard case .connected(attempt) = phase else { return }
        services.tell(.note("relay is going away" + (uri.isEmpty ? "" : ", names another place")))
        lost(MoQError(.goingAway, "relay is going away"), now: now)
    }

    private func closed(_ attempt: Attempt, _ error: MoQError, now: Instant) {
        // A ticket that no longer works must not stand in the way twice.
        if case .racing = phase { services.tickets.remove(TicketCache.Key(configuration)) }
        switch phase {
        case .connected(attempt):
            attempt.session = nil
            // Who comes with another token need not be sent away again.
            lost(error, now: now, isForGood: !error.isTransient && attempt.url == configuration.url)
        case .connected where attempt === successor:
            attempt.session = nil
            fail(attempt, error, now: now)
        case .connected: left(attempt, now: now)
        case .racing where attempts.contains { $0 === attempt }:
            attempt.session = nil
            fail(attempt, error, now: now)
        default: break
        }
    }
}

extension Attempt {
    /// Lets `case .connected(attempt)` mean the very same attempt.
    static func ~= (pattern: Attempt, value: Attempt) -> Bool { pattern === value }
}
