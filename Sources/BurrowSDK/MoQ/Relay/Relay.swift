package import BurrowBase
package import BurrowQUIC

/// How an embedded relay behaves.
package struct RelayConfiguration {
    package var tls: TLSContext
    package var access: AccessPolicy
    package var versions = Version.preferred
    package var settings = TransportSettings()
    package var acceptLimits = AcceptLimits()
    package var sessionLimits = SessionLimits()
    /// How long sessions get to leave when the relay stops.
    package var farewell = Interval.seconds(1)
    /// Folder for qlog files.
    package var qlogFolder: String?
    /// From which reset tokens are made. With the one from before a restart, a relay can tell the clients of the
    /// relay before it that their sessions are gone (RFC 9000 §10.3).
    package var resetSecret: EndpointSecret?

    package init(tls: TLSContext, access: AccessPolicy) {
        self.tls = tls
        self.access = access
    }
}

/// A relay: sessions that share one origin. For development, tests and local networks.
final class Relay {
    private enum Phase: Equatable {
        case listening
        /// Everybody was told; whoever is left is closed then.
        case leaving(until: Instant)
        /// Only the last datagrams still have to go.
        case closing(until: Instant)
        case stopped
    }

    let id: RelayID
    let configuration: RelayConfiguration
    let sockets: [SocketID]
    let endpoint: Endpoint
    let origin = Origin()
    private let services: NodeServices
    private let hopID: UInt64
    private var phase = Phase.listening
    private var stopRequests: [RequestID] = []
    private var sessions = SortedTable<UInt64, Session>()
    /// When sessions end because their tokens do, earliest first.
    private var expiries: [(at: Instant, serial: UInt64)] = []
    /// Until when new sessions must have been set up, earliest first.
    private var setups = FIFO<(at: Instant, serial: UInt64)>()
    private(set) var counters = RelayCounters()
    /// Counters of sessions that are gone.
    private var past = SessionCounters()

    init(id: RelayID, configuration: RelayConfiguration, sockets: [SocketID], services: NodeServices) {
        self.id = id
        self.configuration = configuration
        self.sockets = sockets
        self.services = services
        hopID = services.newHopID()
        var settings = configuration.settings
        // Requests that arrive early are answered early; nothing in them does harm when it is heard twice.
        settings.earlyData = true
        endpoint = Endpoint(
            settings: settings,
            tls: configuration.tls,
            alpn: configuration.versions.map(\.alpn),
            allocator: services.context.allocator,
            random: services.random,
            secret: configuration.resetSecret
        )
        endpoint.acceptLimits = configuration.acceptLimits
    }

    var isStopped: Bool { phase == .stopped }

    var state: RelayState {
        switch phase {
        case .listening: .listening
        case .leaving, .closing: .stopping
        case .stopped: .stopped
        }
    }

    // MARK: Sessions

    /// Lets every session with something to say have its turn.
    func process(now: Instant) {
        while let connection = endpoint.nextActive() { process(connection, now: now) }
    }

    private func process(_ connection: Connection, now: Instant) {
        let session: Session
        if let known = connection.owner as? Session {
            session = known
        } else {
            // A connection that closed in its own turn comes round once more, without a session.
            guard connection.isOpen, sessions[connection.serial] == nil else { return drain(connection) }
            guard phase == .listening else {
                // It was still shaking hands when everybody else was told.
                connection.close(code: SessionCode.noError.rawValue, reason: "relay stopped")
                return drain(connection)
            }
            session = Session(
                connection: connection,
                setupPath: nil,
                served: origin,
                learned: origin,
                hopID: hopID,
                context: services.context
            )
            session.limits = configuration.sessionLimits
            connection.owner = session
            sessions[connection.serial] = session
            setups.append((at: now + configuration.sessionLimits.setupTime, serial: connection.serial))
            counters.sessionsAccepted &+= 1
        }
        session.process()
        while let event = session.nextEvent() {
            switch event {
            case .requested(let path): admit(session, path, now: now)
            case .established:
                if !session.scope.publish.isEmpty { session.watchAnnouncements(prefix: .root) }
            case .closed(let error): closed(session, error)
            // A client that leaves closes by itself.
            case .early, .goaway, .resumptionTicket: break
            }
        }
    }

