import BurrowBase
import BurrowQUIC

/// A group we asked for, arriving on the stream that asked (reference §7.2).
final class FetchRequest: GroupFetchSource {
    let stream: Stream
    let fetch: GroupFetch
    private weak var session: Session?
    private var parser: GroupParser
    private(set) var isOver = false
    /// The place it takes among its asker's requests until the peer has answered.
    var ask: OpenAsk?

    var group: Group { fetch.group }

    init(session: Session, stream: Stream, group: Group) {
        self.session = session
        self.stream = stream
        fetch = GroupFetch(group: group, account: session.account)
        parser = GroupParser(timestamped: session.version.hasTimestamps)
        fetch.source = self
    }

    func abandoned(_ fetch: GroupFetch) {
        guard !isOver, let session else { return }
        session.give(up: stream)
        session.fail(self, .cancelled)
    }

    /// Nothing more comes on the stream, which may be another's from now on.
    func end() {
        isOver = true
    }

    func take(_ bytes: Slice, _ context: SessionContext) throws(DecodeError) {
        var rest = bytes
        while let event = try parser.next(&rest) {
            switch event {
            case .frame(let delta, let length):
                group.beginFrame(timestampDelta: delta ?? 0, length: length, allocator: context.allocator)
            case .payload(let part, _):
                group.append(payload: part, allocator: context.allocator)
            }
        }
        guard group.footprint <= TrackLimits.groupBytes else { throw .tooLarge }
    }
}

/// A fetch of the peer's that is being answered.
final class FetchServer: TrackReader, GroupFetchReader {
    private weak var session: Session?
    private let stream: Stream
    private let group: Group
    private let track: Track?
    private let fetch: GroupFetch?
    private var isOver = false

    /// It wants no more than the one group.
    var wanted: SubscribeOptions? { nil }

    /// From what the track still holds.
    init(session: Session, stream: Stream, group: Group, track: Track) {
        self.session = session
        self.stream = stream
        self.group = group
        self.track = track
        fetch = nil
    }

    /// From further upstream.
    init(session: Session, stream: Stream, fetch: GroupFetch) {
        self.session = session
        self.stream = stream
        self.fetch = fetch
        group = fetch.group
        track = nil
    }

    func start() {
        guard let session else { return }
        session.connection.attach(group.log, at: ByteLog.Cursor(), bare: false, to: stream)
        if group.isOpen {
            track?.add(self)
            fetch?.add(self)
        }
    }

    func trackChanged(_ track: Track, now: Instant) {
        if track.changed.contains(where: { $0 === group }) { wake() }
    }

    func fetchChanged(_ fetch: GroupFetch) {
        wake()
    }

    private func wake() {
        guard !isOver, let session else { return }
        session.connection.wake(stream)
    }

    /// The stream is gone.
    func end() {
        guard !isOver else { return }
        isOver = true
        track?.remove(self)
        fetch?.remove(self)
    }
}

extension Session {
    package func fetch(
        _ sequence: UInt64,
        of track: Track,
        priority: UInt8,
        for asker: AnyObject?
    ) -> GroupFetch? {
        guard version.hasFetch, let path = track.broadcast.removingPrefix(scope.root) else { return nil }
        if let asker, !mayAsk(for: asker) { return nil }
        let message = Fetch(broadcast: path, track: track.name, priority: priority, group: sequence)
        guard let stream = request(.fetch, message.encode(version), role: .ignored) else { return nil }
        let group = Group()
        group.reuse(sequence: sequence, arrival: now)
        let request = FetchRequest(session: self, stream: stream, group: group)
        setRole(.fetchRequest(request), of: stream)
        if let asker { request.ask = ask(for: asker, streams: 1) }
        return request.fetch
    }

    func receive(_ request: FetchRequest) {
        while true {
            switch connection.read(request.stream) {
            case .bytes(let slice):
                do {
                    try request.take(slice, context)
                } catch {
                    counters.malformed &+= 1
                    give(up: request.stream, .malformed)
                    return fail(request, .malformed)
                }
                settle(request)
                guard request.fetch.count() else {
                    give(up: request.stream)
                    return fail(request, .tooFarBehind)
                }
            case .pending:
                return request.fetch.note()
            case .end:
                request.end()
                settle(request)
                request.group.finish()
                setRole(.ignored, of: request.stream)
                connection.finish(request.stream)
                return request.fetch.note()
            }
        }
    }

    /// The peer has answered.
    private func settle(_ request: FetchRequest) {
        if let ask = request.ask { settle(ask) }
        request.ask = nil
    }

    func fail(_ request: FetchRequest, _ code: StreamCode) {
        request.end()
        if let ask = request.ask { settleLater(ask) }
        request.ask = nil
        request.group.abort(code)
        request.fetch.note()
    }
}
