import BurrowBase
import BurrowQUIC

/// A group stream of the peer's and where its frames go. Used again and again.
final class GroupReceiver {
    private(set) var stream: Stream
    /// Both `nil` while the receiver waits to be used again, because they hold what the track keeps in memory.
    private(set) var upstream: Upstream?
    private(set) var group: Group?
    private var parser: GroupParser
    private var frameLength = 0
    var isOver = false

    init(stream: Stream, upstream: Upstream, group: Group, timestamped: Bool) {
        self.stream = stream
        self.upstream = upstream
        self.group = group
        parser = GroupParser(timestamped: timestamped)
    }

    func reuse(stream: Stream, upstream: Upstream, group: Group, timestamped: Bool) {
        self.stream = stream
        self.upstream = upstream
        self.group = group
        parser = GroupParser(timestamped: timestamped)
        isOver = false
    }

    func release() {
        upstream = nil
        group = nil
    }

    /// Adds what has arrived to the group.
    func take(_ bytes: Slice, _ context: SessionContext, now: Instant) throws(DecodeError) {
        guard let group, let track = upstream?.track else { return }
        var rest = bytes
        while let event = try parser.next(&rest) {
            switch event {
            case .frame(let delta, let length):
                frameLength = length
                if let delta {
                    group.beginFrame(timestampDelta: delta, length: length, allocator: context.allocator)
                } else {
                    let stamp = context.arrivalStamp(now)
                    group.beginFrame(timestamp: stamp, length: length, allocator: context.allocator)
                }
            case .payload(let part, let isLast):
                group.append(payload: part, allocator: context.allocator)
                if isLast { track.noteFrame(bytes: frameLength) }
            }
        }
        guard group.footprint <= TrackLimits.groupBytes else { throw .tooLarge }
    }
}

/// Groups and datagrams from the peer (reference §7).
extension Session {
    func beginGroup(_ header: GroupHeader, _ stream: Stream, rest: Slice) {
        guard let upstream = upstreams[header.subscribeID] else {
            counters.groupsUnknown &+= 1
            setRole(.ignored, of: stream)
            return connection.stopReading(stream, code: StreamCode.cancelled.wire)
        }
        guard let group = upstream.track.beginGroup(header.sequence, now: now) else {
            counters.groupsUnwanted &+= 1
            setRole(.ignored, of: stream)
            return connection.stopReading(stream, code: StreamCode.cancelled.wire)
        }
        counters.groupsReceived &+= 1
        answered(upstream)
        upstream.receiving += 1
        upstream.received &+= 1
        let receiver = receiver(stream, upstream, group)
        setRole(.groupReceiver(receiver), of: stream)
        if rest.count > 0 && !take(rest, receiver) { return }
        receive(receiver)
    }

    private func receiver(_ stream: Stream, _ upstream: Upstream, _ group: Group) -> GroupReceiver {
        let timestamped = version.hasTimestamps
        guard let used = freeReceivers.popLast() else {
            return GroupReceiver(stream: stream, upstream: upstream, group: group, timestamped: timestamped)
        }
        used.reuse(stream: stream, upstream: upstream, group: group, timestamped: timestamped)
        return used
    }

    func receive(_ receiver: GroupReceiver) {
        // The track has given the group up, so what is still to come would only take memory.
        guard let group = receiver.group, group.isOpen || receiver.isOver else {
            connection.stopReading(receiver.stream, code: StreamCode.deliveryTimeout.wire)
            return abandon(receiver, .deliveryTimeout)
        }
        while true {
            switch connection.read(receiver.stream) {
            case .bytes(let slice):
                guard take(slice, receiver) else { return }
            case .pending:
                receiver.upstream?.track.note(group)
                return
            case .end:
                group.finish()
                return finish(receiver)
            }
        }
    }

    /// False when the stream was given up over what it said.
    private func take(_ slice: Slice, _ receiver: GroupReceiver) -> Bool {
        receiver.upstream?.lastProgress = now
        do {
            try receiver.take(slice, context, now: now)
            return true
        } catch {
            counters.malformed &+= 1
            connection.stopReading(receiver.stream, code: StreamCode.malformed.wire)
            abandon(receiver, .malformed)
            return false
        }
    }

    /// The rest of the group will not come.
    func abandon(_ receiver: GroupReceiver, _ code: StreamCode) {
        guard !receiver.isOver else { return }
        receiver.group?.abort(code)
        finish(receiver)
    }

    private func finish(_ receiver: GroupReceiver) {
        guard !receiver.isOver else { return }
        receiver.isOver = true
        guard let upstream = receiver.upstream, let group = receiver.group else { return }
        upstream.track.note(group)
        upstream.receiving -= 1
        if upstream.isEnding && upstream.receiving == 0 { upstream.concludeInTime(self) }
    }

    func recycle(_ receiver: GroupReceiver) {
        abandon(receiver, .cancelled)
        receiver.release()
        if freeReceivers.count < 64 { freeReceivers.append(receiver) }
    }

    func receiveDatagram(_ slice: Slice) {
        counters.datagramsReceived &+= 1
        guard version.hasDatagrams, let (header, offset) = try? DatagramHeader.decode(slice.span) else {
            counters.malformed &+= 1
            return
        }
        guard let upstream = upstreams[header.subscribeID] else {
            counters.datagramsUnknown &+= 1
            return
        }
        let datagram = Datagram(
            sequence: header.sequence,
            timestamp: Int64(clamping: header.timestamp),
            payload: slice.dropFirst(offset)
        )
        upstream.track.append(datagram)
    }
}
