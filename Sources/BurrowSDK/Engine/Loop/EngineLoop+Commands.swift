import BurrowBase
import BurrowMoQ
import BurrowQUIC

extension EngineLoop {
    func perform(_ command: Command) {
        switch command {
        case .openRoom(let room, let handle, let configuration, let request):
            openRoom(room, handle, configuration, request)
        case .closeRoom(let room, let request): closeRoom(room, request)
        case .replaceToken(let room, let token): replaceToken(of: room, with: token)
        case .watchLine(let room): watchLine(room)
        case .publish(let track, let handle, let configuration): publish(track, handle, configuration)
        case .subscribe(let track, let handle, let path, let name): subscribe(track, handle, path, name)
        case .update(let track, let options): update(track, options)
        case .closeTrack(let track): closeTrack(track)
        case .setKey(let room, let key): setKey(room, key)
        case .removeKey(let room, let epoch): removeKey(room, epoch)
        case .group(let room, let moment): follow(room, moment)
        case .pushed(let track): push(track)
        case .refill(let track): if let known = tracks[track.number] { pump(known) }
        case .fetch(let track, let group, let request): fetch(track, group, request)
        case .startRelay(let relay, let handle, let options, let request):
            startRelay(relay, handle, options, request)
        case .stopRelay(let relay, let request): stopRelay(relay, request)
        case .networkChanged:
            node.networkChanged(now: now)
            nostr.networkChanged(now: now)
        case .cancel(let request): cancel(request)
        case .resolved(let query, let result): node.resolved(query, result.mapError(MoQError.init), now: now)
        case .wantStatistics: wantStatistics()
        case .nostr(let command): nostr.perform(command, now: now)
        case .shutDown(let request): shutDown(request)
        }
    }

    // MARK: Rooms

    private func openRoom(
        _ room: HostRoom,
        _ handle: UInt,
        _ configuration: RoomConfiguration,
        _ request: UInt64
    ) {
        if request != 0 { requests[request] = OpenRequest(subject: .room(room), handle: handle) }
        do throws(MoQError) {
            if configuration.trust.insecure {
                LogRing.shared.write(
                    .warning,
                    "engine",
                    "connecting to \(configuration.url.host) without checking its certificate"
                )
            }
            var configuration = configuration
            if let token = nostr.token(of: room.tokens) {
                do { configuration.url = try configuration.url.with(token: token) } catch {
                    throw MoQError(.invalidArgument, error.context)
                }
            }
            let id = try node.openRoom(configuration, request: RequestID(rawValue: request), now: now)
            let known = LoopRoom(room, handle, id, room.protection.flatMap { protection(for: room, $0) })
            rooms[room.number] = known
            roomsByID[id] = known
            if known.protection != nil { protectedRooms.append(known) }
        } catch {
            let reason = EngineError(error)
            room.snapshot.withLock { (state) in
                state.phase = .closed
                state.error = reason
                state.isClosed = true
            }
            tell(HostEvent(.roomState(.closed), subject: handle, time: now, error: reason))
            room.tellCall(.closed(reason))
            complete(request, reason)
        }
    }

    private func replaceToken(of room: HostRoom, with token: String) {
        guard let known = rooms[room.number] else { return }
        // What comes of it is in the log; the room goes on either way.
        node.replaceToken(of: known.id, with: token, request: RequestID(rawValue: 0), now: now)
    }

    /// Gives rooms the tokens that have come for them.
    func passTokens() {
        while let token = nostr.freshTokens.popFirst() {
            for known in rooms.values where known.room.tokens == token.request {
                replaceToken(of: known.room, with: token.text)
            }
        }
    }

    private func closeRoom(_ room: HostRoom, _ request: UInt64) {
        if request != 0 {
            requests[request] = OpenRequest(subject: .ending, handle: rooms[room.number]?.handle ?? 0)
        }
        guard let known = rooms[room.number] else { return complete(request, nil) }
        node.closeRoom(known.id, request: RequestID(rawValue: request), now: now)
    }

    // MARK: Tracks

    private func publish(_ track: HostTrack, _ handle: UInt, _ configuration: TrackConfiguration) {
        add(track, handle, configuration.name) { (room) throws(MoQError) in
            try node.publishTrack(in: room, configuration, now: now)
        }
    }

