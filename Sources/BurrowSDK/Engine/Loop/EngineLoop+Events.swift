import BurrowBase
import BurrowMoQ

extension EngineLoop {
    /// Brings the snapshots up to date with what the node tells, and passes it on to the host.
    func takeEvents() {
        while let event = node.nextEvent() {
            switch event {
            case .done(let request, let error): complete(request.rawValue, error.map(EngineError.init))
            case .room(let id, let state, let error): roomChanged(id, state, error.map(EngineError.init))
            case .joined(let id, let number, let path): joined(id, number, path)
            case .left(let id, let number, let path): left(id, number, path)
            case .readable(let id): if let known = tracksByID[id] { pump(known) }
            case .track(let id, let state, let error): trackChanged(id, state, error.map(EngineError.init))
            case .demand(let id, let isWanted): demandChanged(id, isWanted)
            case .relay(let id, let state, let error): relayChanged(id, state, error.map(EngineError.init))
            case .note(let line): LogRing.shared.write(.info, "moq", line)
            }
        }
    }

    // MARK: Rooms

    private func roomChanged(_ id: RoomID, _ state: RoomState, _ error: EngineError?) {
        guard let known = roomsByID[id] else { return probeChanged(id, state, error) }
        let phase = RoomPhase(state)
        known.room.snapshot.withLock { (snapshot) in
            snapshot.phase = phase == .restored ? .connected : phase
            snapshot.error = error
            if let error { snapshot.peerCode = error.peerCode }
            switch phase {
            case .connecting: break
            case .connected: snapshot.connectedSince = now
            case .restored:
                snapshot.connectedSince = now
                snapshot.reconnects &+= 1
            case .reconnecting: snapshot.connectedSince = nil
            case .closed:
                snapshot.connectedSince = nil
                snapshot.isClosed = true
                snapshot.participants = []
            }
        }
        refreshRoom(known)
        tellMedia(known)
        tell(HostEvent(.roomState(phase), subject: known.handle, time: now, error: error))
        tellCall(known.room, phase, error)
        LogRing.shared.write(.info, "engine", "room \(phase)\(error.map { ": \($0.context)" } ?? "")")
        guard phase == .closed else { return }
        rooms[known.room.number] = nil
        roomsByID[id] = nil
        known.room.protection?.group?.board.unfollow(by: known.room)
        watched.removeAll { $0 === known }
        protectedRooms.removeAll { $0 === known }
        for track in tracks.values where track.track.room === known.room { over(track, .ended, nil) }
    }

    private func joined(_ id: RoomID, _ number: UInt32, _ path: String) {
        guard let known = roomsByID[id], isPresentable(path) else { return }
        let member = known.protection?.member(at: path)
        known.room.snapshot.withLock {
            $0.participants.append(HostParticipant(number: number, path: path, joined: now, member: member))
        }
        var event = HostEvent(.participantJoined, subject: known.handle, time: now)
        event.participant = number
        event.text = path
        event.data = known.protection?.memberKey(at: path) ?? []
        tell(event)
        known.protection?.announced(path, now: now)
        known.room.tellCall(.announced(path, number: number))
        tellMedia(known)
    }

    private func tellCall(_ room: HostRoom, _ phase: RoomPhase, _ error: EngineError?) {
        switch phase {
        case .connecting: break
        case .connected, .restored: room.tellCall(.connected)
        case .reconnecting: room.tellCall(.lost)
        case .closed: room.tellCall(.closed(error))
        }
    }

    private func tellMedia(_ known: LoopRoom) {
        guard known.room.snapshot.withLock({ $0.usesMedia }) else { return }
        engine.media.post(.roomChanged(known.room))
    }

    /// Whether C can hold the path: with a NUL inside, or longer than the header's array, it would become another one.
    /// Such broadcasts are not shown.
    private func isPresentable(_ path: String) -> Bool {
        path.utf8.count < EngineLimits.pathBytes && !path.utf8.contains(0)
    }

    private func left(_ id: RoomID, _ number: UInt32, _ path: String) {
        guard let known = roomsByID[id], isPresentable(path) else { return }
        known.room.snapshot.withLock { $0.participants.removeAll { $0.number == number } }
        known.protection?.unannounced(path)
        known.room.tellCall(.unannounced(path))
        var event = HostEvent(.participantLeft, subject: known.handle, time: now)
        event.participant = number
        event.text = path
        tell(event)
        tellMedia(known)
    }

    // MARK: Tracks

    private func trackChanged(_ id: TrackID, _ state: TrackState, _ error: EngineError?) {
        guard let known = tracksByID[id] else { return }
        switch state {
        case .waiting, .live:
            let phase: TrackPhase = state == .live ? .live : .waiting
            known.track.snapshot.withLock { (snapshot) in
                snapshot.phase = phase
                snapshot.error = error
            }
            tell(known.track, known.handle, phase, error)
        case .ended: over(known, .ended, error)
        case .failed: over(known, .failed, error)
        }
    }

