import BurrowMedia

/// One subscribed audio track of the host: connects the wire track its participant's catalogue leads to with the playout.
final class AudioSubscriber: SoundReceiver {
    let context: MediaContext
    private let sink: AudioSink
    private var participant: MediaParticipant?
    private var levels: [AudioLevel] = []
    private var speaking = SpeakerLevel()

    init(_ context: MediaContext, _ sink: AudioSink) {
        self.context = context
        self.sink = sink
    }

    func start() throws(EngineError) {
        let participant = try context.room.participant(context.track.path)
        participant.audio = self
        self.participant = participant
        sink.join(participant.clock)
        wishesChanged()
    }

    func wishesChanged() {
        let wishes = sink.wishes.withLock { $0 }
        let name = context.track.name.isEmpty ? nil : context.track.name
        participant?.want(audio: !wishes.isPaused, named: name, wishes.terms(of: .audio))
        context.room.speakers.pause(context.track.path, wishes.isPaused)
    }

    func connect(_ wire: HostTrack, _ format: AudioFormat) {
        context.track.carriers?.add(wire)
        context.track.snapshot.withLock { $0.rendition = wire.name }
        sink.setFeed(AudioSink.Feed(wire: wire, rendition: format.rendition))
    }

    func disconnect(_ wire: HostTrack) {
        context.track.carriers?.remove(wire)
        guard sink.isFed(by: wire) else { return }
        sink.setFeed(nil)
        context.track.snapshot.withLock { $0.rendition = "" }
        context.tell(.waiting)
        context.room.speakers.forget(context.track.path)
    }

    /// No more is recorded for a track. What is under way is still to be heard, and nothing invented after it.
    func finish(_ wire: HostTrack) {
        guard sink.isFed(by: wire) else { return }
        sink.setWaiting(true)
        context.tell(.waiting)
    }

    func wireChanged(_ phase: TrackPhase, _ error: EngineError?) {
        sink.setWaiting(phase != .live)
        context.tell(phase == .live ? .live : .waiting, error)
    }

    /// Feeds the choice of the speaker with what was heard since the last time.
    func tick() {
        sink.takeLevels(into: &levels)
        guard !levels.isEmpty else { return }
        for reading in levels { _ = speaking.observe(reading) }
        if sink.isFed { context.room.heard(levels, on: context.track.path) }
        sink.report.withLock { (report) in
            report.level = UInt32(speaking.level)
            report.isVoice = speaking.isSpeaking
        }
    }

    func stop() {
        sink.close()
        context.track.room.mixer.remove(sink)
        participant?.want(audio: false, named: nil, MediaTerms(.audio))
        participant?.audio = nil
        context.room.speakers.forget(context.track.path)
    }
}
