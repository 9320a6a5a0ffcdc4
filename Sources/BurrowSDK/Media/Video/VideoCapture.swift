package import BurrowBase

/// From pictures of a host to coded units of one size: turns and scales them, leaves out those beyond the frame rate,
/// encodes, and decides about key pictures, each of which begins a group. One thread at a time.
package final class VideoCapture<Encoder: VideoEncoder> {
    package private(set) var configuration: VideoCaptureConfiguration
    package private(set) var figures = VideoCaptureFigures()
    package private(set) var bitRate: Int
    /// The most pictures a second.
    package private(set) var frameRate: Float
    /// Nil before the first picture.
    package private(set) var encoder: Encoder?

    private let allocator: SliceAllocator
    private let converter = PictureConverter()
    private var thinning: FrameThinning
    private var keys: KeyFrameSchedule
    private var lastTimestamp: Int64?
    /// The picture that was encoded last may be encoded once more.
    private var mayRepeat = false
    /// Where pictures are scaled to, as encoding is done with them when it returns.
    private var scaled: Picture?

    /// Throws when no picture could ever be encoded so.
    package init(
        _ configuration: VideoCaptureConfiguration,
        allocator: SliceAllocator = SliceAllocator(blockSize: 128 * 1024)
    ) throws(MediaError) {
        try configuration.check()
        self.configuration = configuration
        self.allocator = allocator
        (bitRate, frameRate) = (configuration.bitRate, configuration.frameRate)
        thinning = FrameThinning(frameRate: configuration.frameRate)
        keys = KeyFrameSchedule(every: configuration.groupDuration)
    }

    /// The next picture begins a group, unless one has begun in the last half second: then the first after that.
    package func requestKey() { keys.request() }

    /// The next picture begins a group in any case, because those who begin to watch have nothing before it. It may be the
    /// last one again, if there is no other.
    package func restart() {
        keys.restart()
        mayRepeat = true
    }

    /// How often a group begins, from the next picture on.
    package func setGroupDuration(_ duration: Interval) throws(MediaError) {
        guard duration != configuration.groupDuration else { return }
        var next = configuration
        next.groupDuration = duration
        try next.check()
        configuration = next
        keys.setGroupDuration(duration)
    }

    /// From the next picture on. May be called several times a second.
    package func setTarget(bitRate: Int, frameRate: Float) throws(MediaError) {
        try VideoCaptureConfiguration.check(bitRate: bitRate, frameRate: frameRate)
        self.bitRate = bitRate
        self.frameRate = frameRate
        thinning.setTarget(frameRate)
    }

    /// Encodes a picture in memory of the host, taken at `timestamp`; `clock` measures how long it takes.
    package func push(
        _ source: PictureView,
        timestamp: Int64,
        clock: () -> Instant
    ) throws(MediaError) -> VideoCaptureOutcome {
        if let outcome = admit(timestamp) { return outcome }
        let begin = clock()
        let size = try configuration.size(for: source)
        let color = source.format.isRGB ? configuration.color : source.color
        let picture = try scale(source, to: size, color: color, timestamp: timestamp)
        return try encode(picture, since: begin, clock: clock)
    }

    /// Encodes a picture of this library, without a copy if it has the right size.
    package func push(_ picture: Picture, clock: () -> Instant) throws(MediaError) -> VideoCaptureOutcome {
        if let outcome = admit(picture.timestamp) { return outcome }
        let begin = clock()
        let view = PictureView(picture)
        let size = try configuration.size(for: view)
        if picture.rotation == .none && size == (picture.width, picture.height) {
            return try encode(picture, since: begin, clock: clock)
        }
        let target = try scale(view, to: size, color: picture.color, timestamp: picture.timestamp)
        return try encode(target, since: begin, clock: clock)
    }

    /// Says what becomes of a picture that need not be looked at; nil when it must be encoded.
    private func admit(_ timestamp: Int64) -> VideoCaptureOutcome? {
        figures.pushed += 1
        let isRepeated = mayRepeat && timestamp == lastTimestamp
        if let lastTimestamp, timestamp <= lastTimestamp, !isRepeated {
            figures.stale += 1
            return .stale
        }
        mayRepeat = false
        lastTimestamp = timestamp
        guard isRepeated || thinning.admits(timestamp) else {
            figures.thinned += 1
            return .thinned
        }
        return nil
    }

    private func scale(
        _ source: PictureView,
        to size: (width: Int, height: Int),
        color: PictureColor,
        timestamp: Int64
    ) throws(MediaError) -> Picture {
        if let scaled, (scaled.width, scaled.height) == size {
        } else {
            scaled = Picture(width: size.width, height: size.height)
        }
        guard var target = scaled else { throw MediaError(.limit, "picture of \(size.width)x\(size.height)") }
        target.color = color
        target.timestamp = timestamp
        try converter.convert(source, to: PictureView(target))
        return target
    }

    private func encode(
        _ picture: Picture,
        since begin: Instant,
        clock: () -> Instant
    ) throws(MediaError) -> VideoCaptureOutcome {
        let encoder = try encoder(for: picture)
        let unit = try encoder.encode(picture, asKey: keys.isDue(at: picture.timestamp))
        let duration = clock() - begin
        figures.noteEncoding(duration)
        guard let unit else {
            figures.skipped += 1
            return .skipped
        }
        if unit.isKey { keys.noteKey(at: picture.timestamp) }
        figures.note(unit)
        return .unit(unit, duration: duration)
    }

    /// The encoder for pictures of this kind, which is a new one if the last was another, and told the targets.
    private func encoder(for picture: Picture) throws(MediaError) -> Encoder {
        let actual = thinning.actualRate
        if let encoder, encoder.settings.width == picture.width, encoder.settings.height == picture.height,
            encoder.settings.color == picture.color
        {
            do {
                try encoder.setTarget(bitRate: bitRate, frameRate: actual)
                return encoder
            } catch {
                // It was made for less and its level holds no more; one that is made for this can.
            }
        }
        var settings = VideoEncoderSettings(
            width: picture.width,
            height: picture.height,
            bitRate: bitRate,
            frameRate: actual
        )
        settings.color = picture.color
        settings.temporalLayers = configuration.temporalLayers
        settings.longTermPeriod = configuration.longTermPeriod
        settings.quantizers = configuration.quantizers
        let fresh = try Encoder(settings, allocator: allocator)
        encoder = fresh
        figures.encoders += 1
        return fresh
    }
}
