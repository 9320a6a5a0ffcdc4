import BurrowBase
import BurrowQUIC

/// A room on a relay: our broadcast, everybody else's under the prefix, and the connection behind both, made again
/// whenever it breaks.
final class Room {
    enum Phase {
        /// Waiting for addresses.
        case resolving(QueryID)
        case racing(ConnectionRace)
        case connected(Attempt)
        /// Until the next attempt.
        case pausing(until: Instant)
        case closed
    }

    let id: RoomID
    var configuration: RoomConfiguration
    let services: NodeServices
    let trust: TLSContext
    let hopID: UInt64
    /// What we publish, for sessions to serve.
    let served = Origin()
    /// What the relay announces.
    let learned = Origin()
    let local = LocalBroadcast()
    /// What our own tracks take in memory.
    let account: CacheAccount

    private(set) var state = RoomState.connecting
    private(set) var lastError: MoQError?
    private(set) var connectedSince: Instant?
    var phase: Phase = .closed
    var attempts: [Attempt] = []
    private var openRequest: RequestID
    private var backoff: Backoff
    /// When making a connection has taken too long.
    private var connectDeadline: Instant = .distantFuture
    /// The most telling failure of the attempts so far.
    var attemptError: MoQError?
    /// Sockets that only wait for their last datagrams to leave.
    private var retiring: [(socket: SocketID, until: Instant)] = []
    /// A socket being opened for the running connection to move to.
    private var migration: SocketID?
    /// The connection with another token that is to take the place of the running one.
    var successor: Attempt?
    /// When the next one is due, or is given up.
    var renewalDeadline: Instant = .distantFuture
    var renewalRequest = RequestID(rawValue: 0)
    var renewalBackoff = Backoff(first: .seconds(2), longest: .seconds(60))
    /// Connections whose place another one has taken, until what was under way on them is here.
    var leaving: [(attempt: Attempt, until: Instant)] = []
    /// Who is announced no longer, and has to be told of at the end of the turn.
    var departed: [BroadcastPath] = []

    var participants: [BroadcastPath: Participant] = [:]
    var participantNumbers: [BroadcastPath: UInt32] = [:]
    var lastParticipantNumber: UInt32 = 0
    /// When participants that did not come back after a reconnect are given up.
    var reconcileDeadline: Instant = .distantFuture
    var published = SortedTable<TrackID, PublishedTrack>()
    var subscriptions = SortedTable<TrackID, Subscription>()
    /// The connections of this room that write qlog.
    var qlogSerials: Set<UInt64> = []
    /// Statistics of sessions before the present one.
    var past = SessionCounters()
    /// Of subscriptions that are closed.
    var pastReaders = ReaderCounters()

    init(
        id: RoomID,
        configuration: RoomConfiguration,
        services: NodeServices,
        request: RequestID
    ) throws(MoQError) {
        self.id = id
        self.configuration = configuration
        self.services = services
        hopID = services.newHopID()
        account = CacheAccount(services.context.cache)
        openRequest = request
        backoff = Backoff(first: configuration.firstPause, longest: configuration.longestPause)
        trust = try services.trust.context(for: configuration.trust)
        guard !configuration.versions.isEmpty else {
            throw MoQError(.invalidArgument, "no protocol version allowed")
        }
    }

    /// The session in use.
    var session: Session? {
        if case .connected(let attempt) = phase { return attempt.session }
        return nil
    }

    /// The session in use, or one that takes requests before its handshake is complete.
    var usableSession: Session? {
        if let session { return session.isEstablished ? session : nil }
        return attempts.lazy.compactMap(\.session).first { $0.isEstablished }
    }

    // MARK: Life

    func open(now: Instant) {
        if let path = configuration.path, !path.isEmpty { local.announce(at: path, in: served) }
        learned.watch(self)
        services.tell(.room(id, .connecting, nil))
        connect(now: now)
    }

    func connect(now: Instant) {
        attemptError = nil
        connectDeadline = now + configuration.connectTimeout
        switch configuration.url.host {
        case .address(let ip):
            race([SocketAddress(ip: ip, port: configuration.url.port)], now: now)
        case .name(let name):
            let query = QueryID(rawValue: services.newNumber())
            phase = .resolving(query)
            services.perform(.resolve(query, host: name))
        }
    }

    /// The connection is up: everything is asked for and offered again.
    func established(_ attempt: Attempt, _ session: Session, now: Instant) {
        phase = .connected(attempt)
        connectDeadline = .distantFuture
        connectedSince = now
        lastError = nil
        dropAttempts(but: attempt, now: now)
        let isReturn = state == .reconnecting
        state = .connected
        services.tell(.room(id, isReturn ? .restored : .connected, nil))
        services.complete(openRequest)
        openRequest = RequestID(rawValue: 0)
        reconcileDeadline = isReturn ? now + Self.reconcileGrace : .distantFuture
        ask(session, now: now)
        if attempt.url == configuration.url { completeRenewal(nil) } else { beginRenewal(now: now) }
    }

    /// How long participants may take to be announced again. When a relay restarts, the first client back finds nobody;
    /// the others are on their way.
    static let reconcileGrace = Interval.seconds(2)

    /// A connection that held this long was a good one.
    static let lastingConnection = Interval.seconds(5)

