package import BurrowBase
package import BurrowMedia

/// What hosts do with audio and video tracks.
extension HostTrack {
    /// A picture on loan, with the handle of its buffer.
    package struct LentPicture {
        package let picture: Picture
        package let handle: UInt
    }

    package func setEncoding(_ encoding: Encoding) throws(EngineError) {
        let kept: Bool
        switch media {
        case .audioSource(let source):
            try encoding.checkAudio()
            kept = source.wishes.withLock { replace(&$0.encoding, by: encoding) }
        case .videoSource(let source):
            try encoding.checkVideo()
            kept = source.wishes.withLock { replace(&$0.encoding, by: encoding) }
        case .encodedSource(let source):
            try source.kind == .audio ? encoding.checkAudio() : encoding.checkVideo()
            kept = source.wishes.withLock { replace(&$0.encoding, by: encoding) }
        default: throw EngineError(.wrongKind, "only published audio and video is encoded")
        }
        guard kept else {
            throw EngineError(
                .invalidArgument,
                "channels, frame_ms, renditions and packets_per_group are fixed once published"
            )
        }
        try tellMedia()
    }

    private func replace(_ old: inout Encoding, by new: Encoding) -> Bool {
        guard old.hasSameShape(as: new) else { return false }
        old = new
        return true
    }

    package func setMuted(_ isMuted: Bool) throws(EngineError) {
        switch media {
        case .audioSource(let source): source.wishes.withLock { $0.isMuted = isMuted }
        case .videoSource(let source): source.setMuted(isMuted)
        case .encodedSource(let source): source.wishes.withLock { $0.isMuted = isMuted }
        default: throw EngineError(.wrongKind, "only published audio and video can be muted")
        }
        try tellMedia()
    }

    package func requestKeyFrame() throws(EngineError) {
        guard case .videoSource(let source) = media else {
            throw EngineError(.wrongKind, "only published video has key frames")
        }
        source.wishes.withLock { $0.keyFrameRequests &+= 1 }
        try tellMedia()
    }

    /// Changes how a subscribed audio or video track is wanted.
    package func update(_ wishes: MediaWishes) throws(EngineError) {
        guard let media, direction == .subscribed else {
            throw EngineError(.wrongKind, "the track is not subscribed audio or video")
        }
        try snapshot.withLock { (state) throws(EngineError) in
            guard !state.isClosed else { throw EngineError(.closed, "the track is over") }
            state.options = wishes.terms(of: media.kind).request
        }
        switch media {
        case .audioSink(let sink): sink.wishes.withLock { $0 = wishes }
        case .videoSink(let sink): sink.wishes.withLock { $0 = wishes }
        case .encodedSink(let sink): sink.wishes.withLock { $0 = wishes }
        case .audioSource, .videoSource, .encodedSource: break
        }
        try tellMedia()
    }

    /// Whether the host wants nothing of a subscribed track for now.
    package var isPaused: Bool {
        switch media {
        case .audioSink(let sink): sink.wishes.withLock { $0.isPaused }
        case .videoSink(let sink): sink.wishes.withLock { $0.isPaused }
        case .encodedSink(let sink): sink.wishes.withLock { $0.isPaused }
        case .audioSource, .videoSource, .encodedSource, nil: false
        }
    }

    private func tellMedia() throws(EngineError) {
        guard !snapshot.withLock({ $0.isClosed }) else { throw EngineError(.closed, "the track is over") }
        room.engine.media.post(.changed(self))
    }

    /// Copies samples for the encoder. False when too many wait.
    package func push(
        _ bytes: UnsafeRawBufferPointer,
        _ chunk: SampleExchange.Chunk,
        now: Instant
    ) throws(EngineError) -> Bool {
        guard case .audioSource(let source) = media else {
            throw EngineError(.wrongKind, "samples are pushed to published audio tracks only")
        }
        try Self.check(chunk.timestamp, now: now)
        return try took(unsafe source.samples.push(bytes, chunk))
    }

