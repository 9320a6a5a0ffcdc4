import BurrowBase
import BurrowCrypto
import BurrowMoQ

/// Frame protection in the path of all tracks of a protected room: sealed right before the node, opened right behind it.
extension EngineLoop {
    func protection(for room: HostRoom, _ options: RoomProtectionOptions) -> RoomProtection? {
        do throws(CryptoError) {
            return try RoomProtection(
                callID: options.callID,
                path: room.path,
                hasGroup: options.group != nil
            )
        } catch {
            // Tracks of this room will all be refused.
            LogRing.shared.write(.error, "engine", "room cannot be protected: \(error.context)")
            return nil
        }
    }

    /// What protects a track that goes by `name` on the wire; `nil` in rooms that are not protected.
    func protection(
        of track: HostTrack,
        _ name: String,
        in room: LoopRoom
    ) throws(MoQError) -> (room: RoomProtection, track: TrackProtection)? {
        guard room.room.protection != nil else { return nil }
        guard let protection = room.protection, let kind = track.protectedAs else {
            throw MoQError(.internalError, "the room cannot be protected")
        }
        switch (track.direction, kind) {
        case (.published, .catalogue): return (protection, .sealingCatalogue)
        case (.subscribed, .catalogue): return (protection, .openingCatalogue(protection.join(track.path)))
        default: break
        }
        guard let index = UInt64(name), String(index) == name else {
            throw MoQError(.notFound, "a protected track has a number for a name")
        }
        guard track.direction == .published else {
            let opened = OpenedTrack(
                track.number,
                of: protection.join(track.path),
                kind: kind,
                index: index,
                isRecorded: track.isRecorded
            )
            return (protection, .opening(opened))
        }
        do throws(CryptoError) {
            let sealed = try protection.addPublished(kind, index: index, now: now)
            sealed.number = track.number
            return (protection, .sealing(sealed))
        } catch {
            throw MoQError(.internalError, error.context)
        }
    }

    /// A track is over.
    func unprotect(_ known: LoopTrack) {
        guard let (room, track) = known.protection else { return }
        switch track {
        case .sealing(let sealed): room.remove(sealed)
        case .sealingCatalogue: break
        case .opening(let opened): room.leave(opened)
        case .openingCatalogue(let broadcast): broadcast.users -= 1
        }
    }

    // MARK: Keys

    func setKey(_ room: HostRoom, _ key: RoomKey) {
        guard let protection = rooms[room.number]?.protection else { return }
        do throws(CryptoError) {
            try protection.install(key, now: now)
        } catch {
            LogRing.shared.write(.warning, "engine", "key of epoch \(key.epoch): \(error.context)")
        }
        retryAll(room, protection)
    }

    /// A room's group is not what it was.
    func follow(_ room: HostRoom, _ moment: GroupMoment) {
        guard let protection = rooms[room.number]?.protection else { return }
        do throws(CryptoError) {
            guard try protection.follow(moment, now: now) else { return }
        } catch {
            LogRing.shared.write(.warning, "engine", "keys of a group: \(error.context)")
        }
        let paths = room.snapshot.withLock { (state) in
            for index in state.participants.indices {
                state.participants[index].member = protection.member(at: state.participants[index].path)
            }
            return state.participants.map(\.path)
        }
        protection.sortAnnounced(paths, now: now)
        retryAll(room, protection)
    }

    /// Opens what has waited for keys.
    private func retryAll(_ room: HostRoom, _ protection: RoomProtection) {
        for known in tracks.values.filter({ $0.track.room === room }).sorted(by: {
            $0.track.number < $1.track.number
        }) {
            guard case .openingCatalogue(let broadcast)? = known.protection?.track,
                let (group, plaintext) = protection.retry(broadcast, now: now)
            else { continue }
            wake(known, if: deliver(plaintext, known, group, arrival: now))
        }
        for opened in protection.takeHolding() { retry(opened) }
    }

    func removeKey(_ room: HostRoom, _ epoch: UInt64) {
        rooms[room.number]?.protection?.remove(epoch: epoch)
    }

    /// Opens what waited for a key.
    private func retry(_ opened: OpenedTrack) {
        guard let known = tracks[opened.number] else { return }
        var needsEvent = false
        for held in opened.held.takeAll() {
            let isFirst = open(known, held.buffer, count: held.count, held.description)
            needsEvent = needsEvent || isFirst
        }
        wake(known, if: needsEvent)
    }

