import BurrowBase
import BurrowMedia

/// One subscribed video track of the host: decodes what its participant sends and gives it to the playout.
final class VideoSubscriber: PictureReceiver {
    let context: MediaContext
    /// So many others speak that there is no room for these pictures.
    private(set) var isHeld = false
    private let sink: VideoSink
    private var participant: MediaParticipant?
    // The host may hold some, some wait to be due, and the decoder keeps one.
    private let pool = PicturePool(limit: EngineLimits.lentPictures + VideoPlayout<Picture>.capacity + 2)
    private var decoder: (any VideoDecoder)?
    /// The consumer's number of it, and the track it belongs to.
    private var decoderNumber: UInt32?
    private var decoderTrack: MediaTrackID?
    private var arrival = Instant(microseconds: 0)
    private var figures = MediaReport()
    private var rate = ArrivalRate()

    /// Pictures that are so late are skipped if there is a way.
    private static let tooLate = Interval.milliseconds(100)

    init(_ context: MediaContext, _ sink: VideoSink) {
        self.context = context
        self.sink = sink
    }

    func start() throws(EngineError) {
        let participant = try context.room.participant(context.track.path)
        participant.video = self
        self.participant = participant
        sink.join(participant.clock)
        wishesChanged()
    }

    var isPaused: Bool { sink.wishes.withLock { $0.isPaused } }

    func wishesChanged() {
        context.room.arrangePictures()
        followWishes()
    }

    func hold(_ isHeld: Bool) {
        guard isHeld != self.isHeld else { return }
        self.isHeld = isHeld
        followWishes()
    }

    private func followWishes() {
        let wishes = sink.wishes.withLock { $0 }
        let terms = wishes.terms(of: .video)
        sink.follow(wishes)
        guard !wishes.isPaused, !isHeld else {
            participant?.want(video: nil, terms)
            // What it keeps is of before, and would be the first to be seen again.
            (decoder, decoderNumber, decoderTrack) = (nil, nil, nil)
            sink.clear()
            return context.tell(.waiting)
        }
        participant?.want(video: wishes.pictures(named: context.track.name), terms)
    }

    // MARK: Wires

    func connect(_ wire: HostTrack) {
        context.track.carriers?.add(wire)
    }

    func disconnect(_ wire: HostTrack) {
        context.track.carriers?.remove(wire)
        let isShown = context.track.snapshot.withLock { (snapshot) in
            defer { if snapshot.rendition == wire.name { snapshot.rendition = "" } }
            return snapshot.rendition == wire.name
        }
        if isShown { context.tell(.waiting) }
    }

    func wireChanged(_ phase: TrackPhase, _ error: EngineError?) {
        context.tell(phase == .live ? .live : .waiting, error)
    }

    /// Nothing more comes on a track: what its decoder kept is shown.
    func ended(_ track: MediaTrackID) {
        guard track == decoderTrack else { return }
        flush()
        sink.paused()
        (decoder, decoderNumber, decoderTrack) = (nil, nil, nil)
    }

    func failed(_ error: EngineError) {
        LogRing.shared.write(.info, "media", "video of \(context.track.path): \(error.context)")
        (decoder, decoderNumber, decoderTrack) = (nil, nil, nil)
        context.tell(.waiting, error)
    }

    // MARK: Pictures

    func arrived(bytes: Int, at arrival: Instant) {
        figures.bytes &+= UInt64(clamping: bytes)
        rate.add(bytes: bytes, at: arrival)
        self.arrival = arrival
    }

    /// Whether a frame needs another decoder than there is, and so its format has to be known.
    func needsDecoder(for frame: MediaFrame) -> Bool {
        decoder == nil || decoderNumber != frame.decoder
    }

