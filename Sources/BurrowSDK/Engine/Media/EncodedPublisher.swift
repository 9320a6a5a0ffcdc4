import BurrowBase
import BurrowMedia
import BurrowMoQ

/// Sends what a host with an encoder of its own makes, puts it into the catalogue, and tells the host how the line and
/// those who follow want it.
final class EncodedPublisher: SendingWorker, WireFiller {
    let context: MediaContext
    private let source: EncodedSource
    private var wishes: EncodedSource.Wishes
    private var id: MediaTrackID?
    private var form = AnnexBForm()
    private let allocator = SliceAllocator(blockSize: 128 * 1024)
    private var batch = FrameExchange.Pushed()
    private var figures = MediaReport()
    private var unsent: UInt64 = 0
    private var isWanted = false
    /// What the catalogue says of the pictures.
    private var announced: VideoRendition?
    /// What was sent last is of no use to the next picture.
    private var needsKey = true
    private var isKeyAsked = false
    private var lastAsked: Instant?
    /// What the line allows, and what of that the host knows.
    private var target: SendingTargets.Video?
    private var decision: AudioLossPolicy.Decision?
    private var relief = SendingTargets.Relief.none
    private var told: (bitRate: UInt32, frameRate: UInt32, isOn: Bool) = (0, 0, false)
    /// How many packets in a row were muted, as far as it matters.
    private var mutedPackets = 0
    private var isOver = false

    private static let silentPackets = 5
    /// A key picture that was asked for is not asked for again sooner.
    private static let pause = Interval.milliseconds(500)

    init(_ context: MediaContext, _ source: EncodedSource) {
        self.context = context
        self.source = source
        wishes = source.wishes.withLock { $0 }
    }

    func start() throws(EngineError) {
        if source.kind == .audio {
            var rendition = AudioRendition(
                name: context.track.name,
                codec: "opus",
                sampleRate: PCMFormat.internalRate,
                channels: Int(wishes.encoding.channels)
            )
            rendition.bitRate = wantedBitRate
            rendition.jitter = Int(wishes.encoding.frameMilliseconds)
            id = try context.room.broadcast.add(
                rendition,
                packetsPerGroup: wishes.encoding.packetsPerGroup,
                options,
                for: self
            )
            needsKey = false
        }
        context.room.sendingChanged()
        context.tell(.live)
        report()
    }

    private var options: SubscribeOptions { context.track.snapshot.withLock { $0.options } }

    func wishesChanged() {
        let old = wishes
        wishes = source.wishes.withLock { $0 }
        if wishes.isMuted, !old.isMuted, source.kind == .video, let id {
            context.room.broadcast.pause(id)
            needsKey = true
        }
        if !wishes.isMuted, old.isMuted { askForKey() }
        context.room.sendingChanged()
        if let id, source.kind == .audio {
            let bitRate = wantedBitRate
            context.room.broadcast.update(audio: id) { $0.bitRate = bitRate }
        }
        report()
    }

    // MARK: What is wanted, and what is possible

    private var number: UInt64 {
        source.kind == .audio ? context.track.number : context.track.number << 2
    }

    /// Bits a second, when nothing is in the way.
    private var wantedBitRate: Int {
        guard source.kind == .video else { return AudioEncoderSettings(wishes.encoding).bitRate }
        guard wishes.encoding.bitRate == 0 else { return Int(wishes.encoding.bitRate) }
        return VideoLadder.bitRate(
            width: Int(figures.width > 0 ? figures.width : wishes.encoding.width),
            height: Int(figures.height > 0 ? figures.height : wishes.encoding.height),
            frameRate: Int(wishes.encoding.frameRate)
        )
    }