    private func wake(_ known: LoopTrack, if needsEvent: Bool) {
        if needsEvent { tellReadable(known) }
    }

    // MARK: Time

    /// Does what has become due.
    func lookAfterProtection() {
        for known in protectedRooms {
            guard let protection = known.protection else { continue }
            if now >= protection.deadline { protection.tick(now: now) }
            if protection.wantsCatalogue(now: now) { publishCatalogue(known, protection) }
            protection.askForKeyFrames(now: now) { (sealed) in
                if let wire = tracks[sealed.number]?.track { engine.media.post(.keyFrameWanted(wire)) }
            }
        }
    }

    func tellProtectionNews() {
        for known in protectedRooms {
            while let news = known.protection?.nextNews() { tell(news, known) }
        }
    }

    private func tell(_ news: ProtectionNews, _ known: LoopRoom) {
        var event: HostEvent
        switch news {
        case .doubtful(let path): return engine.media.post(.doubt(known.room, path: path))
        case .keyMissing(let path, let bits, let newest):
            let text = "frames of an epoch without a key"
            event = HostEvent(
                .protection(UInt32(truncatingIfNeeded: bits)),
                subject: known.handle,
                time: now,
                error: EngineError(.keyMissing, text)
            )
            event.value = newest.map { Int64(clamping: $0) } ?? -1
            event.text = path
        case .rejected(let path, let count):
            event = HostEvent(
                .protection(0),
                subject: known.handle,
                time: now,
                error: EngineError(.frameRejected, "frames are not authentic")
            )
            event.value = Int64(count)
            event.text = path
            LogRing.shared.write(.warning, "engine", "\(count) frames a second of \(path) are not authentic")
        case .unprotected(let path):
            event = HostEvent(
                .protection(0),
                subject: known.handle,
                time: now,
                error: EngineError(.unsupported, "a broadcast is not protected")
            )
            event.text = path
        case .stranger(let path):
            event = HostEvent(
                .protection(0),
                subject: known.handle,
                time: now,
                error: EngineError(.notMember, "a broadcast is no member's")
            )
            event.text = path
        case .member(let path):
            event = HostEvent(.protection(0), subject: known.handle, time: now)
            event.text = path
        case .refresh(let epoch):
            event = HostEvent(
                .protection(UInt32(truncatingIfNeeded: epoch & ProtectionLimits.epochMask)),
                subject: known.handle,
                time: now,
                error: EngineError(.keyExhausted, "the key has protected a lot")
            )
            event.value = Int64(clamping: epoch)
        }
        let path = event.text
        if !path.isEmpty {
            event.participant = known.room.snapshot.withLock { (state) in
                state.participants.first { $0.path == path }?.number ?? 0
            }
        }
        tell(event)
    }

    // MARK: Out

    /// Takes what was pushed over to the node, sealed in place.
    func pushProtected(_ known: LoopTrack) {
        guard let (room, track) = known.protection else { return }
        let margin = known.track.exchange.margin
        let frames = pushed.frames
        unsafe pushed.bytes.withUnsafeMutableBytes { (bytes) in
            var offset = 0
            for frame in frames {
                guard !frame.isBreak else {
                    node.breakTime(known.id, now: now)
                    continue
                }
                let end = offset + margin.front + frame.count + margin.back
                let memory = unsafe UnsafeMutableRawBufferPointer(rebasing: bytes[offset..<end])
                let payload = margin.front..<margin.front + frame.count
                offset = end
                switch track {
                case .sealing(let sealed): unsafe push(known, sealed, room, frame, memory, payload)
                case .sealingCatalogue: room.setCatalogue(unsafe Array(memory[payload]))
                case .opening, .openingCatalogue: break
                }
            }
        }
        // What there is to do about keys and catalogues follows in this turn.
    }

