import BurrowBase
import BurrowQUIC

/// Serving tracks to the peer (reference §5 to §7).
extension Session {
    /// The track a peer names, if it may hear it.
    private func track(_ path: BroadcastPath, _ name: String) -> (broadcast: Broadcast, track: Track)? {
        guard let absolute = try? scope.root.appending(path), scope.maySubscribe(absolute) else { return nil }
        let found = served.broadcast(absolute) { (candidate) in
            !candidate.comes(from: self) && !(peerHop != 0 && candidate.hops.contains(peerHop))
        }
        guard let found, let track = found.track(name, for: self) else { return nil }
        return (found, track)
    }

    func serve(_ request: Subscribe, _ stream: Stream, _ buffer: MessageBuffer) {
        guard downstreams.count < limits.subscriptions,
            !subscribeIDs.contains(request.id),
            let track = track(request.broadcast, request.track)?.track
        else {
            counters.subscriptionsRefused &+= 1
            return refuse(stream, .notFound)
        }
        let downstream = Downstream(
            session: self,
            stream: stream,
            request: request,
            track: track,
            flow: nextFlow,
            buffer: buffer
        )
        nextFlow &+= 1
        counters.subscriptionsServed &+= 1
        downstreams.append(downstream)
        subscribeIDs.insert(downstream.id)
        setRole(.downstream(downstream), of: stream)
        track.add(downstream)
        if case .failed(let code) = track.state { return refuse(downstream, code) }
        downstream.offerAll()
        receiveSubscribeUpdates(downstream)
    }

    func receiveSubscribeUpdates(_ downstream: Downstream) {
        let ended = fill(&downstream.buffer, from: downstream.stream)
        do {
            while let body = try downstream.buffer.nextMessage(limit: WireLimits.answerBytes) {
                guard version.hasSubscribeUpdate else { throw DecodeError.malformed }
                downstream.update(try SubscribeUpdate.decode(body.span, version).options)
            }
        } catch {
            counters.malformed &+= 1
            return refuse(downstream, .malformed)
        }
        if ended { unsubscribed(downstream) }
    }

    /// The peer has had enough.
    func unsubscribed(_ downstream: Downstream) {
        setRole(.ignored, of: downstream.stream)
        connection.finish(downstream.stream)
        finished(downstream)
    }

    /// Its control stream is gone altogether.
    func finished(_ downstream: Downstream) {
        guard remove(downstream) else { return }
        if downstream.mayLinger { downstream.leave() } else { downstream.cancel(.cancelled) }
    }

    /// We cannot go on serving it.
    func refuse(_ downstream: Downstream, _ code: StreamCode) {
        guard remove(downstream) else { return }
        counters.subscriptionsRefused &+= 1
        downstream.cancel(code)
        refuse(downstream.stream, code == .malformed ? code : .notFound)
    }

    private func remove(_ downstream: Downstream) -> Bool {
        guard let index = downstreams.lastIndex(where: { $0 === downstream }) else { return false }
        downstreams.remove(at: index)
        subscribeIDs.remove(downstream.id)
        if downstream.isStarved { starved.removeAll { $0 === downstream } }
        return true
    }

    // MARK: Groups

    /// Opens a stream that follows a group from its first frame. `nil` when the peer allows no more streams now.
    func openGroup(id: UInt64, group: Group, priority: SendPriority, _ downstream: Downstream) -> Stream? {
        guard let stream = connection.openStream(bidirectional: false) else { return nil }
        setRole(.groupSender(downstream), of: stream)
        connection.setPriority(stream, priority)
        let opening = GroupHeader(subscribeID: id, sequence: group.sequence).streamOpening
        connection.write(context.allocator.copy(opening.span), to: stream)
        connection.attach(group.log, at: ByteLog.Cursor(), bare: !version.hasTimestamps, to: stream)
        counters.groupsSent &+= 1
        reportIfDue()
        return stream
    }

    func serveStarved() {
        let waiting = starved
        starved.removeAll(keepingCapacity: true)
        for (index, downstream) in waiting.enumerated() {
            downstream.offerAll()
            guard downstream.isStarved else { continue }
            // No use in asking for the others, whose turn comes first next time.
            starved = waiting[(index + 1)...] + starved
            return
        }
    }