    func add(to demand: inout SendingDemand) {
        guard !wishes.isMuted else { return }
        switch source.kind {
        case .audio:
            demand.audio.append(
                SendingDemand.Audio(
                    id: number,
                    bitRate: wantedBitRate,
                    channels: Int(wishes.encoding.channels),
                    packetRate: 1000 / max(Int(wishes.encoding.frameMilliseconds), 1),
                    isFixed: wishes.encoding.isFixed
                )
            )
        case .video:
            guard let announced else { return }
            demand.video.append(
                SendingDemand.Video(
                    id: number,
                    width: announced.codedWidth ?? 0,
                    height: announced.codedHeight ?? 0,
                    bitRate: wantedBitRate,
                    frameRate: Float(min(wishes.encoding.frameRate, 60)),
                    isWanted: isWanted,
                    isFixed: wishes.encoding.isFixed
                )
            )
        }
    }

    func apply(_ targets: SendingTargets) {
        figures.estimate = UInt32(clamping: targets.estimate)
        relief = wishes.encoding.isFixed ? .none : targets.relief
        target = targets.video.first { $0.id == number }
        decision = targets.audio.first { $0.id == number }?.decision
        let bitRate = target?.bitRate ?? decision?.bitRate ?? wantedBitRate
        figures.bitRate = UInt32(clamping: target?.isOff ?? false ? 0 : bitRate)
        let frameRate = target?.frameRate ?? Float(min(wishes.encoding.frameRate, 60))
        figures.frameRate = source.kind == .audio ? 0 : UInt32(min(max(frameRate, 0), 1000))
        report()
        // Small changes are not worth the host's attention.
        let distance = abs(Int64(figures.bitRate) - Int64(told.bitRate))
        let isOn = source.kind == .audio || isEncoded
        guard distance * 20 > Int64(told.bitRate) || figures.frameRate != told.frameRate || isOn != told.isOn
        else { return }
        tellHost(needsKey: false)
    }

    private func tellHost(needsKey: Bool) {
        told = (figures.bitRate, figures.frameRate, source.kind == .audio || isEncoded)
        var event = HostEvent(.trackEncoding, subject: context.handle, time: SystemCall.now())
        event.value = needsKey ? 1 : 0
        context.loop.engine.events.post(event)
    }

    /// Whether pictures are of any use now.
    private var isEncoded: Bool {
        isWanted && !wishes.isMuted && relief != .all && !(target?.isOff ?? false)
    }

    private func askForKey() {
        guard source.kind == .video else { return }
        isKeyAsked = true
        if let lastAsked, context.now - lastAsked < Self.pause { return }
        (lastAsked, isKeyAsked) = (context.now, false)
        tellHost(needsKey: true)
    }

    /// Asks once more what was asked too soon after the last time, or in vain.
    func tick() {
        if isKeyAsked || needsKey && isEncoded { askForKey() }
    }

    // MARK: Frames

    func pushed() {
        // What is sent can end the track, which takes what was pushed meanwhile: that goes to another batch.
        var taken = FrameExchange.Pushed()
        swap(&taken, &batch)
        defer { swap(&taken, &batch) }
        context.track.exchange.takePushed(into: &taken)
        var offset = 0
        for frame in taken.frames where !isOver {
            let range = offset..<(offset + frame.count)
            offset = range.upperBound
            let bytes = Self.copy(taken.bytes, range, allocator)
            do throws(MediaError) {
                switch source.kind {
                case .audio: sendPacket(bytes, frame.timestamp)
                case .video: try sendPicture(bytes, frame.timestamp)
                }
            } catch {
                unsent &+= 1
                LogRing.shared.write(.warning, "media", "track \(context.track.name): \(error.context)")
            }
        }
        report()
    }

    private static func copy(_ bytes: [UInt8], _ range: Range<Int>, _ allocator: SliceAllocator) -> Slice {
        allocator.copy(bytes.span.extracting(range))
    }

    private func sendPacket(_ packet: Slice, _ timestamp: Int64) {
        mutedPackets = wishes.isMuted ? min(mutedPackets + 1, Self.silentPackets + 1) : 0
        // A few packets of silence, from which the listener knows that none is missing, then nothing.
        guard mutedPackets <= Self.silentPackets else { return }
        send(mutedPackets > 0 ? Self.silence(like: packet, allocator) : packet, timestamp, isKey: true)
    }

