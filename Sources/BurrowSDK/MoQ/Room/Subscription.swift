import BurrowBase

/// A track of somebody else's that the host wants: follows it whenever its broadcast is there.
final class Subscription {
    /// A refused track is asked for again this often, with growing pauses of seconds in all: a broadcast is often
    /// announced a moment before its tracks exist.
    static let refusalsBeforeFailure = 8

    let id: TrackID
    let path: BroadcastPath
    let name: String
    let reader: FrameReader
    private(set) var state = TrackState.waiting
    private(set) var error: MoQError?
    private var refusals = 0
    /// Since when the track is live. One that fails at once again and again is asked for with growing pauses.
    private var liveSince: Instant?
    private static let lastingTrack = Interval.seconds(2)
    private var backoff = Backoff(first: .milliseconds(50), longest: .seconds(2))
    private var retry: Instant = .distantFuture
    /// How long what is under way from another source of the same track is still taken.
    private static let handOver = Interval.milliseconds(1500)
    private var handedOver: Instant = .distantFuture
    /// The broadcast being followed, to notice when another takes its place.
    private var broadcast: Broadcast?
    /// Asked for before it was announced, which saves a round trip when it is there.
    private var isUnannounced = false
    /// Requests for single groups that are not answered yet.
    private var fetches: [(request: RequestID, group: Group)] = []

    init(id: TrackID, path: BroadcastPath, name: String, reader: FrameReader) {
        self.id = id
        self.path = path
        self.name = name
        self.reader = reader
    }

    var isOver: Bool { state == .ended || state == .failed }

    var deadline: Instant { min(retry, handedOver, reader.deadline) }

    /// The broadcast is there, perhaps again.
    func follow(_ broadcast: Broadcast, _ room: Room, now: Instant) {
        guard state != .failed, self.broadcast !== broadcast || reader.track == nil else { return }
        if isUnannounced, let track = reader.track, track.isOpen {
            // It was right to ask early; now the broadcast is known.
            isUnannounced = false
            self.broadcast = broadcast
            return broadcast.adopt(track)
        }
        begin(broadcast, room, now: now)
    }

    /// Asks for the track without knowing whether the broadcast is there.
    func followUnannounced(_ session: Session, _ room: Room, now: Instant) {
        guard !isOver, !(reader.track?.isOpen ?? false), broadcast == nil || isUnannounced else { return }
        reader.detach()
        isUnannounced = true
        begin(session.unannounced(path), room, now: now)
    }

    /// The same without announcements on another session.
    func followAgain(_ session: Session, _ room: Room, now: Instant) {
        guard !isOver, isUnannounced else { return }
        begin(session.unannounced(path), room, now: now)
    }

    private func begin(_ broadcast: Broadcast, _ room: Room, now: Instant) {
        self.broadcast = broadcast
        retry = .distantFuture
        if state == .ended { set(.waiting, nil, room) }
        guard let track = broadcast.track(name) else {
            return refused(MoQError(.notFound, "no such track"), room, now: now)
        }
        // Its groups may come from here as before, or from a publisher that began anew, which the reader notices.
        reader.handOver(to: track, now: now)
        handedOver = now + Self.handOver
        changed(room, now: now)
    }

    /// Looks what became of the track since the last turn.
    func changed(_ room: Room, now: Instant) {
        guard reader.track != nil else { return }
        switch reader.state {
        case .pending: break
        case .live:
            if liveSince == nil { liveSince = now }
            set(.live, nil, room)
        case .ended:
            liveSince = nil
            reader.detach()
            set(.ended, nil, room)
        case .failed(let code):
            reader.detach()
            if let liveSince, now - liveSince >= Self.lastingTrack {
                refusals = 0
                backoff.reset()
            }
            liveSince = nil
            refused(MoQError(code), room, now: now)
        }
    }

    private func refused(_ error: MoQError, _ room: Room, now: Instant) {
        // Without the session there is nobody to ask, and an announcement that is still to come asks by itself.
        let isAnnounced = room.learned.broadcast(path) === broadcast
        guard room.session?.isEstablished ?? false, isAnnounced || !room.hearsAnnouncements(of: path) else {
            broadcast = nil
            isUnannounced = false
            return set(.waiting, error, room)
        }
        refusals += 1
        guard refusals <= Self.refusalsBeforeFailure else { return set(.failed, error, room) }
        retry = now + room.services.pause(&backoff)
        set(.waiting, error, room)
    }

    func timerFired(_ room: Room, now: Instant) {
        if now >= handedOver {
            handedOver = .distantFuture
            reader.dropFormer()
        }
        if now >= retry {
            retry = .distantFuture
            if let broadcast { begin(broadcast, room, now: now) }
        }
        if now >= reader.deadline { reader.mark(now: now) }
    }

    func sessionLost(_ room: Room, now: Instant) {
        guard !isOver else { return }
        reader.detach()
        broadcast = nil
        isUnannounced = false
        retry = .distantFuture
        finishFetches(room, MoQError(.connectionLost, "connection lost"))
        set(.waiting, nil, room)
    }

    func close(_ room: Room, _ error: MoQError, isFailure: Bool) {
        reader.detach()
        broadcast = nil
        retry = .distantFuture
        finishFetches(room, error)
        guard !isOver else { return }
        set(isFailure ? .failed : .ended, isFailure ? error : nil, room)
    }

    private func set(_ next: TrackState, _ error: MoQError?, _ room: Room) {
        self.error = error
        guard state != next else { return }
        state = next
        room.services.tell(.track(id, next, error))
    }

    // MARK: Single groups

    func fetch(_ sequence: UInt64, _ request: RequestID, _ room: Room) {
        guard let track = reader.track, let broadcast else {
            return room.services.complete(request, MoQError(.closed, "track is not there"))
        }
        if let version = room.session?.version, !version.hasFetch {
            return room.services.complete(
                request,
                MoQError(
                    .versionMismatch,
                    "fetching a group needs moq-lite-05, the relay speaks \(version.alpn)"
                )
            )
        }
        if let group = track.group(sequence), !group.isOpen {
            reader.add(fetched: group)
            fetches.append((request, group))
        } else if let fetch = broadcast.fetch(sequence, of: track, priority: reader.options.priority) {
            reader.add(fetch)
            fetches.append((request, fetch.group))
        } else {
            room.services.complete(request, MoQError(.notFound, "group \(sequence) cannot be fetched"))
        }
    }

    /// Completes the requests whose groups have come, after their frames were handed out.
    func completeFetches(_ room: Room) {
        fetches.removeAll { (request, group) in
            switch group.log.end {
            case .open: return false
            case .finished: room.services.complete(request)
            case .aborted(let code): room.services.complete(request, MoQError(StreamCode(wire: code)))
            }
            return true
        }
    }

    func cancelFetch(_ request: RequestID, _ room: Room) -> Bool {
        guard let index = fetches.firstIndex(where: { $0.request == request }) else { return false }
        fetches.remove(at: index)
        room.services.complete(request, MoQError(.cancelled, "cancelled"))
        return true
    }

    private func finishFetches(_ room: Room, _ error: MoQError) {
        for fetch in fetches { room.services.complete(fetch.request, error) }
        fetches.removeAll()
    }
}
