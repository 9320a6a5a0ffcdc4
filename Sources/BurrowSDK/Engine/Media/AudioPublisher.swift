import BurrowBase
import BurrowMedia
import BurrowMoQ

/// Encodes the samples of one published audio track and keeps the catalogue right.
final class AudioPublisher: SendingWorker, WireFiller {
    let context: MediaContext
    private let source: AudioSource
    private var wishes: AudioSource.Wishes
    private var id: MediaTrackID?
    private var capture: AudioCapture?
    private let allocator = SliceAllocator()
    /// What the line allows; `nil` before anything is known, and for what the host has fixed.
    private var decision: AudioLossPolicy.Decision?
    private var estimate = 0
    private var batch = SampleExchange.Pushed()
    private var level = AudioLevel.silence
    private var codecTime = Interval.zero
    private var packets: UInt64 = 0
    private var bytes: UInt64 = 0
    private var unsent: UInt64 = 0
    /// How many packets in a row were muted, as far as it matters.
    private var mutedPackets = 0
    private static let silentPackets = 5

    init(_ context: MediaContext, _ source: AudioSource) {
        self.context = context
        self.source = source
        wishes = source.wishes.withLock { $0 }
    }

    func start() throws(EngineError) {
        let settings = settings
        let channels = Int(wishes.encoding.channels)
        do throws(MediaError) {
            let encoder = try OpusEncoder(channels: channels, settings: settings)
            capture = AudioCapture(encoder: encoder, allocator: allocator)
            capture?.isMuted = wishes.isMuted
        } catch {
            throw EngineError(error)
        }
        var rendition = AudioRendition(
            name: context.track.name,
            codec: "opus",
            sampleRate: PCMFormat.internalRate,
            channels: channels
        )
        rendition.bitRate = settings.bitRate
        rendition.jitter = settings.duration.rawValue
        let options = context.track.snapshot.withLock { $0.options }
        id = try context.room.broadcast.add(
            rendition,
            packetsPerGroup: wishes.encoding.packetsPerGroup,
            options,
            for: self
        )
        context.room.sendingChanged()
        context.tell(.live)
    }

    /// What the host wants, within what the line allows.
    private var settings: AudioEncoderSettings {
        let wanted = AudioEncoderSettings(wishes.encoding)
        guard let decision, !wishes.encoding.isFixed else { return wanted }
        var settings = decision.applied(to: wanted)
        if wanted.usesFEC {
            settings.usesFEC = true
            settings.expectedLoss = max(wanted.expectedLoss, decision.expectedLoss)
        }
        return settings
    }

    private var number: UInt64 { context.track.number }

    func add(to demand: inout SendingDemand) {
        guard !wishes.isMuted else { return }
        demand.audio.append(
            SendingDemand.Audio(
                id: number,
                bitRate: AudioEncoderSettings(wishes.encoding).bitRate,
                channels: Int(wishes.encoding.channels),
                packetRate: 1000 / max(Int(wishes.encoding.frameMilliseconds), 1),
                isFixed: wishes.encoding.isFixed
            )
        )
    }

    func apply(_ targets: SendingTargets) {
        estimate = targets.estimate
        decision = targets.audio.first { $0.id == number }?.decision
        configure()
    }

    private func configure() {
        guard let capture else { return }
        do throws(MediaError) {
            try capture.apply(settings)
        } catch {
            LogRing.shared.write(.warning, "media", "track \(context.track.name): \(error.context)")
        }
    }

    func wishesChanged() {
        wishes = source.wishes.withLock { $0 }
        capture?.isMuted = wishes.isMuted
        context.room.sendingChanged()
        let bitRate = AudioEncoderSettings(wishes.encoding).bitRate
        if let id { context.room.broadcast.update(audio: id) { $0.bitRate = bitRate } }
    }

