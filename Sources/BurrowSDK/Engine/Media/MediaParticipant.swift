import BurrowBase
import BurrowMedia
import BurrowMoQ

/// One participant of a room as the media thread knows it: performs what its `MediaConsumer` wants done with wire tracks,
/// and brings what they carry to the host's tracks.
final class MediaParticipant: WireUser {
    private struct Wire {
        let track: HostTrack
        /// `nil` for the catalogue's.
        let kind: MediaKind?
        let opened: Instant
        var isOver = false
    }

    let path: String
    /// What its sound and its pictures share.
    let clock = SharedClock()
    /// Its number in the room when it was last seen there.
    private var number: UInt32?
    private var joined: Instant?
    private unowned let room: MediaRoom
    private var consumer: MediaConsumer
    private var wires: [MediaTrackID: Wire] = [:]
    /// Sound that its publisher has ended, and until when it may take to come.
    private var finishing: [(wire: HostTrack, until: Instant)] = []
    private let allocator = SliceAllocator(blockSize: 128 * 1024)
    /// When tracks that ended are asked for again: others of the same name may have taken their place.
    private var retry: Instant = .distantFuture
    private var retryPause = firstRetryPause
    /// When the host was told of a catalogue, and is to be told again.
    private var lastNews = Instant(microseconds: 0)
    private var newsDue: Instant = .distantFuture
    /// Frames may wait to be decoded.
    private var isBehind = false
    private var pace = DecodingPace()
    /// The host's tracks of this participant.
    weak var audio: (any SoundReceiver)?
    weak var video: (any PictureReceiver)?

    private static let newsPause = Interval.seconds(1)
    private static let firstRetryPause = Interval.milliseconds(500)
    private static let longestRetryPause = Interval.seconds(16)
    /// A track that was there for so long did not end because of what was asked.
    private static let lastingTrack = Interval.seconds(5)
    /// The catalogue says that a track is gone before the last of it is here.
    private static let lastWords = Interval.seconds(2)
    /// How long decoding may keep others from using the thread.
    private static let decodingTime = Interval.milliseconds(3)
    /// And when a track is over and nothing more comes.
    private static let lastDecodingTime = Interval.milliseconds(50)

    init(_ path: String, _ room: MediaRoom) throws(EngineError) {
        self.path = path
        self.room = room
        do {
            consumer = MediaConsumer(path: try BroadcastPath(path), carriesAudio: false)
        } catch {
            throw EngineError(.invalidArgument, "path is longer than a path may be")
        }
        act()
    }

    var isUsed: Bool { audio != nil || video != nil }

    var catalogue: Catalogue? { consumer.catalogue }

    /// Pictures that came when it was too late for them.
    var lateFrames: UInt64 { consumer.counters.late }

    // MARK: Wishes

    func want(video wish: VideoWish?, _ terms: MediaTerms) {
        consumer.set(terms, of: .video)
        consumer.want(video: wish)
        act()
    }

    func want(audio isWanted: Bool, named name: String?, _ terms: MediaTerms) {
        consumer.set(terms, of: .audio)
        consumer.want(audio: isWanted, named: name)
        act()
    }

    /// It is in the room, under this number, since it came last.
    func isPresent(as number: UInt32, since joined: Instant) {
        defer { (self.number, self.joined) = (number, joined) }
        if room.room.protection != nil, let former = self.joined, former != joined {
            // Whoever starts anew has other keys, and tells them in its first catalogue, which may look like one that was
            // seen before.
            followAnew()
        }
        // Whoever comes back has tracks of their own, even if these have the same names.
        guard let former = self.number, former != number else { return }
        retryPause = Self.firstRetryPause
        retryNow()
    }

    /// Gets the catalogue again.
    func followAnew() {
        consumer.followAnew()
        act()
    }

    // MARK: Time

    /// When `tick` has something to do.
    var deadline: Instant {
        isBehind
            ? Instant(microseconds: 0)
            : min(consumer.deadline, retry, newsDue, finishing.first?.until ?? .distantFuture)
    }

