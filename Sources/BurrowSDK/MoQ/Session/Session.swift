import BurrowBase
package import BurrowQUIC

/// One moq-lite session over one QUIC connection. Both sides may publish and subscribe.
///
/// What the peer may hear comes from `served`; what the peer announces goes to `learned`. A relay gives the same origin
/// for both. The owner calls `process` when the connection has events and then reads `nextEvent`.
package final class Session {
    package enum Event: Equatable {
        /// Server: the client has said where it wants to go. Answer with `accept` or `close`.
        case requested(path: String?)
        /// Client: the session takes requests that are safe to repeat, although the handshake may not be complete and the
        /// server has not said whether it accepts us. `established` follows, and when early data is refused `early`
        /// again before it.
        case early(Version)
        /// The session is ready for use.
        case established(Version)
        /// The peer is going away; an empty URI names no other place.
        case goaway(uri: String)
        case resumptionTicket(ResumptionState)
        case closed(QUICError)
    }

    enum Phase: Equatable {
        case handshaking
        /// Connected, the exchange of SETUP is not over.
        case settingUp
        /// Server: waiting for the owner's decision.
        case deciding
        case established
        case closed
    }

    package let connection: Connection
    let context: SessionContext
    /// What the peer's tracks take in memory.
    let account: CacheAccount
    let served: Origin
    let learned: Origin
    package internal(set) var version = Version.lite05
    var phase = Phase.handshaking
    package internal(set) var counters = SessionCounters()
    package var limits = SessionLimits()
    package internal(set) var scope = SessionScope.open
    /// The room or relay among the hops of an announcement (reference §4). Not one for the process: two rooms of one
    /// process on one relay must hear each other.
    let hopID: UInt64
    /// Client: the path and query of the URL, sent in SETUP.
    let setupPath: String?
    /// The peer's hop id, from its SETUP; 0 when unknown.
    var peerHop: UInt64 = 0
    var peerReportsBandwidth = false
    /// What the peer last said it could send us, bits per second; 0 when unknown.
    package internal(set) var peerBandwidth: UInt64 = 0
    var lastReport = Instant(microseconds: 0)

    private var roles: ContiguousArray<StreamRole> = [.free]
    private var freeRoles: [Int] = []
    private var events: [Event] = []
    var legacyTypeRead = false
    var isConnected = false
    var isAccepted = false
    /// Whether the handshake is still under way although the session is in use.
    var isEarly = false
    private var eventsRead = 0
    private(set) var unfinishedBytes = 0
    /// Streams whose requests wait until the session is established.
    var held: [Stream] = []
    var hasPeerSetup = false

    var now: Instant { context.now }
    var announceServers: [AnnounceServer] = []
    /// Whether changes are told at the end of this turn, or when a timer says so.
    var isTelling = false
    var waitsForReading = false
    var readingPause = Interval.milliseconds(10)
    var watcher: AnnounceWatcher?
    var upstreams = SortedTable<UInt64, Upstream>()
    var downstreams: [Downstream] = []
    /// Of those, because a peer may have thousands.
    var subscribeIDs: Set<UInt64> = []
    var nextSubscribeID: UInt64 = 0
    /// Streams at this peer that wait for an answer, by the peers who have caused them.
    var asks: [ObjectIdentifier: Int] = [:]
    var nextFlow: UInt32 = 1
    var probeServers: [ProbeServer] = []
    var freeReceivers: [GroupReceiver] = []
    /// Tracks whose groups found no free stream.
    var starved: [Downstream] = []

    package init(
        connection: Connection,
        setupPath: String?,
        served: Origin,
        learned: Origin,
        hopID: UInt64,
        context: SessionContext
    ) {
        self.hopID = hopID
        self.connection = connection
        self.setupPath = setupPath
        self.served = served
        self.learned = learned
        self.context = context
        account = CacheAccount(context.cache)
    }

    package var isEstablished: Bool { phase == .established }
    package var isClosed: Bool { phase == .closed }

    package func nextEvent() -> Event? {
        guard eventsRead < events.count else {
            events.removeAll(keepingCapacity: true)
            eventsRead = 0
            return nil
        }
        defer { eventsRead += 1 }
        return events[eventsRead]
    }

    func emit(_ event: Event) {
        events.append(event)
    }

    // MARK: Roles

    func role(of stream: Stream) -> StreamRole {
        roles.indices.contains(stream.context) ? roles[stream.context] : .free
    }

    func setRole(_ role: StreamRole, of stream: Stream) {
        if stream.context == 0 {
            if let index = freeRoles.popLast() {
                stream.context = index
            } else {
                stream.context = roles.count
                roles.append(.free)
            }
        }
        count(roles[stream.context], -1)
        count(role, 1)
        roles[stream.context] = role
    }

    /// What requests hold whose ends have not come.
    private func count(_ role: StreamRole, _ sign: Int) {
        if case .request(let buffer) = role { unfinishedBytes += sign * buffer.count }
    }

    private func clearRole(of stream: Stream) {
        guard stream.context != 0, roles.indices.contains(stream.context) else { return }
        count(roles[stream.context], -1)
        roles[stream.context] = .free
        freeRoles.append(stream.context)
        stream.context = 0
    }

    // MARK: Events of the connection

    /// Handles everything the connection has to say.
    package func process() {
        while let event = connection.nextEvent() {
            switch event {
            case .connected(let alpn): connected(alpn)
            case .streamOpened(let stream): opened(stream)
            case .readable(let stream): readable(stream)
            case .peerReset(let stream, let code): peerReset(stream, StreamCode(wire: code))
            case .peerStopped(let stream, let code): peerStopped(stream, StreamCode(wire: code))
            case .streamFinished(let stream): finished(stream)
            case .datagram(let slice): receiveDatagram(slice)
            case .creditAvailable: serveStarved()
            case .earlyDataRejected: earlyDataRejected()
            case .pathChanged: counters.pathChanges &+= 1
            case .resumptionTicket(let state): emit(.resumptionTicket(state))
            case .closed(let error): closed(error)
            }
        }
        reportIfDue()
    }

    /// Client: begins before the handshake is complete, on the strength of an earlier session's ticket.
    package func beginEarly() {
        guard phase == .handshaking, !connection.isServer, let known = Version(alpn: connection.alpn) else {
            return
        }
        version = known
        phase = .settingUp
        isEarly = true
        sendClientSetup()
    }

    /// The server did not take the early data: none of it was ever said.
    private func earlyDataRejected() {
        guard isEarly else { return }
        isEarly = false
        dropEverything()
        watcher = nil
        phase = .handshaking
        if isConnected { connected(connection.alpn) }
    }

    private func connected(_ alpn: String) {
        isConnected = true
        if isEarly {
            isEarly = false
            return tellIfAccepted()
        }
        guard phase == .handshaking else { return }
        guard let chosen = Version(alpn: alpn) else {
            return close(.versionNegotiationFailed, "unknown protocol")
        }
        version = chosen
        phase = .settingUp
        if connection.isServer {
            if !version.hasSetup && !version.hasLegacySetup { decide(path: nil) }
        } else {
            sendClientSetup()
        }
    }

    func readable(_ stream: Stream) {
        switch role(of: stream) {
        case .opening(let parser): identify(stream, parser)
        case .request(let buffer): identify(stream, buffer)
        case .setup(let buffer): receiveSetup(stream, buffer)
        case .legacySetup(let buffer): receiveLegacySetup(stream, buffer)
        case .announceServer(let server): readToEnd(stream) { end(server, stream) }
        case .announceWatcher(let watcher): receiveAnnouncements(watcher)
        case .downstream(let downstream): receiveSubscribeUpdates(downstream)
        case .upstream(let upstream): receiveResponses(upstream)
        case .groupReceiver(let receiver): receive(receiver)
        case .infoServer, .fetchServer, .probeServer, .groupSender, .ignored, .free: readToEnd(stream) {}
        case .infoRequest(let upstream, let buffer): receiveInfo(upstream, stream, buffer)
        case .fetchRequest(let request): receive(request)
        case .probeWatcher(let watcher): receiveProbes(stream, watcher)
        }
    }

    /// Throws away what comes and tells when that was all.
    private func readToEnd(_ stream: Stream, then ended: () -> Void) {
        while true {
            switch connection.read(stream) {
            case .bytes: continue
            case .pending: return
            case .end: return ended()
            }
        }
    }

    /// Moves what has arrived into a control stream's buffer. Tells whether the peer has finished its half.
    func fill(_ buffer: inout MessageBuffer, from stream: Stream) -> Bool {
        while true {
            switch connection.read(stream) {
            case .bytes(let slice): buffer.append(slice)
            case .pending: return false
            case .end: return true
            }
        }
    }

    private func peerReset(_ stream: Stream, _ code: StreamCode) {
        switch role(of: stream) {
        case .legacySetup: close(.noError, "setup stream ended")
        case .announceServer(let server): end(server, stream)
        case .announceWatcher(let watcher):
            end(watcher)
            give(up: stream)
        case .downstream(let downstream): unsubscribed(downstream)
        case .upstream(let upstream): fail(upstream, code)
        case .groupReceiver(let receiver): abandon(receiver, code)
        case .infoRequest(let upstream, _):
            give(up: stream)
            infoRefused(upstream, code)
        case .fetchRequest(let request):
            give(up: stream)
            fail(request, code)
        case .probeWatcher: give(up: stream)
        case .probeServer(let server): end(server)
        case .request: connection.reset(stream, code: StreamCode.cancelled.wire)
        case .opening, .setup, .infoServer, .fetchServer, .groupSender, .ignored, .free: break
        }
    }

    /// Ends a request of ours whose answer will not come, so that its place is free for another.
    func give(up stream: Stream, _ code: StreamCode = .cancelled) {
        setRole(.ignored, of: stream)
        connection.reset(stream, code: code.wire)
        connection.stopReading(stream, code: code.wire)
    }

    private func peerStopped(_ stream: Stream, _ code: StreamCode) {
        switch role(of: stream) {
        case .legacySetup: close(.noError, "setup stream ended")
        case .announceServer(let server): end(server, stream)
        case .downstream(let downstream): unsubscribed(downstream)
        case .groupSender(let downstream): downstream.stopped(stream)
        case .infoServer(let server):
            end(server)
            connection.stopReading(stream, code: StreamCode.cancelled.wire)
        case .fetchServer(let server):
            server.end()
            connection.stopReading(stream, code: StreamCode.cancelled.wire)
        case .probeServer(let server): end(server)
        // Peers that have read a request drop that half of its stream, and answer all the same (reference §9.1).
        default: break
        }
    }

    /// A stream is gone altogether; whoever used it must not touch it again.
    private func finished(_ stream: Stream) {
        let role = role(of: stream)
        clearRole(of: stream)
        if !held.isEmpty { held.removeAll { $0 === stream } }
        switch role {
        case .groupSender(let downstream): downstream.sent(stream)
        case .announceServer(let server): announceServers.removeAll { $0 === server }
        case .announceWatcher(let watcher): end(watcher)
        case .downstream(let downstream): finished(downstream)
        case .upstream(let upstream): finished(upstream)
        case .groupReceiver(let receiver): recycle(receiver)
        case .infoServer(let server): end(server)
        case .fetchServer(let server): server.end()
        case .probeServer(let server): probeServers.removeAll { $0 === server }
        case .infoRequest(let upstream, _): upstream.infoStream = nil
        default: break
        }
    }

    private func closed(_ error: QUICError) {
        guard phase != .closed else { return }
        phase = .closed
        dropEverything()
        connection.owner = nil
        emit(.closed(error))
    }

    /// Ends the session at once: what it taught and served is gone when this returns.
    package func end(_ code: SessionCode, _ reason: String) {
        guard phase != .closed else { return }
        close(code, reason)
        phase = .closed
        dropEverything()
        connection.owner = nil
    }

    /// The session's traces in origins and tracks go when it does.
    private func dropEverything() {
        served.unwatch(self)
        // The newest first, which each track finds at the end of its readers.
        for downstream in downstreams.reversed() { downstream.detach() }
        downstreams.removeAll()
        subscribeIDs.removeAll()
        starved.removeAll()
        for server in announceServers {
            server.announced.removeAll()
            server.changes = ChangedPaths()
        }
        announceServers.removeAll()
        for index in roles.indices {
            switch roles[index] {
            case .groupReceiver(let receiver): abandon(receiver, .sessionClosed)
            // Subscriptions that had ended but for their last groups are known by these alone.
            case .groupSender(let downstream): downstream.detach()
            case .fetchRequest(let request): fail(request, .sessionClosed)
            case .fetchServer(let server): server.end()
            case .infoServer(let server): end(server)
            default: break
            }
        }
        if let watcher { end(watcher) }
        for upstream in upstreams.values { upstream.track.setState(.failed(.sessionClosed)) }
        upstreams.removeAll()
        probeServers.removeAll()
        legacyTypeRead = false
        roles = [.free]
        unfinishedBytes = 0
        freeRoles.removeAll()
        held.removeAll()
    }

    /// Ends the session with a code the peer sees.
    package func close(_ code: SessionCode, _ reason: String) {
        connection.close(code: code.rawValue, reason: reason)
    }
}
