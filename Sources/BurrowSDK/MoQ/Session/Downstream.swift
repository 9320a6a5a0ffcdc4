import BurrowBase
import BurrowQUIC

/// A subscription of the peer's that we serve: which groups it has, and the streams they are on.
///
/// Nothing is queued here. A group stream follows the group's log; this object only decides which groups get a stream,
/// in which order they go, and when one is too old to go on.
final class Downstream: TrackReader {
    private struct Sender {
        let stream: Stream
        let group: Group
    }

    private weak var session: Session?
    let stream: Stream
    let id: UInt64
    let track: Track
    var buffer: MessageBuffer
    private(set) var options: SubscribeOptions
    private let flow: UInt32
    private var senders: ContiguousArray<Sender> = []
    private var served = SequenceWindow()
    /// Groups before this one are not wanted.
    private var floor: UInt64
    private var hasAnswered = false
    /// Whether a group was sent.
    private var hasBegun = false
    private var isOver = false
    /// Whether the peer was told that nothing more begins.
    private var isFinished = false
    private var isLeaving = false
    /// Whether a group found no free stream.
    private(set) var isStarved = false

    var wanted: SubscribeOptions? { options }

    init(
        session: Session,
        stream: Stream,
        request: Subscribe,
        track: Track,
        flow: UInt32,
        buffer: MessageBuffer
    ) {
        self.session = session
        self.stream = stream
        self.track = track
        self.buffer = buffer
        self.flow = flow
        id = request.id
        options = request.options
        // What is under way on a good line; more comes when it is needed.
        senders.reserveCapacity(8)
        // Who cannot say how old a group may get takes what there is.
        if !session.version.hasSubscribeOptions { options.maxAge = TrackLimits.retention }
        // Whoever names no group begins with the newest, from its first frame.
        floor = options.startGroup ?? track.latest?.sequence ?? 0
    }

    // MARK: Serving

    func trackChanged(_ track: Track, now: Instant) {
        guard !isOver, let session else { return }
        switch track.state {
        case .pending: break
        case .failed(let code):
            return session.refuse(self, code)
        case .live, .ended: answer(session)
        }
        // A few groups change in a turn; all others are left alone.
        for group in track.changed { offer(group, session) }
        if !track.changed.isEmpty || track.isAging { expire(session) }
        announceStart(session)
        for datagram in track.datagrams { send(datagram, session) }
        if track.state == .ended && !isStarved { finish(session) }
    }

    /// Offers everything the track holds: at the beginning, after an update and when streams are free again.
    func offerAll() {
        guard !isOver, let session else { return }
        isStarved = false
        if track.state == .live || track.state == .ended { answer(session) }
        // Without a free stream for one group there is none for the others.
        if options.ordered {
            for group in track.groups where !isStarved { offer(group, session) }
        } else {
            for group in track.groups.reversed() where !isStarved { offer(group, session) }
        }
        if track.state == .ended && !isStarved { finish(session) }
    }

    private func offer(_ group: Group, _ session: Session) {
        for sender in senders where sender.group === group { return session.connection.wake(sender.stream) }
        let sequence = group.sequence
        guard sequence >= floor, sequence <= options.endGroup ?? .max, !served.contains(sequence) else {
            return
        }
        guard !track.isExpired(group, maxAge: patience) else { return }
        if case .aborted = group.log.end { return }
        guard let stream = session.openGroup(id: id, group: group, priority: priority(of: group), self) else {
            if !isStarved { session.starved.append(self) }
            isStarved = true
            return
        }
        _ = served.insert(sequence)
        hasBegun = true
        announceStart(session)
        senders.append(Sender(stream: stream, group: group))
    }

    private func priority(of group: Group) -> SendPriority {
        let order = options.ordered ? group.sequence : UInt64.max - group.sequence
        return SendPriority(level: UInt16(options.priority), flow: flow, order: order)
    }

    /// A subscriber's patience must not keep groups in memory long after the track has let go of them.
    private var patience: Interval { min(options.maxAge, max(track.retention, TrackLimits.leastPatience)) }

    /// Gives up what is too old or too much.
    private func expire(_ session: Session) {
        var index = 0
        while index < senders.count {
            let sender = senders[index]
            let tooMany = senders.count - index > session.limits.groupsUnderWay
            if tooMany || track.isExpired(sender.group, maxAge: patience) {
                session.connection.reset(sender.stream, code: StreamCode.deliveryTimeout.wire)
                session.setRole(.ignored, of: sender.stream)
                session.counters.groupsExpired &+= 1
                senders.remove(at: index)
            } else {
                index += 1
            }
        }
    }

    private func send(_ datagram: Datagram, _ session: Session) {
        guard datagram.sequence >= floor, datagram.sequence <= options.endGroup ?? .max else { return }
        session.send(datagram, id: id, priority: options.priority, flow: flow)
    }

    // MARK: Answering

    /// Says yes where the version has a word for it (reference §6).
    private func answer(_ session: Session) {
        guard !hasAnswered else { return }
        guard !session.version.hasSubscribeStart else { return }
        hasAnswered = true
        respond(.ok(SubscribeOptions(priority: options.priority)), session)
    }

    /// From lite-05 on, the answer is the first group that will come: not the one that happens to come first, so it waits
    /// for the source's word where that is to be had.
    private func announceStart(_ session: Session) {
        guard hasBegun, !hasAnswered, session.version.hasSubscribeStart else { return }
        guard track.startGroup != nil || !track.announcesStart else { return }
        hasAnswered = true
        respond(.start(group: max(floor, track.startGroup ?? 0)), session)
    }

    private func respond(_ response: SubscribeResponse, _ session: Session) {
        guard let bytes = response.encode(session.version) else { return }
        session.connection.write(bytes, to: stream)
    }

    /// The track is over: the groups under way are still delivered.
    private func finish(_ session: Session) {
        // Current peers throw away what comes after the end, so it is said when everything is there.
        guard !isFinished, senders.isEmpty else { return }
        isFinished = true
        let last = track.latest?.sequence
        let next = track.endGroup ?? last.map { $0 == .max ? $0 : $0 + 1 } ?? 0
        respond(.end(group: next), session)
        session.connection.finish(stream)
    }

    // MARK: Changes

    func update(_ next: SubscribeOptions) {
        guard let session, !isOver else { return }
        options = next
        if let start = next.startGroup { floor = start }
        for sender in senders {
            session.connection.setPriority(sender.stream, priority(of: sender.group))
        }
        track.source?.demandChanged(track)
        expire(session)
        offerAll()
    }

    /// A group arrived whole at the peer, or was reset.
    func sent(_ stream: Stream) {
        senders.removeAll { $0.stream === stream }
        guard senders.isEmpty else { return }
        if isLeaving { return detach() }
        if track.state == .ended, !isStarved, !isOver, let session { finish(session) }
    }

    /// The control stream is over after we have said that nothing more begins: the groups under way are still sent.
    func leave() {
        isLeaving = true
    }

    /// The peer does not want the rest of a group.
    func stopped(_ stream: Stream) {
        sent(stream)
    }

    /// Whether the peer may close its half without losing what is under way.
    var mayLinger: Bool { isFinished && !senders.isEmpty }

    /// Ends everything under way. The control stream is the session's to end.
    func cancel(_ code: StreamCode) {
        isOver = true
        if let session {
            for sender in senders {
                session.connection.reset(sender.stream, code: code.wire)
                session.setRole(.ignored, of: sender.stream)
            }
        }
        detach()
    }

    /// Leaves the track.
    func detach() {
        isOver = true
        senders.removeAll()
        track.remove(self)
    }
}