    /// Whether a frame is worth decoding, of those that wait.
    func judge(
        _ frame: MediaFrame,
        _ waiting: (count: Int, interval: Interval),
        _ pace: inout DecodingPace
    ) -> DecodingPace.Verdict {
        let now = SystemCall.now()
        let picture = DecodingPace.Picture(
            isKey: frame.frame.isKey,
            isDecodedOnly: frame.isDecodedOnly,
            lateness: sink.lateness(of: frame.frame.timestamp, now: now),
            waiting: waiting.count,
            interval: waiting.interval
        )
        let verdict = pace.judge(picture, now: now) {
            !needsDecoder(for: frame) && decoder?.isDisposable(frame.frame.payload.span) ?? false
        }
        guard verdict != .decode else { return .decode }
        figures.frames &+= 1
        figures.dropped &+= 1
        if frame.followsPause { sink.paused() }
        sink.arrived(timestamp: frame.frame.timestamp, at: arrival)
        return verdict
    }

    func decode(_ frame: MediaFrame, _ format: VideoFormat?) -> PictureOutcome {
        figures.frames &+= 1
        if frame.frame.isKey { figures.keyFrames &+= 1 }
        if frame.followsPause { sink.paused() }
        do throws(MediaError) {
            let decoder = try decoder(for: frame, format)
            sink.arrived(timestamp: frame.frame.timestamp, at: arrival)
            let begin = SystemCall.now()
            let decoded: DecodedPicture
            do {
                defer { took(SystemCall.now() - begin) }
                decoded = try decoder.decode(frame.frame.payload.span, timestamp: frame.frame.timestamp)
            }
            guard let picture = decoded.picture else { return decoder.needsKeyFrame ? .stuck : .fine }
            guard !frame.isDecodedOnly else { return .fine }
            show(picture)
            let lateness = sink.lateness(of: frame.frame.timestamp, now: SystemCall.now())
            return lateness > Self.tooLate ? .late : .fine
        } catch {
            figures.damaged &+= 1
            if error.code == .unsupported || decoder == nil { return .refused(EngineError(error)) }
            LogRing.shared.write(.debug, "media", "video of \(context.track.path): \(error.context)")
            return .fine
        }
    }

    private func took(_ time: Interval) {
        figures.codecTime = figures.codecTime + time
        figures.longestCodecTime = max(figures.longestCodecTime, time)
    }

    private func show(_ picture: Picture) {
        figures.width = UInt32(clamping: picture.width)
        figures.height = UInt32(clamping: picture.height)
        sink.insert(picture, now: SystemCall.now())
    }

    private func flush() {
        while let picture = decoder?.flush() { show(picture) }
    }

    private func decoder(for frame: MediaFrame, _ format: VideoFormat?) throws(MediaError) -> any VideoDecoder
    {
        if let decoder, decoderNumber == frame.decoder { return decoder }
        flush()
        decoder = nil
        let description = try format?.description.map { (bytes) throws(MediaError) in
            try AVCDecoderConfiguration.parse(bytes.span)
        }
        let fresh = try H264Decoder(pool: pool, configuration: description)
        if decoderTrack == nil { sink.begins() }
        (decoder, decoderNumber, decoderTrack) = (fresh, frame.decoder, frame.track)
        if let name = format?.rendition.name { context.track.snapshot.withLock { $0.rendition = name } }
        return fresh
    }

    // MARK: Time

    /// When the host has to be told of a picture.
    var deadline: Instant { sink.nextDue }

    func tick() {
        let arriving = rate.value(now: context.now)
        (figures.bitRate, figures.frameRate) = (arriving.bits, arriving.frames)
        figures.late = participant?.lateFrames ?? figures.late
        sink.report(figures, now: context.now)
        guard context.now >= sink.nextDue else { return }
        sink.eventPosted()
        context.loop.engine.events.post(
            HostEvent(.trackData(context.track), subject: context.handle, time: SystemCall.now())
        )
    }

    func stop() {
        participant?.want(video: nil, MediaTerms(.video))
        participant?.video = nil
        sink.close()
    }
}
