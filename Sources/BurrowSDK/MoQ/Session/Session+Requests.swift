import BurrowBase
import BurrowQUIC

/// Streams the peer opens: what they are for and who serves them.
extension Session {
    func opened(_ stream: Stream) {
        if stream.isBidirectional {
            setRole(.request(MessageBuffer()), of: stream)
        } else {
            setRole(.opening(StreamOpeningParser(version)), of: stream)
        }
    }

    /// Finds out what a unidirectional stream brings, as far as its bytes have come.
    func identify(_ stream: Stream, _ parser: StreamOpeningParser) {
        // Before a client is admitted, its version may still be unsettled and only SETUP can mean something.
        guard phase == .established || version.hasSetup && phase == .settingUp else { return hold(stream) }
        var parser = parser
        while true {
            switch connection.read(stream) {
            case .pending: return setRole(.opening(parser), of: stream)
            case .end: return refuse(stream, .malformed)
            case .bytes(var slice):
                do {
                    guard let opening = try parser.next(&slice) else { continue }
                    return begin(opening, stream, rest: slice)
                } catch {
                    counters.malformed &+= 1
                    return refuse(stream, .malformed)
                }
            }
        }
    }

    private func begin(_ opening: StreamOpeningParser.Opening, _ stream: Stream, rest: Slice) {
        switch opening {
        case .group(let header):
            beginGroup(header, stream, rest: rest)
        case .other(UnidirectionalStreamType.setup.rawValue) where version.hasSetup:
            guard !hasPeerSetup else { return close(.protocolViolation, "second setup") }
            var buffer = MessageBuffer()
            buffer.append(rest)
            setRole(.setup(buffer), of: stream)
            receiveSetup(stream, buffer)
        case .other:
            counters.unknownStreams &+= 1
            refuse(stream, .cancelled)
        }
    }

    /// Finds out what a bidirectional stream asks for, as far as its bytes have come.
    func identify(_ stream: Stream, _ buffer: MessageBuffer) {
        // What comes before the client is admitted stays with QUIC, whose flow control bounds it; only the first stream
        // of `moql` is read, because it brings the setup.
        let mayBeSetup =
            phase == .settingUp && connection.isServer && version.hasLegacySetup && stream.id == 0
        guard phase == .established || mayBeSetup else { return hold(stream) }
        var buffer = buffer
        let ended = fill(&buffer, from: stream)
        let request = buffer
        setRole(.request(request), of: stream)
        guard unfinishedBytes - request.count <= limits.unfinishedBytes else {
            counters.malformed &+= 1
            return refuse(stream, .malformed)
        }
        guard let raw = buffer.readVarint() else {
            if ended { refuse(stream, .malformed) }
            return
        }
        guard let type = BidirectionalStreamType(rawValue: raw) else {
            counters.unknownStreams &+= 1
            return refuse(stream, .cancelled)
        }
        if mayBeSetup {
            guard type == .clientSetup else {
                return close(.protocolViolation, "no setup on the first stream")
            }
            setRole(.legacySetup(buffer), of: stream)
            connection.setPriority(stream, .control)
            return receiveLegacySetup(stream, buffer)
        }
        do {
            connection.setPriority(stream, .control)
            let complete = try serve(type, stream, &buffer)
            guard ended else { return }
            if !complete { return refuse(stream, .malformed) }
            // The end may have come together with the request.
            switch role(of: stream) {
            case .announceServer(let server): end(server, stream)
            case .probeServer(let server): end(server)
            default: break
            }
        } catch {
            counters.malformed &+= 1
            refuse(stream, .malformed)
        }
    }

    /// Keeps a stream for later; the peer cannot know yet that we are not ready.
    private func hold(_ stream: Stream) {
        guard stream.unread <= limits.heldBytes else {
            held.removeAll { $0 === stream }
            return refuse(stream, .cancelled)
        }
        guard !held.contains(where: { $0 === stream }) else { return }
        guard held.count < limits.heldStreams else { return refuse(stream, .cancelled) }
        held.append(stream)
    }

    /// Serves a request of the peer's. False when more of it has to come.
    private func serve(
        _ type: BidirectionalStreamType,
        _ stream: Stream,
        _ buffer: inout MessageBuffer
    ) throws(DecodeError) -> Bool {
        if type == .probe, version.hasProbe {
            serveProbe(stream)
            return true
        }
        guard let body = try buffer.nextMessage(limit: WireLimits.requestBytes) else { return false }
        switch type {
        case .announce: serve(try AnnounceRequest.decode(body.span, version), stream)
        case .subscribe: serve(try Subscribe.decode(body.span, version), stream, buffer)
        case .track where version.hasTrackInfo: serve(try TrackRequest.decode(body.span, version), stream)
        case .fetch where version.hasFetch: serve(try Fetch.decode(body.span, version), stream)
        case .goaway where version.hasGoaway:
            setRole(.ignored, of: stream)
            connection.finish(stream)
            emit(.goaway(uri: try Goaway.decode(body.span, version).uri))
        default:
            counters.unknownStreams &+= 1
            refuse(stream, .cancelled)
        }
        return true
    }

    /// Says no to a stream of the peer's, both ways.
    func refuse(_ stream: Stream, _ code: StreamCode) {
        counters.refusedStreams &+= 1
        setRole(.ignored, of: stream)
        if stream.isBidirectional { connection.reset(stream, code: code.wire) }
        connection.stopReading(stream, code: code.wire)
    }

    /// Opens a request of ours: the stream's type, then the message.
    func request(_ type: BidirectionalStreamType, _ message: [UInt8], role: StreamRole) -> Stream? {
        guard isEstablished, let stream = connection.openStream(bidirectional: true) else { return nil }
        setRole(role, of: stream)
        connection.setPriority(stream, .control)
        var writer = ByteWriter()
        writer.writeVarint(type.rawValue)
        writer.writeBytes(message)
        connection.write(writer.bytes, to: stream)
        return stream
    }

    /// Tells the peer to go elsewhere; an empty URI names no place.
    package func sendGoaway(uri: String) {
        guard version.hasGoaway else { return }
        let message = Goaway(uri: uri).encode(version)
        guard let stream = request(.goaway, message, role: .ignored) else { return }
        connection.finish(stream)
    }
}