    /// Only the media thread cares: it does not encode what nobody follows.
    private func demandChanged(_ id: TrackID, _ isWanted: Bool) {
        guard let known = tracksByID[id], known.track.isWire else { return }
        refreshTrack(known)
        engine.media.post(.wireWanted(known.track, isWanted))
    }

    /// No more frames come. Those that wait can still be pulled.
    private func over(_ known: LoopTrack, _ phase: TrackPhase, _ error: EngineError?) {
        guard !known.isOver else { return }
        known.isOver = true
        pump(known)
        known.track.snapshot.withLock { (snapshot) in
            snapshot.phase = phase
            snapshot.error = error
            if known.track.direction == .published || phase == .failed { snapshot.isClosed = true }
        }
        refreshTrack(known)
        if known.track.direction == .published {
            known.track.giveUpName()
            forget(known)
            known.track.exchange.end()
        }
        tell(known.track, known.handle, phase, error)
    }

    /// Moves received frames into the exchange, as many as it has room for.
    func pump(_ known: LoopTrack) {
        guard known.track.direction == .subscribed else { return }
        let exchange = known.track.exchange
        if known.track.user == .player { exchange.makeRoom() }
        var needsEvent = false
        while exchange.hasRoom() {
            guard let piece = nextPiece(of: known) else {
                if known.isOver {
                    exchange.end()
                    refreshTrack(known)
                    forget(known)
                    // It would follow a broadcast that comes back, and nobody would take what it brings.
                    if known.track.isWire { node.closeTrack(known.id, now: now) }
                }
                break
            }
            let isFirst = deliver(piece, of: known, to: exchange)
            needsEvent = needsEvent || isFirst
            if known.track.user == .player { exchange.makeRoom() }
        }
        if needsEvent { tellReadable(known) }
    }

    /// Frames wait in the exchange of a track.
    func tellReadable(_ known: LoopTrack) {
        switch known.track.user {
        case .host: tell(HostEvent(.trackData(known.track), subject: known.handle, time: now))
        case .mediaThread: engine.media.post(.wireReadable(known.track))
        case .player: break
        }
    }

    /// Only the media thread brings groups into order, so only there it matters where they end.
    private func nextPiece(of known: LoopTrack) -> ReceivedPiece? {
        switch known.track.user {
        case .mediaThread: node.nextPiece(known.id, now: now)
        case .host, .player: node.nextFrame(known.id, now: now).map { .frame($0) }
        }
    }

    /// True when the consumer has to be told.
    private func deliver(_ piece: ReceivedPiece, of known: LoopTrack, to exchange: FrameExchange) -> Bool {
        switch piece {
        case .frame(let frame):
            let buffer = exchange.buffer(for: frame.count)
            unsafe frame.copy(to: buffer.base)
            let description = FrameExchange.Description(
                group: frame.group,
                sequence: UInt64(clamping: frame.index),
                timestamp: frame.timestamp,
                arrival: now,
                flags: FrameFlags(frame)
            )
            guard known.protection == nil else {
                return open(known, buffer, count: frame.count, description)
            }
            return exchange.deliver(buffer, count: frame.count, description)
        case .groupEnd(let group, let count, let isWhole):
            return exchange.deliver(.groupEnd(group: group, count: count, isWhole: isWhole))
        case .restart: return exchange.deliver(.restart)
        }
    }

    // MARK: Relays

    private func relayChanged(_ id: RelayID, _ state: RelayState, _ error: EngineError?) {
        guard let known = relaysByID[id] else { return }
        let phase: RelayPhase
        switch state {
        case .listening: return
        case .stopping: phase = .stopping
        case .stopped: phase = .stopped
        }
        refreshRelay(known)
        known.relay.snapshot.withLock { (snapshot) in
            snapshot.phase = phase
            snapshot.error = error
            snapshot.isClosed = true
        }
        tell(HostEvent(.relayState(phase), subject: known.handle, time: now, error: error))
        LogRing.shared.write(.info, "engine", "relay \(phase)\(error.map { ": \($0.context)" } ?? "")")
        guard phase == .stopped else { return }
        relays[known.relay.number] = nil
        relaysByID[id] = nil
    }
}

extension FrameFlags {
    init(_ frame: ReceivedFrame) {
        self = []
        if frame.isKey { insert(.key) }
        if frame.isDiscontinuous { insert(.discontinuity) }
        if frame.isDatagram { insert(.datagram) }
        if frame.endsGroup { insert(.endOfGroup) }
        if frame.isFetched { insert(.fetched) }
    }
}

extension RoomPhase {
    init(_ state: RoomState) {
        self =
            switch state {
            case .connecting: .connecting
            case .connected: .connected
            case .reconnecting: .reconnecting
            case .restored: .restored
            case .closed: .closed
            }
    }
}