    func tick() {
        while let first = finishing.first, room.loop.now >= first.until {
            finished(first.wire)
            room.loop.closeWire(first.wire)
        }
        if room.loop.now >= retry { retryNow() }
        if room.loop.now >= newsDue { spread(isUrgent: true) }
        // Frames may be due although nothing came.
        if isBehind || room.loop.now >= consumer.deadline { decode() }
    }

    private func isOver(_ id: MediaTrackID) {
        guard let wire = wires[id] else { return }
        wires[id]?.isOver = true
        if room.loop.now - wire.opened > Self.lastingTrack { retryPause = Self.firstRetryPause }
        guard retry == .distantFuture else { return }
        retry = room.loop.now + retryPause
        retryPause = min(retryPause + retryPause, Self.longestRetryPause)
    }

    private func retryNow() {
        retry = .distantFuture
        if wires[.catalogue]?.isOver ?? true { consumer.followAnew() }
        consumer.retry()
        act()
    }

    func stop() {
        for id in wires.keys.sorted(by: { $0.rawValue < $1.rawValue }) { close(id) }
        while let wire = finishing.first?.wire {
            finished(wire)
            room.loop.closeWire(wire)
        }
    }

    // MARK: What the consumer wants

    private func act() {
        while let action = consumer.nextAction() {
            switch action {
            case .subscribe(let id, let broadcast, let name, let options): open(id, broadcast, name, options)
            case .update(let id, let options):
                if let wire = wires[id]?.track { room.loop.engine.submit(.update(wire, options)) }
            case .unsubscribe(let id): close(id)
            case .finish(let id): finish(id)
            case .catalogueChanged(let diff):
                room.catalogueChanged(self)
                spread(isUrgent: diff.isStructural || diff.changesDisplay)
            case .problem(_, let error):
                LogRing.shared.write(.warning, "media", "media of \(path): \(error.context)")
            }
        }
    }

    /// Lets the host know of another catalogue. Figures alone may change a hundred times a second while they settle.
    private func spread(isUrgent: Bool) {
        let now = room.loop.now
        guard isUrgent || now >= lastNews + Self.newsPause else {
            newsDue = lastNews + Self.newsPause
            return
        }
        (lastNews, newsDue) = (now, .distantFuture)
        room.tellMedia(of: path)
    }

    private func open(
        _ id: MediaTrackID,
        _ broadcast: BroadcastPath,
        _ name: String,
        _ options: SubscribeOptions
    ) {
        let sound = consumer.audioFormat(of: id)
        let kind: MediaKind? = id == .catalogue ? nil : sound == nil ? .video : .audio
        do throws(EngineError) {
            // Sound takes no part in the order of decoding: whoever plays, or has a decoder, takes it from the wire.
            let track = try room.loop.subscribeWire(
                in: room.room,
                broadcast,
                name: name,
                options,
                of: kind,
                by: sound == nil || audio?.readsHere ?? false ? .mediaThread : .player,
                for: self
            )
            wires[id] = Wire(track: track, kind: kind, opened: room.loop.now)
            if let sound { audio?.connect(track, sound) }
            if kind == .video { video?.connect(track) }
        } catch {
            LogRing.shared.write(.warning, "media", "track \(name) of \(path): \(error.context)")
        }
    }

    private func close(_ id: MediaTrackID) {
        guard let wire = wires.removeValue(forKey: id) else { return }
        switch wire.kind {
        case .audio: audio?.disconnect(wire.track)
        case .video: video?.disconnect(wire.track)
        case nil: break
        }
        // The last words of sound that ended by itself wait there to be pulled.
        if wire.isOver, wire.kind == .audio {
            room.loop.forgetWire(wire.track)
        } else {
            room.loop.closeWire(wire.track)
        }
    }

    /// Takes what is still under way.
    private func finish(_ id: MediaTrackID) {
        guard let wire = wires[id], !wire.isOver else { return close(id) }
        wires[id] = nil
        audio?.finish(wire.track)
        finishing.append((wire.track, room.loop.now + Self.lastWords))
    }

