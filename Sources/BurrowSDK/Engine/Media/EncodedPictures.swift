import BurrowBase
import BurrowMedia

/// One subscribed video track of a host that decodes by itself: gives it what its participant sends, in the order to
/// decode it.
final class EncodedPictures: PictureReceiver {
    let context: MediaContext
    private let sink: EncodedSink
    private var participant: MediaParticipant?
    private var isHeld = false
    private var delivery: EncodedDelivery
    private var form = AnnexBForm()
    private let allocator = SliceAllocator(blockSize: 128 * 1024)
    /// The consumer's number of the decoder that is needed, and the track it is for.
    private var decoder: UInt32?
    private var decoderTrack: MediaTrackID?
    private var arrival = Instant(microseconds: 0)

    init(_ context: MediaContext, _ sink: EncodedSink) {
        self.context = context
        self.sink = sink
        delivery = EncodedDelivery(context, .video)
    }

    func start() throws(EngineError) {
        let participant = try context.room.participant(context.track.path)
        participant.video = self
        self.participant = participant
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
        guard !wishes.isPaused, !isHeld else {
            participant?.want(video: nil, wishes.terms(of: .video))
            forgetDecoder()
            return context.tell(.waiting)
        }
        participant?.want(video: wishes.pictures(named: context.track.name), wishes.terms(of: .video))
    }

    private func forgetDecoder() {
        (decoder, decoderTrack) = (nil, nil)
        delivery.interrupt()
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

    func ended(_ track: MediaTrackID) {
        if track == decoderTrack { forgetDecoder() }
    }

    func failed(_ error: EngineError) {
        LogRing.shared.write(.info, "media", "video of \(context.track.path): \(error.context)")
        forgetDecoder()
        context.tell(.waiting, error)
    }

    // MARK: Pictures

    func arrived(bytes: Int, at arrival: Instant) {
        delivery.arrived(bytes: bytes, at: arrival)
        self.arrival = arrival
    }

    func needsDecoder(for frame: MediaFrame) -> Bool {
        decoder != frame.decoder
    }

    /// What is worth decoding the host knows better.
    func judge(
        _ frame: MediaFrame,
        _ waiting: (count: Int, interval: Interval),
        _ pace: inout DecodingPace
    ) -> DecodingPace.Verdict {
        .decode
    }

    func decode(_ frame: MediaFrame, _ format: VideoFormat?) -> PictureOutcome {
        do throws(MediaError) {
            if decoder != frame.decoder { try begin(frame, format) }
            guard let unit = try form.convert(frame.frame.payload, allocator) else { return .fine }
            if let set = unit.parameterSet {
                if let refusal = set.refusal { throw refusal }
                delivery.figures.width = UInt32(clamping: set.width)
                delivery.figures.height = UInt32(clamping: set.height)
            }
            delivery.give(
                unit.payload,
                timestamp: frame.frame.timestamp,
                isKey: unit.isKey,
                group: frame.group,
                follows: !frame.isDiscontinuous,
                arrival: arrival
            )
            return .fine
        } catch {
            delivery.figures.damaged &+= 1
            delivery.interrupt()
            return error.code == .unsupported ? .refused(EngineError(error)) : .stuck
        }
    }

    private func begin(_ frame: MediaFrame, _ format: VideoFormat?) throws(MediaError) {
        let description = try format?.description.map { (bytes) throws(MediaError) in
            try AVCDecoderConfiguration.parse(bytes.span)
        }
        form = AnnexBForm(description)
        if decoder != nil { delivery.interrupt() }
        (decoder, decoderTrack) = (frame.decoder, frame.track)
        if let name = format?.rendition.name { context.track.snapshot.withLock { $0.rendition = name } }
    }

    func tick() {
        delivery.figures.late = participant?.lateFrames ?? delivery.figures.late
        delivery.tell(sink.report, now: context.now)
    }

    func stop() {
        participant?.want(video: nil, MediaTerms(.video))
        participant?.video = nil
        context.track.exchange.end()
    }
}
