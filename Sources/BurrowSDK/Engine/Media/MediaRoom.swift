import BurrowBase
import BurrowMedia

/// What the media thread knows of one room: our broadcast, the participants whose catalogues are followed, and who works
/// here.
final class MediaRoom {
    let room: HostRoom
    unowned let loop: MediaLoop
    let broadcast: BroadcastPublisher
    /// In a protected room: the names of the host's tracks of frames.
    private(set) lazy var directory = TrackDirectory(self)
    private var workers: [any MediaWorker] = []
    /// By path.
    private var participants = Ordered<String, MediaParticipant>()
    var speakers = RoomSpeakers()
    /// What is published, by whom, and within what the line carries.
    private var senders: [any SendingWorker] = []
    private var sending = SendingController()
    private var isOver = false

    init(_ room: HostRoom, _ loop: MediaLoop) {
        self.room = room
        self.loop = loop
        broadcast = BroadcastPublisher(room, loop)
    }

    func add(_ worker: any MediaWorker) {
        workers.append(worker)
        guard let sender = worker as? any SendingWorker else { return }
        if senders.isEmpty { loop.engine.submit(.watchLine(room)) }
        senders.append(sender)
    }

    func remove(_ worker: any MediaWorker) {
        workers.removeAll { $0 === worker }
        senders.removeAll { $0 === worker }
        guard !isOver else { return }
        sendingChanged()
        arrangePictures()
        unfollowUnwanted()
    }

    // MARK: Sending

    /// What is to be sent is something else now.
    func sendingChanged() {
        var demand = SendingDemand()
        for sender in senders { sender.add(to: &demand) }
        sending.set(demand, now: loop.now)
        for sender in senders { sender.apply(sending.targets) }
    }

    private func lineLost() {
        sending.disconnected()
        for sender in senders { sender.apply(sending.targets) }
    }

    func lineReported(_ report: LineReport) {
        sending.take(report)
        for sender in senders { sender.apply(sending.targets) }
    }

    // MARK: Participants

    /// Who is at a path; its catalogue is followed from now on.
    func participant(_ path: String) throws(EngineError) -> MediaParticipant {
        guard !isOver else { throw EngineError(.closed, "the room is closed") }
        if let known = participants[path] { return known }
        let fresh = try MediaParticipant(path, self)
        participants[path] = fresh
        if let (number, joined) = presence(of: path) { fresh.isPresent(as: number, since: joined) }
        return fresh
    }

    /// There may be a newer catalogue than the one that is known.
    func doubt(_ path: String) {
        participants[path]?.followAnew()
    }

    /// Lets go of those who neither are of interest nor have anything subscribed.
    func unfollowUnwanted() {
        let present =
            room.followsMedia ? room.snapshot.withLock { (state) in Set(state.participants.map(\.path)) } : []
        for path in participants.keys {
            guard let participant = participants[path], !participant.isUsed, !present.contains(path),
                !directory.seeks(path)
            else { continue }
            participant.stop()
            participants[path] = nil
            room.snapshot.withLock { $0.catalogues[path] = nil }
        }
    }

    func catalogueChanged(_ participant: MediaParticipant) {
        let path = participant.path
        room.snapshot.withLock { $0.catalogues[path] = participant.catalogue }
        directory.resolve(path, participant.catalogue)
    }

    /// Lets the host know that somebody offers something else.
    func tellMedia(of path: String) {
        if room.followsMedia, let number = number(of: path) { tell(.participantMedia, number, path) }
    }

    func tell(_ kind: HostEvent.Kind, _ number: UInt32, _ path: String) {
        let handle = room.snapshot.withLock { $0.handle }
        var event = HostEvent(kind, subject: handle, time: SystemCall.now())
        event.participant = number
        event.text = path
        loop.engine.events.post(event)
    }

    // MARK: Speakers

    /// Levels of a participant's sound, 20 ms each, up to now.
    func heard(_ readings: [AudioLevel], on path: String) {
        if let number = number(of: path) {
            speakers.heard(readings, on: path, number: number, now: loop.now)
        }
    }

    private func number(of path: String) -> UInt32? { presence(of: path)?.number }

    private func presence(of path: String) -> (number: UInt32, joined: Instant)? {
        room.snapshot.withLock { (state) in
            state.participants.first { $0.path == path }.map { ($0.number, $0.joined) }
        }
    }

    private func decideSpeaker() {
        let change = speakers.decide(now: loop.now)
        if let dominant = change.dominant { tell(.speaker, dominant.number, dominant.path) }
        if change.isReordered { arrangePictures() }
    }

    /// With a limit, lets pictures come of those who spoke last, then of those who were subscribed first.
    func arrangePictures() {
        guard room.lastN < .max else { return }
        let wanted = workers.compactMap { $0 as? any PictureReceiver }.filter { !$0.isPaused }
        let recent = speakers.recent
        func rank(_ subscriber: any PictureReceiver) -> Int {
            recent.firstIndex(of: subscriber.context.track.path) ?? recent.count
        }
        let ranked = wanted.enumerated().sorted {
            (rank($0.element), $0.offset) < (rank($1.element), $1.offset)
        }
        // Who has to make room goes first.
        for entry in ranked.dropFirst(room.lastN) { entry.element.hold(true) }
        for entry in ranked.prefix(room.lastN) { entry.element.hold(false) }
    }

    // MARK: The room

    func roomChanged() {
        let (present, phase) = room.snapshot.withLock { ($0.participants, $0.phase) }
        if phase == .closed { return end() }
        if phase == .reconnecting { lineLost() }
        speakers.keep(present)
        for participant in present {
            participants[participant.path]?.isPresent(as: participant.number, since: participant.joined)
        }
        guard room.followsMedia else { return }
        // Who is in a call can be heard to be there before anything is sent.
        if room.seat != nil { broadcast.begin() }
        for participant in present {
            do throws(EngineError) {
                try self.participant(participant.path)
                    .isPresent(as: participant.number, since: participant.joined)
            } catch {
                LogRing.shared.write(
                    .warning,
                    "media",
                    "no catalogue of \(participant.path): \(error.context)"
                )
            }
        }
        unfollowUnwanted()
    }

    private func end() {
        guard !isOver else { return }
        isOver = true
        for worker in workers { loop.end(worker, nil) }
        directory.end()
        for path in participants.keys { participants[path]?.stop() }
        participants.removeAll()
        broadcast.stop()
        room.snapshot.withLock { $0.catalogues.removeAll() }
        loop.forget(self)
    }

    // MARK: Time

    var deadline: Instant {
        let first = min(broadcast.deadline, speakers.deadline)
        return participants.least(first) { $0.deadline }
    }

    func tick() {
        broadcast.tick()
        decideSpeaker()
        for path in participants.keys { participants[path]?.tick() }
    }
}