    private func finished(_ wire: HostTrack) {
        finishing.removeAll { $0.wire === wire }
        audio?.disconnect(wire)
    }

    // MARK: Wires

    func wireReadable(_ wire: HostTrack) {
        if let audio, audio.isFed(by: wire) { return audio.readable(wire) }
        guard let id = id(of: wire) else { return }
        pieces: while true {
            let mustRefill: Bool
            switch wire.exchange.pull() {
            case .frame(let loan, let isRoom):
                mustRefill = isRoom
                take(loan, of: id)
                loan.buffer.lastReferenceGone()
            case .mark(.groupEnd(let group, let count, let isWhole), let isRoom):
                mustRefill = isRoom
                consumer.endGroup(group, of: id, isWhole: isWhole, count: count)
            case .mark(.lost(let group), let isRoom):
                mustRefill = isRoom
                consumer.damage(group, of: id)
            case .mark(.restart, let isRoom):
                mustRefill = isRoom
                consumer.restart(id)
            case .nothing, .ended: break pieces
            }
            if mustRefill { room.loop.engine.submit(.refill(wire)) }
        }
        act()
        // Not before all of this turn is here: then it is known what is late.
        isBehind = true
    }

    private func take(_ loan: FrameExchange.Loan, of id: MediaTrackID) {
        let bytes = unsafe loan.bytes
        let description = loan.description
        consumer.receive(
            unsafe allocator.copy(bytes),
            of: id,
            group: description.group,
            index: Int(clamping: description.sequence),
            isDiscontinuous: description.flags.contains(.discontinuity)
        )
        // A datagram is a group of its own, and nothing else says so.
        if description.flags.contains(.datagram) {
            consumer.endGroup(description.group, of: id, isWhole: true, count: 1)
        }
        if id != .catalogue { video?.arrived(bytes: loan.count, at: description.arrival) }
    }

    /// Decodes what is there. Other participants and commands wait meanwhile, so not all of much at once, and sound goes
    /// before each picture.
    private func decode(within time: Interval = decodingTime) {
        let end = SystemCall.now() + time
        isBehind = false
        while let frame = consumer.nextFrame(.video, now: SystemCall.now()) {
            switch video?.judge(frame, consumer.waitingPictures, &pace) {
            case .decode?, nil: break
            case .leaveOut?: continue
            case .leaveGroup?:
                consumer.giveUp(frame.group, of: frame.track)
                continue
            }
            room.loop.serveSound()
            let needsFormat = video?.needsDecoder(for: frame) ?? false
            switch video?.decode(frame, needsFormat ? consumer.videoFormat(of: frame.track) : nil) {
            case .fine?, nil: break
            case .late?: consumer.catchUp(frame.track)
            case .stuck?: consumer.giveUp(frame.group, of: frame.track)
            case .refused(let error)?:
                video?.failed(error)
                consumer.refuse(frame.track)
            }
            if SystemCall.now() >= end {
                isBehind = true
                break
            }
        }
        act()
    }

    func wireChanged(_ wire: HostTrack, _ phase: TrackPhase, _ error: EngineError?) {
        let isOver = phase == .ended || phase == .failed
        if isOver, finishing.contains(where: { $0.wire === wire }) {
            finished(wire)
            return room.loop.forgetWire(wire)
        }
        guard let id = id(of: wire), let known = wires[id] else { return }
        switch known.kind {
        case .audio: audio?.wireChanged(phase, error)
        case .video:
            if isOver {
                decode(within: Self.lastDecodingTime)
                video?.ended(id)
            }
            video?.wireChanged(phase, error)
        case nil:
            guard let error else { break }
            LogRing.shared.write(.info, "media", "catalogue of \(path): \(error.context)")
        }
        guard isOver else { return }
        self.isOver(id)
        consumer.end(id)
        act()
    }

    func wireWanted(_ wire: HostTrack, _ isWanted: Bool) {}

    private func id(of wire: HostTrack) -> MediaTrackID? {
        wires.first { $0.value.track === wire }?.key
    }
}