    /// Events of a connection nobody is interested in any more.
    private func drain(_ connection: Connection) {
        while connection.nextEvent() != nil {}
    }

    private func admit(_ session: Session, _ path: String?, now: Instant) {
        let unixSeconds = services.context.unixSeconds(now)
        do {
            let grant = try configuration.access.authorize(setupPath: path, now: unixSeconds)
            if let expires = grant.expires {
                let left = Interval.seconds(max(expires - unixSeconds, 0))
                let expiry = (at: now + left, serial: session.connection.serial)
                expiries.insert(expiry, at: expiries.firstIndex { $0.at > expiry.at } ?? expiries.count)
            }
            session.accept(grant.scope)
        } catch {
            counters.sessionsRefused &+= 1
            // Not at once: during the handshake a client may not be told an application's reason (RFC 9000 §10.2.3).
            let reason = error.context
            services.context.timers.set(now + .milliseconds(5)) { [weak session] in
                session?.close(.unauthorized, reason)
            }
        }
    }

    private func closed(_ session: Session, _ error: QUICError) {
        counters.sessionsClosed &+= 1
        past.add(session.counters)
        let serial = session.connection.serial
        sessions[serial] = nil
        expiries.removeAll { $0.serial == serial }
    }

    // MARK: Stopping

    /// Tells everybody to leave, waits a moment, closes what is left.
    func stop(_ request: RequestID, now: Instant) {
        if phase == .stopped { return services.complete(request) }
        stopRequests.append(request)
        guard phase == .listening else { return }
        phase = .leaving(until: now + configuration.farewell)
        endpoint.acceptLimits.connections = 0
        services.tell(.relay(id, .stopping, nil))
        for session in sessions.values { session.sendGoaway(uri: "") }
    }

    /// Ends what is left of the sessions without waiting for anything.
    func abandonSessions() {
        for session in sessions.values { session.end(.noError, "") }
        sessions = SortedTable()
    }

    var deadline: Instant {
        var earliest = endpoint.deadline
        switch phase {
        case .leaving(let until), .closing(let until): earliest = min(earliest, until)
        case .listening, .stopped: break
        }
        if let first = expiries.first { earliest = min(earliest, first.at) }
        if let first = setups.first { earliest = min(earliest, first.at) }
        return earliest
    }

    func handleTimers(now: Instant) {
        while let first = setups.first, first.at <= now {
            _ = setups.popFirst()
            guard let session = sessions[first.serial], !session.isEstablished else { continue }
            counters.sessionsStalled &+= 1
            session.close(.controlMessageTimeout, "no setup")
        }
        while let first = expiries.first, first.at <= now {
            expiries.removeFirst()
            counters.sessionsExpired &+= 1
            sessions[first.serial]?.close(.unauthorized, "token expired")
        }
        switch phase {
        case .leaving(let until) where sessions.isEmpty || until <= now:
            for session in sessions.values {
                past.add(session.counters)
                session.end(.noError, "relay stopped")
            }
            sessions.removeAll()
            phase = .closing(until: now + .milliseconds(200))
        case .closing(let until) where until <= now:
            phase = .stopped
            for socket in sockets { services.perform(.closeSocket(socket)) }
            services.tell(.relay(id, .stopped, nil))
            for request in stopRequests { services.complete(request) }
            stopRequests.removeAll()
        default: break
        }
    }

    // MARK: Statistics

    /// A picture of the relay for people and dashboards.
    var statistics: RelayStatistics {
        var statistics = RelayStatistics(state: state, counters: counters, endpoint: endpoint.counters)
        statistics.sessions = sessions.count
        statistics.broadcasts = origin.count
        var total = past
        var tracks = 0
        for session in sessions.values {
            total.add(session.counters)
            tracks += session.upstreams.count
            statistics.subscriptions += session.downstreams.count
        }
        statistics.tracks = tracks
        statistics.total = total
        return statistics
    }
}