    private func subscribe(_ track: HostTrack, _ handle: UInt, _ path: BroadcastPath, _ name: String) {
        if track.isListed {
            // The host was quicker than those who looked for its number.
            guard !track.snapshot.withLock({ $0.isClosed }) else { return track.exchange.end() }
            // It may go by another number now.
            if let known = tracks[track.number] {
                node.closeTrack(known.id, now: now)
                forget(known)
            }
        }
        let options = track.snapshot.withLock { $0.options }
        add(track, handle, name) { (room) throws(MoQError) in
            try node.subscribeTrack(in: room, path: path, name: name, options, now: now)
        }
    }

    private func add(
        _ track: HostTrack,
        _ handle: UInt,
        _ name: String,
        _ make: (RoomID) throws(MoQError) -> TrackID
    ) {
        do throws(MoQError) {
            guard let room = rooms[track.room.number] else { throw MoQError(.closed, "the room is closed") }
            let protection = try protection(of: track, name, in: room)
            let known = LoopTrack(track, handle, try make(room.id), protection)
            tracks[track.number] = known
            tracksByID[known.id] = known
            track.room.snapshot.withLock { $0.tracks += 1 }
            if track.direction == .published {
                track.snapshot.withLock { $0.phase = .live }
            }
        } catch {
            let reason = EngineError(error)
            fail(track, reason)
            tell(track, handle, .failed, reason)
        }
    }

    func fail(_ track: HostTrack, _ reason: EngineError) {
        track.snapshot.withLock { (state) in
            state.phase = .failed
            state.error = reason
            state.isClosed = true
        }
        if track.direction == .published {
            track.giveUpName()
        }
        track.exchange.end()
    }

    private func update(_ track: HostTrack, _ options: SubscribeOptions) {
        guard let known = tracks[track.number] else { return }
        try? node.updateSubscription(known.id, options, now: now)
    }

    private func closeTrack(_ track: HostTrack) {
        guard let known = tracks[track.number] else { return }
        push(track)
        node.closeTrack(known.id, now: now)
        forget(known)
        track.exchange.end()
        track.snapshot.withLock { if $0.phase != .failed { $0.phase = .ended } }
        tell(track, known.handle, .ended)
    }

    func forget(_ known: LoopTrack) {
        guard tracks.removeValue(forKey: known.track.number) != nil else { return }
        tracksByID[known.id] = nil
        unprotect(known)
        known.track.room.snapshot.withLock { $0.tracks -= min($0.tracks, 1) }
    }