    func send(_ datagram: Datagram, id: UInt64, priority: UInt8, flow: UInt32) {
        guard version.hasDatagrams else {
            return sendAsGroup(datagram, id: id, priority: priority, flow: flow)
        }
        let header = DatagramHeader(
            subscribeID: id,
            sequence: datagram.sequence,
            timestamp: UInt64(clamping: datagram.timestamp)
        )
        let encoded = header.encode()
        guard encoded.count + datagram.payload.count <= WireLimits.datagramBytes,
            connection.sendDatagram(context.allocator.copy(encoded.span), datagram.payload)
        else {
            counters.datagramsDropped &+= 1
            return
        }
        counters.datagramsSent &+= 1
    }

    /// To those who know no datagrams, one is a group of its own.
    private func sendAsGroup(_ datagram: Datagram, id: UInt64, priority: UInt8, flow: UInt32) {
        guard let stream = connection.openStream(bidirectional: false) else {
            counters.datagramsDropped &+= 1
            return
        }
        setRole(.ignored, of: stream)
        let order = UInt64.max - datagram.sequence
        connection.setPriority(stream, SendPriority(level: UInt16(priority), flow: flow, order: order))
        let opening = GroupHeader(subscribeID: id, sequence: datagram.sequence).streamOpening
        connection.write(context.allocator.copy(opening.span), to: stream)
        let header = FrameHeader(timestampDelta: 0, payloadLength: datagram.payload.count)
        let bare = context.allocator.copy(header.encoded.span).dropFirst(header.deltaLength)
        connection.write(bare, to: stream)
        connection.write(datagram.payload, to: stream)
        connection.finish(stream)
        counters.datagramsSent &+= 1
    }

    // MARK: Track information and single groups

    func serve(_ request: TrackRequest, _ stream: Stream) {
        guard let track = track(request.broadcast, request.track)?.track else {
            return refuse(stream, .notFound)
        }
        let server = InfoServer(session: self, stream: stream, track: track)
        setRole(.infoServer(server), of: stream)
        if !server.answer() { track.add(server) }
    }

    func end(_ server: InfoServer) {
        server.track.remove(server)
    }

    func serve(_ request: Fetch, _ stream: Stream) {
        guard let (broadcast, track) = track(request.broadcast, request.track) else {
            return refuse(stream, .notFound)
        }
        let server: FetchServer
        if let group = track.group(request.group) {
            server = FetchServer(session: self, stream: stream, group: group, track: track)
        } else if let fetch = broadcast.fetch(
            request.group,
            of: track,
            priority: request.priority,
            for: self
        ) {
            server = FetchServer(session: self, stream: stream, fetch: fetch)
        } else {
            return refuse(stream, .notFound)
        }
        setRole(.fetchServer(server), of: stream)
        let priority = SendPriority(level: UInt16(request.priority), flow: nextFlow, order: 0)
        nextFlow &+= 1
        connection.setPriority(stream, priority)
        server.start()
    }
}

/// A TRACK stream of the peer's, open until the track's information is known (reference §5).
final class InfoServer: TrackReader {
    private weak var session: Session?
    private let stream: Stream
    let track: Track
    private var isOver = false

    /// It wants no groups.
    var wanted: SubscribeOptions? { nil }

    init(session: Session, stream: Stream, track: Track) {
        self.session = session
        self.stream = stream
        self.track = track
    }

    func trackChanged(_ track: Track, now: Instant) {
        if answer() { track.remove(self) }
    }

    /// Answers if it can. True when there is nothing more to wait for.
    func answer() -> Bool {
        guard !isOver, let session else { return true }
        if case .failed(let code) = track.state {
            isOver = true
            session.refuse(stream, code == .sessionClosed ? code : .notFound)
            return true
        }
        guard let info = track.info else { return false }
        isOver = true
        session.connection.write(info.encode(session.version), to: stream)
        session.connection.finish(stream)
        return true
    }
}