    /// The connection is gone, or could not be made.
    func lost(_ error: MoQError, now: Instant, isForGood: Bool? = nil) {
        // A relay that lets us in only to send us away again must not be asked again and again at once.
        if let connectedSince, now - connectedSince >= Self.lastingConnection { backoff.reset() }
        connectedSince = nil
        dropAttempts(but: nil, now: now)
        let wasConnected = state == .connected || state == .reconnecting
        guard wasConnected, configuration.reconnects, !(isForGood ?? !error.isTransient) else {
            return end(error, now: now)
        }
        lastError = error
        if state == .connected {
            state = .reconnecting
            services.tell(.room(id, .reconnecting, error))
            for subscription in subscriptions.values { subscription.sessionLost(self, now: now) }
        }
        phase = .pausing(until: now + services.pause(&backoff))
        connectDeadline = .distantFuture
    }

    func close(_ request: RequestID, now: Instant) {
        if case .closed = phase { return services.complete(request) }
        end(nil, now: now)
        services.complete(request)
    }

    private func end(_ error: MoQError?, now: Instant) {
        phase = .closed
        state = .closed
        lastError = error
        connectDeadline = .distantFuture
        reconcileDeadline = .distantFuture
        learned.unwatch(self)
        local.withdraw(from: served)
        dropAttempts(but: nil, now: now)
        for subscription in subscriptions.values {
            subscription.close(self, error ?? MoQError(.closed, "room closed"), isFailure: error != nil)
        }
        participants.removeAll()
        services.tell(.room(id, .closed, error))
        services.complete(openRequest, error ?? MoQError(.cancelled, "room closed"))
        openRequest = RequestID(rawValue: 0)
        completeRenewal(error ?? MoQError(.cancelled, "room closed"))
    }

    /// The host no longer waits for the room to open, so it need not.
    func cancelOpening(_ request: RequestID, now: Instant) -> Bool {
        guard openRequest == request, request.rawValue != 0 else { return false }
        end(MoQError(.cancelled, "cancelled"), now: now)
        return true
    }

    /// Whether nothing of the room is left to do.
    var isOver: Bool {
        if case .closed = phase { return retiring.isEmpty }
        return false
    }

    /// Says good-bye on all attempts but one and lets their sockets go.
    func dropAttempts(but kept: Attempt?, now: Instant) {
        for attempt in attempts + leaving.map(\.attempt) where attempt !== kept { drop(attempt, now: now) }
        attempts = kept.map { [$0] } ?? []
        leaving = []
        successor = nil
        renewalDeadline = .distantFuture
        if let migration { retire(migration, now: now) }
        migration = nil
    }

    func drop(_ attempt: Attempt, now: Instant) {
        if let session = attempt.session {
            past.add(session.counters)
            session.end(.noError, "")
        }
        attempt.session = nil
        retire(attempt.socket, now: now)
    }

    /// A socket is kept a moment longer, so that the farewell can leave.
    func retire(_ socket: SocketID, now: Instant) {
        retiring.append((socket, now + .milliseconds(300)))
    }

    // MARK: Time

    var deadline: Instant {
        var earliest = min(connectDeadline, reconcileDeadline, renewalDeadline)
        if let first = leaving.first { earliest = min(earliest, first.until) }
        switch phase {
        case .pausing(let until): earliest = min(earliest, until)
        case .racing(let race): earliest = min(earliest, race.deadline)
        case .resolving, .connected, .closed: break
        }
        if let first = retiring.first { earliest = min(earliest, first.until) }
        for subscription in subscriptions.values { earliest = min(earliest, subscription.deadline) }
        return earliest
    }

    func handleTimers(now: Instant) {
        while let first = retiring.first, first.until <= now {
            retiring.removeFirst()
            services.perform(.closeSocket(first.socket))
        }
        if now >= reconcileDeadline { reconcile(now: now) }
        handleRenewalTimers(now: now)
        if now >= connectDeadline {
            let waited = configuration.connectTimeout.milliseconds
            return lost(attemptError ?? MoQError(.timeout, "no connection after \(waited) ms"), now: now)
        }
        switch phase {
        case .pausing(let until) where until <= now: connect(now: now)
        case .racing: advanceRace(now: now)
        default: break
        }
        for subscription in subscriptions.values where subscription.deadline <= now {
            subscription.timerFired(self, now: now)
        }
        tellDepartures()
    }

    // MARK: The network below

    /// The device has another network, or was asleep.
    func networkChanged(now: Instant) {
        switch phase {
        case .connected(let attempt):
            guard migration == nil else { return }
            let socket = services.newSocket()
            migration = socket
            services.perform(.openSocket(socket, toward: attempt.address))
        case .pausing:
            backoff.reset()
            phase = .pausing(until: now)
        default: break
        }
    }

    /// Moves the running connection to a socket that was opened for it. True when the socket was meant for that.
    func migrate(to socket: SocketID, local: SocketAddress, now: Instant) -> Bool {
        guard migration == socket else { return false }
        migration = nil
        guard case .connected(let attempt) = phase, let session = attempt.session else {
            retire(socket, now: now)
            return true
        }
        let path = DatagramPath(socket: socket, local: local, remote: attempt.address)
        guard session.connection.migrate(to: path, now: now) else {
            retire(socket, now: now)
            return true
        }
        let moved = Attempt(room: self, socket: socket, address: attempt.address)
        moved.session = session
        moved.url = attempt.url
        session.connection.owner = moved
        phase = .connected(moved)
        attempts = attempts.map { $0 === attempt ? moved : $0 }
        retire(attempt.socket, now: now)
        return true
    }

    func migrationFailed(_ socket: SocketID, now: Instant) -> Bool {
        guard migration == socket else { return false }
        migration = nil
        services.perform(.closeSocket(socket))
        return true
    }
}