    func pushed() {
        guard let capture else { return }
        repeat {
            source.samples.take(into: &batch)
            guard !batch.chunks.isEmpty else { return }
            encode(with: capture)
        } while !source.samples.want(.microseconds(Int64(capture.missingFrames) * 1_000_000 / 48_000))
        report()
    }

    private func encode(with capture: AudioCapture) {
        let begin = SystemCall.now()
        var offset = 0
        for chunk in batch.chunks {
            let end = offset + chunk.byteCount
            let range = offset..<end
            offset = end
            do throws(MediaError) {
                try Self.push(batch.bytes, range, chunk, to: capture, now: context.now)
            } catch {
                LogRing.shared.write(.warning, "media", "track \(context.track.name): \(error.context)")
            }
        }
        while let packet = capture.next() { send(packet) }
        codecTime = codecTime + (SystemCall.now() - begin)
    }

    private static func push(
        _ bytes: [UInt8],
        _ range: Range<Int>,
        _ chunk: SampleExchange.Chunk,
        to capture: AudioCapture,
        now: Instant
    ) throws(MediaError) {
        try unsafe capture.push(
            bytes.span.bytes.extracting(range),
            format: chunk.format,
            timestamp: chunk.timestamp,
            now: now.microseconds
        )
    }

    private func send(_ packet: CapturedAudio) {
        level = packet.level
        // After a few packets of silence nothing is sent at all: from them the listener knows that none is missing.
        mutedPackets = packet.isMuted ? min(mutedPackets + 1, Self.silentPackets + 1) : 0
        guard mutedPackets <= Self.silentPackets, let id else { return }
        let frame = EncodedFrame(timestamp: packet.timestamp, isKey: true, payload: packet.payload)
        if context.room.broadcast.send(frame, on: id) {
            packets &+= 1
            bytes &+= UInt64(clamping: packet.payload.count)
        } else {
            unsent &+= 1
        }
    }

    private func report() {
        let figures = capture?.statistics ?? AudioCaptureStatistics()
        let bitRate = capture?.settings.bitRate ?? 0
        // What came faster than real time would have been so many packets.
        let frames = max(capture?.settings.duration.frames ?? 1, 1)
        let lost = UInt64(
            clamping: figures.packetsLost &+ figures.refusedChunks &+ figures.framesAhead / frames
        )
        source.report.withLock { (report) in
            report.bitRate = UInt32(clamping: bitRate)
            report.estimate = UInt32(clamping: estimate)
            report.renditions = 1
            report.level = UInt32(clamping: level.loudness)
            report.isVoice = level.isVoice
            report.frames = packets
            report.bytes = bytes
            report.dropped = source.samples.dropped &+ unsent &+ lost
            report.codecTime = codecTime
        }
    }

    /// Sends what was recorded before the end, to the last sample.
    private func finish() {
        guard let capture else { return }
        source.samples.close()
        pushed()
        try? capture.finish(isEnd: true)
        while let packet = capture.next() { send(packet) }
    }

    func stop() {
        finish()
        if let id { context.room.broadcast.remove(id) }
        id = nil
    }

    var filled: HostTrack { context.track }

    func wireFailed(_ error: EngineError) {
        context.loop.end(self, error)
    }

    func wireWanted(_ isWanted: Bool) {}
}

extension AudioEncoderSettings {
    init(_ encoding: Encoding) {
        self.init()
        application = encoding.isMusic ? .music : .voice
        duration = Duration(rawValue: Int(encoding.frameMilliseconds)) ?? .milliseconds20
        let usual = encoding.isMusic ? 64_000 : 32_000
        let wanted = encoding.bitRate == 0 ? usual : Int(encoding.bitRate)
        bitRate = min(max(wanted, Self.bitRates.lowerBound), Self.bitRates.upperBound)
        complexity = Int(encoding.complexity)
        usesFEC = encoding.alwaysFEC
        expectedLoss = encoding.alwaysFEC ? Self.leastLossWithFEC : 0
        usesDTX = encoding.usesDTX
    }
}