    private func push(
        _ known: LoopTrack,
        _ sealed: SealedTrack,
        _ room: RoomProtection,
        _ frame: FrameExchange.Pushed.Frame,
        _ memory: UnsafeMutableRawBufferPointer,
        _ payload: Range<Int>
    ) {
        let outgoing = OutgoingFrame(
            timestamp: frame.timestamp,
            isKey: frame.flags.contains(.key),
            endsGroup: frame.flags.contains(.endOfGroup),
            isDatagram: frame.flags.contains(.datagram)
        )
        guard let place = node.place(of: outgoing, on: known.id) else { return }
        let position = FramePosition(
            group: place.group,
            frame: UInt64(clamping: place.index),
            isKey: place.index == 0
        )
        let range = unsafe room.seal(
            sealed,
            in: memory,
            payload: payload,
            position: position,
            isKey: sealed.sealer.kind == .video ? outgoing.isKey : true,
            now: now
        )
        guard let range else { return }
        unsafe send(known, outgoing, UnsafeRawBufferPointer(rebasing: memory[range]))
    }

    private func send(_ known: LoopTrack, _ frame: OutgoingFrame, _ payload: UnsafeRawBufferPointer) {
        do throws(MoQError) {
            unsafe try node.push(known.id, frame, payload: payload, now: now)
        } catch {
            LogRing.shared.write(.debug, "engine", "frame dropped: \(error.context)")
        }
    }

    private func publishCatalogue(_ room: LoopRoom, _ protection: RoomProtection) {
        guard let known = tracks.values.first(where: { $0.track.room === room.room && $0.isOurCatalogue })
        else {
            return
        }
        let outgoing = OutgoingFrame(
            timestamp: now.microseconds,
            isKey: true,
            endsGroup: true,
            isDatagram: false
        )
        guard let place = node.place(of: outgoing, on: known.id) else { return }
        do throws(CryptoError) {
            guard let document = try protection.sealCatalogue(group: place.group, now: now) else { return }
            unsafe document.withUnsafeBytes { unsafe send(known, outgoing, $0) }
        } catch {
            LogRing.shared.write(.warning, "engine", "our catalogue: \(error.context)")
        }
    }

    // MARK: In

    /// Opens a frame in its buffer and delivers it. True when the consumer has to be told.
    func open(
        _ known: LoopTrack,
        _ buffer: FrameBuffer,
        count: Int,
        _ description: FrameExchange.Description
    ) -> Bool {
        guard let (room, track) = known.protection else { return false }
        let exchange = known.track.exchange
        switch track {
        case .opening(let opened):
            let memory = unsafe UnsafeMutableRawBufferPointer(start: buffer.base, count: count)
            switch unsafe room.open(opened, in: memory, description, now: now) {
            case .opened(let range):
                var description = description
                if opened.isBroken { description.flags.insert(.discontinuity) }
                opened.isBroken = false
                return exchange.deliver(buffer, offset: range.lowerBound, count: range.count, description)
            case .dropped(.unknownEpoch):
                let held = OpenedTrack.Held(buffer: buffer, count: count, description: description)
                room.hold(held, of: opened, now: now)
                return false
            case .dropped:
                opened.isBroken = true
                exchange.giveBack(buffer)
                return known.track.user == .mediaThread && exchange.deliver(.lost(group: description.group))
            }
        case .openingCatalogue(let broadcast):
            let bytes = unsafe UnsafeRawBufferPointer(start: buffer.base, count: count)
            let span = unsafe Span<UInt8>(_unsafeBytes: bytes)
            let reading = room.read(span, group: description.group, of: broadcast, now: now)
            exchange.giveBack(buffer)
            guard case .document(let document) = reading else { return false }
            return deliver(document, known, description.group, arrival: description.arrival)
        case .sealing, .sealingCatalogue: return false
        }
    }

    /// Delivers the plaintext of a catalogue.
    private func deliver(_ document: [UInt8], _ known: LoopTrack, _ group: UInt64, arrival: Instant) -> Bool {
        known.track.room.tellCall(.media(known.track.path))
        let exchange = known.track.exchange
        let buffer = exchange.buffer(for: document.count)
        unsafe document.withUnsafeBytes { (bytes) in
            if let start = bytes.baseAddress {
                unsafe buffer.base.copyMemory(from: start, byteCount: bytes.count)
            }
        }
        let description = FrameExchange.Description(
            group: group,
            sequence: 0,
            timestamp: arrival.microseconds,
            arrival: arrival,
            flags: [.key, .endOfGroup]
        )
        return exchange.deliver(buffer, count: document.count, description)
    }
}

extension LoopTrack {
    fileprivate var isOurCatalogue: Bool {
        if case .sealingCatalogue? = protection?.track { return true }
        return false
    }
}
