internal import BurrowBase

/// One relay of a pool: its connection, what is asked of it, what is on its way to it.
struct RelayLink: Sendable {
    enum Connection: Sendable {
        /// Nothing to do there.
        case idle
        case pausing(until: Instant)
        case connecting(until: Instant)
        case open(Session)
    }

    /// One connection.
    struct Session: Sendable {
        let opened: Instant
        var heard: Instant
        var pingSent: Instant?
        /// When the last answer to a ping came.
        var ponged: Instant?
        var badMessages = 0
        var strayEvents = 0
        /// It has told all that it stored, or taken an event.
        var hasServed = false
        var challenge: String?
        var authentication = Authentication.unneeded
        var attempts = 0

        init(opened: Instant) {
            self.opened = opened
            heard = opened
        }
    }

    /// For an answer: half of the patience, and the other half once a ping was sent. The pong comes behind all answers to
    /// what was sent before the ping, so a relay that has sent it will not answer any more; where there is no pong the
    /// connection is lost, and what was sent with it.
    struct Wait: Sendable {
        let until: Instant
        var asked: Instant?
    }

    enum Authentication: Sendable {
        /// Not needed so far.
        case unneeded
        /// Needed, but there is no challenge yet.
        case wanted(Wait)
        /// The user decides.
        case asking
        case signing(challenge: String)
        case sent(EventID, challenge: String, Wait)
        case done
        case failed
    }

    /// A subscription at this relay.
    struct Request: Sendable {
        enum Phase: Sendable {
            case unsent
            /// Stored events come in; the deadline is for the next.
            case stored(until: Instant)
            /// The relay may have cut its answer: older pages are asked for while new events come in.
            case paging(until: Instant)
            case live
            case authenticating
            case pausing(until: Instant)
            /// The relay will not, on this connection or ever.
            case ended
        }

        let subscription: SubscriptionID
        var phase = Phase.unsent
        /// Until when the relay has told everything.
        var complete: UnixTime?
        /// When the running request was sent.
        var asked: UnixTime?
        /// Whether its stored events, or the lack of them, have been waited for.
        var hasCaughtUp = false
        var hasRetriedAuthentication = false
        var backoff: Backoff
        var errors = 0
        var page = Page()
    }

    /// The stored events of one answer.
    struct Page: Sendable {
        var count = 0
        var oldest: UnixTime?
        var until: UnixTime?
        var number = 0
        var withoutProgress = 0
    }

    /// An event on its way to this relay.
    struct Outgoing: Sendable {
        enum Phase: Sendable {
            case queued
            case sent(Wait)
            case authenticating
            case pausing(until: Instant)
        }

        let publication: PublicationID
        let event: EventID
        let message: [UInt8]
        let deadline: Instant
        var phase = Phase.queued
        var errors = 0
        var hasRetriedAuthentication = false
    }

    let id: RelayID
    let url: ServerURL
    var use: RelayUse
    var connection = Connection.idle
    var backoff: Backoff
    /// What slows publishing down after the relay asked for it.
    var slowDown: Backoff
    var heldUntil: Instant?
    var requests: [Request] = []
    var outgoing: [Outgoing] = []
    /// Since when there has been nothing to publish.
    var idleSince: Instant?
    var figures = RelayFigures()

    init(id: RelayID, url: ServerURL, use: RelayUse, options: PoolOptions) {
        self.id = id
        self.url = url
        self.use = use
        backoff = Backoff(options.reconnect)
        slowDown = Backoff(options.slowDown)
    }

    var session: Session? {
        get {
            if case .open(let session) = connection { return session }
            return nil
        }
        set {
            if let newValue, case .open = connection { connection = .open(newValue) }
        }
    }

    var isOpen: Bool { session != nil }

    var isAuthenticated: Bool {
        if case .done? = session?.authentication { return true }
        return false
    }

    /// Whether the relay is needed at all.
    var isNeeded: Bool {
        if use.isTransient { return !outgoing.isEmpty || !requests.isEmpty }
        return true
    }

    /// When something of this relay is due.
    func deadline(_ options: PoolOptions) -> Instant {
        var earliest = Instant.distantFuture
        switch connection {
        case .idle: break
        case .pausing(let until), .connecting(let until): earliest = min(earliest, until)
        case .open(let session):
            earliest = min(
                earliest,
                session.pingSent.map { $0 + options.pongPatience } ?? session.heard + options.pingAfter
            )
            switch session.authentication {
            case .wanted(let wait), .sent(_, _, let wait): earliest = min(earliest, wait.until)
            case .unneeded, .asking, .signing, .done, .failed: break
            }
            for request in requests {
                switch request.phase {
                case .stored(let until), .paging(let until), .pausing(let until):
                    earliest = min(earliest, until)
                case .unsent, .live, .authenticating, .ended: break
                }
            }
            if let heldUntil { earliest = min(earliest, heldUntil) }
            if use.isTransient, requests.isEmpty, let idleSince {
                earliest = min(earliest, idleSince + options.idleAfter)
            }
        }
        for item in outgoing {
            earliest = min(earliest, item.deadline)
            switch item.phase {
            case .sent(let wait): earliest = min(earliest, wait.until)
            case .pausing(let until): earliest = min(earliest, until)
            case .queued, .authenticating: break
            }
        }
        return earliest
    }
}