    /// Copies a picture for the encoder.
    package func push(_ view: PictureView, timestamp: Int64, now: Instant) throws(EngineError) {
        guard case .videoSource(let source) = media else {
            throw EngineError(.wrongKind, "pictures are pushed to published video tracks only")
        }
        guard min(view.width, view.height) >= EngineLimits.smallestPicture else {
            throw EngineError(.format, "a picture of \(view.width)x\(view.height) is too small to be encoded")
        }
        try Self.check(timestamp, now: now)
        _ = try took(try source.push(view, timestamp: timestamp))
    }

    /// Copies what the host has encoded. False when too many frames wait.
    func push(
        _ bytes: UnsafeRawBufferPointer,
        timestamp: Int64,
        to source: EncodedSource
    ) throws(EngineError) -> Bool {
        try unsafe source.check(bytes)
        try Self.check(timestamp, now: SystemCall.now())
        return try took(unsafe exchange.push(bytes, timestamp: timestamp, flags: []))
    }

    /// Whether the host has a codec of its own.
    package var isEncodedByHost: Bool {
        switch media {
        case .encodedSource, .encodedSink: true
        case .audioSource, .videoSource, .audioSink, .videoSink, nil: false
        }
    }

    /// Refuses a time that is not of our clock: one from a clock hours ahead would make all that follow look old.
    private static func check(_ timestamp: Int64, now: Instant) throws(EngineError) {
        let (distance, overflow) = timestamp.subtractingReportingOverflow(now.microseconds)
        let allowed = -EngineLimits.captureAge.microseconds...EngineLimits.captureLead.microseconds
        guard !overflow, allowed.contains(distance) else {
            throw EngineError(
                .invalidArgument,
                "timestamp_us is not of the last ten seconds, nor of the next one"
            )
        }
    }

    private func took(_ outcome: FrameExchange.Push) throws(EngineError) -> Bool {
        switch outcome {
        case .taken(let isFirst):
            if isFirst { room.engine.media.post(.pushed(self)) }
            return true
        case .full: return false
        case .closed: throw EngineError(.closed, "the track is over")
        }
    }

    /// Fills `bytes` with the sound that is to be played now.
    package func pull(
        _ format: PCMFormat,
        into bytes: inout MutableRawSpan,
        now: Instant
    ) throws(EngineError) -> AudioSink.Pulled {
        guard case .audioSink(let sink) = media else {
            throw EngineError(.wrongKind, "samples are pulled from subscribed audio tracks only")
        }
        guard let pulled = try sink.pull(format, into: &bytes, now: now) else {
            throw EngineError(.busy, "another thread pulls this track")
        }
        return pulled
    }

    /// The newest picture that is due, or `nil`.
    package func pullPicture(now: Instant) throws(EngineError) -> LentPicture? {
        guard case .videoSink(let sink) = media else {
            throw EngineError(.wrongKind, "pictures are pulled from subscribed video tracks only")
        }
        guard let loan = try sink.lend(now: now), let picture = loan.picture else { return nil }
        let handle = HandleTable.shared.insert(loan, owner: room.engine.number)
        guard handle != 0 else {
            loan.lastReferenceGone()
            throw EngineError(.limit, "too many handles")
        }
        return LentPicture(picture: picture, handle: handle)
    }

    /// The event about new frames or a new picture was handed to the host.
    func dataEventTaken() {
        if case .videoSink(let sink) = media { sink.eventTaken() } else { exchange.dataEventTaken() }
    }

    package func readMedia() throws(EngineError) -> MediaReport {
        switch media {
        case .audioSource(let source): source.report.withLock { $0 }
        case .videoSource(let source): source.report.withLock { $0 }
        case .audioSink(let sink): sink.report.withLock { $0 }
        case .videoSink(let sink): sink.report.withLock { $0 }
        case .encodedSource(let source): source.report.withLock { $0 }
        case .encodedSink(let sink): sink.report.withLock { $0 }
        case nil: throw EngineError(.wrongKind, "the track carries neither audio nor video")
        }
    }
}