    /// Takes what the host pushed over to the node.
    private func push(_ track: HostTrack) {
        guard track.direction == .published, let known = tracks[track.number] else { return }
        track.exchange.takePushed(into: &pushed)
        guard known.protection == nil else { return pushProtected(known) }
        unsafe pushed.bytes.withUnsafeBytes { (bytes) in
            var offset = 0
            for frame in pushed.frames {
                guard !frame.isBreak else {
                    node.breakTime(known.id, now: now)
                    continue
                }
                let payload = unsafe UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + frame.count])
                offset += frame.count
                let outgoing = OutgoingFrame(
                    timestamp: frame.timestamp,
                    isKey: frame.flags.contains(.key),
                    endsGroup: frame.flags.contains(.endOfGroup),
                    isDatagram: frame.flags.contains(.datagram)
                )
                do throws(MoQError) {
                    unsafe try node.push(known.id, outgoing, payload: payload, now: now)
                } catch {
                    LogRing.shared.write(.debug, "engine", "frame dropped: \(error.context)")
                }
            }
        }
    }

    private func fetch(_ track: HostTrack, _ group: UInt64, _ request: UInt64) {
        requests[request] = OpenRequest(subject: .fetch, handle: tracks[track.number]?.handle ?? 0)
        guard let known = tracks[track.number] else {
            let isSought = track.isListed && !track.snapshot.withLock { $0.isClosed }
            return complete(
                request,
                isSought
                    ? EngineError(.notFound, "nobody has published the track yet")
                    : EngineError(.closed, "the track is over")
            )
        }
        node.fetch(known.id, group: group, request: RequestID(rawValue: request), now: now)
    }

    // MARK: Relays

    private func startRelay(_ relay: HostRelay, _ handle: UInt, _ options: RelayOptions, _ request: UInt64) {
        requests[request] = OpenRequest(subject: .ending, handle: handle)
        var opened: [UDPSocket] = []
        do throws(EngineError) {
            for address in options.listen {
                lastRelaySocket += 1
                let id = SocketID(rawValue: lastRelaySocket)
                let socket = try UDPSocket(id: id, bind: address, buffers: buffers)
                try reactor.add(socket)
                sockets.add(socket)
                opened.append(socket)
            }
            try listen(relay, handle, options, opened)
            complete(request, nil)
        } catch {
            for socket in opened { close(socket.id) }
            relay.snapshot.withLock { (state) in
                state.phase = .stopped
                state.error = error
                state.isClosed = true
            }
            tell(HostEvent(.relayState(.stopped), subject: handle, time: now, error: error))
            complete(request, error)
        }
    }

    private func listen(
        _ relay: HostRelay,
        _ handle: UInt,
        _ options: RelayOptions,
        _ opened: [UDPSocket]
    ) throws(EngineError) {
        let tls: TLSContext
        do throws(QUICError) {
            if let certificate = options.certificate {
                tls = try TLSContext.server(certificatePEM: certificate.chain, keyPEM: certificate.key)
            } else {
                tls = try TLSContext.selfSigned(
                    hostNames: options.hostNames,
                    unixTime: SystemCall.unixMicroseconds() / 1_000_000
                )
            }
        } catch {
            // Whatever is wrong with a certificate that the host gave is about TLS.
            throw EngineError(.tls, error.context)
        }
        let configuration = try options.configuration(tls: tls)
        if let bytes = options.cacheBytes { node.cache.limit = bytes }
        let id = node.startRelay(configuration, sockets: opened.map(\.id), now: now)
        let known = LoopRelay(relay, handle, id)
        relays[relay.number] = known
        relaysByID[id] = known
        relay.snapshot.withLock { (state) in
            state.phase = .listening
            state.addresses = opened.map(\.local)
            state.fingerprint = tls.leafFingerprint
        }
        tell(HostEvent(.relayState(.listening), subject: handle, time: now))
        LogRing.shared.write(
            .info,
            "engine",
            "relay listening on \(opened.map { "\($0.local)" }.joined(separator: ", "))"
        )
    }

    private func stopRelay(_ relay: HostRelay, _ request: UInt64) {
        if request != 0 {
            requests[request] = OpenRequest(subject: .ending, handle: relays[relay.number]?.handle ?? 0)
        }
        guard let known = relays[relay.number] else { return complete(request, nil) }
        node.stopRelay(known.id, request: RequestID(rawValue: request), now: now)
    }

    // MARK: Requests

    /// Posts the one completion of a request. A second one is ignored.
    func complete(_ request: UInt64, _ error: EngineError?) {
        guard request != 0, let open = requests.removeValue(forKey: request) else { return }
        var event = HostEvent(.done, subject: open.handle, time: now, error: error)
        event.request = request
        tell(event)
        engine.requestCompleted()
    }

    func tell(_ event: HostEvent) {
        outbox.append(event)
    }

    /// Tells where a track stands: the host about its own, the media thread about those it uses.
    func tell(_ track: HostTrack, _ handle: UInt, _ phase: TrackPhase, _ error: EngineError? = nil) {
        if track.isWire {
            engine.media.post(.wireChanged(track, phase, error))
        } else {
            tell(HostEvent(.trackState(phase), subject: handle, time: now, error: error))
            if track.isListed, phase == .ended || phase == .failed { engine.media.post(.close(track)) }
        }
    }

    private func cancel(_ request: UInt64) {
        if nostr.cancel(request) { return }
        switch requests[request]?.subject {
        case .room(let room):
            complete(request, EngineError(.cancelled, "cancelled"))
            _ = room.markClosed()
            closeRoom(room, 0)
        case .fetch: complete(request, EngineError(.cancelled, "cancelled"))
        case .ending, nil: break
        }
    }

    // MARK: Shutting down

    private func shutDown(_ request: UInt64) {
        requests[request] = OpenRequest(subject: .ending, handle: 0)
        shutdown = (request, now + .seconds(3))
        nostr.shutDown()
        for room in rooms.values {
            _ = room.room.markClosed()
            node.closeRoom(room.id, request: RequestID(rawValue: 0), now: now)
        }
        for relay in relays.values {
            _ = relay.relay.markClosed()
            node.stopRelay(relay.id, request: RequestID(rawValue: 0), now: now)
        }
    }

    /// Completes the shutdown once everything else is over, or took too long.
    func advance(_ shutdown: (request: UInt64, until: Instant)) {
        let isOver = rooms.isEmpty && probes.isEmpty && relays.isEmpty && requests.count <= 1
        guard isOver || now >= shutdown.until else { return }
        for request in requests.keys.sorted() where request != shutdown.request {
            complete(request, EngineError(.cancelled, "the engine was shut down"))
        }
        complete(shutdown.request, nil)
        self.shutdown = nil
        engine.events.post(outbox)
        outbox.removeAll(keepingCapacity: true)
        engine.events.finish()
    }
}