    /// A packet of the same kind with one frame of no bytes (RFC 6716 §3.2.1, §3.1), which nothing is heard of.
    private static func silence(like packet: Slice, _ allocator: SliceAllocator) -> Slice {
        let form = packet.span.isEmpty ? 0 : packet.span[0] & 0xfc
        return copy([form], 0..<1, allocator)
    }

    private func sendPicture(_ bytes: Slice, _ timestamp: Int64) throws(MediaError) {
        guard let unit = try form.convert(bytes, allocator) else { return }
        guard !wishes.isMuted else { return }
        guard !(target?.isOff ?? false), relief != .all else {
            unsent &+= 1
            needsKey = true
            return
        }
        if unit.isKey {
            guard let set = unit.parameterSet else {
                throw MediaError(.malformed, "key picture without parameter sets")
            }
            try announce(set)
            needsKey = false
        }
        // Nothing refers to what can be left out.
        guard !needsKey, unit.isReference || unit.isKey || relief == .none else {
            unsent &+= 1
            if needsKey { askForKey() }
            return
        }
        if !send(unit.payload, timestamp, isKey: unit.isKey) {
            needsKey = true
            askForKey()
        }
    }

    @discardableResult private func send(_ payload: Slice, _ timestamp: Int64, isKey: Bool) -> Bool {
        let frame = EncodedFrame(timestamp: timestamp, isKey: isKey, payload: payload)
        guard let id, context.room.broadcast.send(frame, on: id) else {
            unsent &+= 1
            return false
        }
        figures.frames &+= 1
        figures.bytes &+= UInt64(clamping: payload.count)
        if isKey, source.kind == .video { figures.keyFrames &+= 1 }
        return true
    }

    /// Puts what comes now into the catalogue, and publishes the track with the first picture.
    private func announce(_ set: SequenceParameterSet) throws(MediaError) {
        var rendition = VideoRendition(name: context.track.name, codec: H264(form: .avc3, set).codec)
        rendition.codedWidth = set.width
        rendition.codedHeight = set.height
        rendition.frameRate = Double(min(wishes.encoding.frameRate, 60))
        rendition.jitter = Int((1000 / max(Float(wishes.encoding.frameRate), 1)).rounded(.up))
        (figures.width, figures.height) = (UInt32(clamping: set.width), UInt32(clamping: set.height))
        rendition.bitRate = wantedBitRate
        guard rendition != announced else { return }
        announced = rendition
        if let id {
            context.room.broadcast.update(video: id) { $0 = rendition }
        } else {
            do throws(EngineError) {
                id = try context.room.broadcast.add(rendition, options, for: self)
            } catch {
                return wireFailed(error)
            }
        }
        context.room.sendingChanged()
    }

    private func report() {
        var sum = figures
        sum.renditions = source.kind == .audio || isEncoded ? 1 : 0
        sum.dropped = unsent &+ context.track.exchange.outgoingCounters.counters.dropped
        source.report.withLock { $0 = sum }
    }

    func stop() {
        context.track.exchange.closeOutgoing()
        pushed()
        isOver = true
        if let id { context.room.broadcast.remove(id) }
        id = nil
    }

    // MARK: Wires

    var filled: HostTrack { context.track }

    func wireFailed(_ error: EngineError) {
        context.loop.end(self, error)
    }

    func keyFrameWanted() {
        if isWanted { askForKey() }
    }

    func wireWanted(_ isWanted: Bool) {
        guard isWanted != self.isWanted, source.kind == .video else { return }
        self.isWanted = isWanted
        context.room.sendingChanged()
        report()
        // Who begins to watch gets the newest group from its beginning, which may be long ago.
        if isWanted { askForKey() } else { tellHost(needsKey: false) }
    }
}
