import BurrowBase
import BurrowEngine
import BurrowMedia
import CBurrow

extension burrow_audio_frame {
    func pcmFormat() throws(EngineError) -> PCMFormat {
        let encoding: PCMFormat.Encoding
        switch unsafe Int(format) {
        case BURROW_AUDIO_S16: encoding = .int16
        case BURROW_AUDIO_F32: encoding = .float32
        default: throw EngineError(.format, "no such format of samples: \(unsafe format)")
        }
        let result = PCMFormat(
            encoding,
            rate: unsafe Int(clamping: sample_rate),
            channels: unsafe Int(clamping: channels)
        )
        do throws(MediaError) {
            try result.validate()
        } catch {
            throw EngineError(.format, error.context)
        }
        return result
    }

    /// The host's samples, as many as it says; `frames` has been checked.
    func memory(_ format: PCMFormat) throws(EngineError) -> UnsafeMutableRawBufferPointer {
        guard let samples = unsafe samples else { throw EngineError(.invalidArgument, "samples is NULL") }
        return unsafe UnsafeMutableRawBufferPointer(
            start: samples,
            count: Int(clamping: frames) * format.bytesPerFrame
        )
    }

    /// What a host pushes: as it is, its format, and where the samples are.
    static func recorded(
        _ frame: UnsafePointer<burrow_audio_frame>?
    ) throws(EngineError) -> (burrow_audio_frame, PCMFormat, UnsafeRawBufferPointer) {
        let read = try unsafe Arguments.read(frame, zero: burrow_audio_frame(), "frame")
        let format = unsafe try read.pcmFormat()
        guard unsafe (1...read.sample_rate).contains(read.frames) else {
            throw EngineError(.invalidArgument, "frames is 0 or more than a second")
        }
        return try unsafe (read, format, UnsafeRawBufferPointer(read.memory(format)))
    }

    /// Takes the host's description of what it wants apart, lets `body` fill its memory, and writes what came of it
    /// back, unless nothing did.
    static func fill(
        _ io: UnsafeMutablePointer<burrow_audio_frame>?,
        _ body: (PCMFormat, inout MutableRawSpan) throws(EngineError) -> AudioSink.Pulled?
    ) throws(EngineError) -> burrow_status {
        var read = try unsafe Arguments.read(io, zero: burrow_audio_frame(), "io")
        let format = unsafe try read.pcmFormat()
        guard unsafe (1...UInt64(read.sample_rate) * 60).contains(UInt64(read.frames) * 1000) else {
            throw EngineError(.invalidArgument, "frames is 0 or more than 60 ms")
        }
        let memory = try unsafe read.memory(format)
        var bytes = unsafe MutableRawSpan(_unsafeBytes: memory)
        guard let pulled = try body(format, &bytes) else { return .again }
        var bits = 0
        if pulled.flags.contains(.concealed) { bits |= BURROW_AUDIO_CONCEALED }
        if pulled.flags.contains(.silent) { bits |= BURROW_AUDIO_SILENT }
        unsafe read.flags = UInt32(bits)
        unsafe read.timestamp_us = pulled.timestamp
        try unsafe Arguments.write(read, to: io, "io")
        return .ok
    }
}

extension Encoding {
    init(_ enc: burrow_encoding) throws(EngineError) {
        let flags = [BURROW_ENCODING_MUSIC, BURROW_ENCODING_DTX, BURROW_ENCODING_FEC, BURROW_ENCODING_FIXED]
        try Arguments.check(enc.flags, flags, "flags")
        self.init()
        isMusic = enc.flags.has(BURROW_ENCODING_MUSIC)
        usesDTX = enc.flags.has(BURROW_ENCODING_DTX)
        alwaysFEC = enc.flags.has(BURROW_ENCODING_FEC)
        isFixed = enc.flags.has(BURROW_ENCODING_FIXED)
        bitRate = enc.bitrate_bps
        try Self.set(&channels, enc.channels, 1...2, "channels")
        try Self.set(&complexity, enc.complexity, 1...10, "complexity")
        try Self.set(&frameRate, enc.frame_rate, 1...120, "frame_rate")
        try Self.set(&renditions, enc.renditions, 1...3, "renditions")
        try Self.set(&packetsPerGroup, enc.packets_per_group, 1...50, "packets_per_group")
        try Self.set(&width, enc.width, 16...4096, "width")
        try Self.set(&height, enc.height, 16...4096, "height")
        if enc.frame_ms != 0 {
            guard [10, 20, 40, 60].contains(enc.frame_ms) else {
                throw EngineError(.invalidArgument, "frame_ms is none of 10, 20, 40 and 60")
            }
            frameMilliseconds = enc.frame_ms
        }
        if enc.keyframe_interval_ms != 0 {
            keyFrameInterval = .milliseconds(Int64(enc.keyframe_interval_ms))
        }
    }

    /// Keeps the default when the host says 0.
    private static func set(
        _ field: inout UInt32,
        _ value: UInt32,
        _ allowed: ClosedRange<UInt32>,
        _ name: StaticString
    ) throws(EngineError) {
        guard value != 0 else { return }
        guard allowed.contains(value) else {
            throw EngineError(.invalidArgument, "\(name) is \(value), not in \(allowed)")
        }
        field = value
    }
}

extension HostMedia {
    /// What a published track has beside a data track; `nil` for data tracks.
    init?(_ cfg: burrow_track_config) throws(EngineError) {
        let kind = unsafe Int(cfg.kind)
        guard kind == BURROW_TRACK_KIND_AUDIO || kind == BURROW_TRACK_KIND_VIDEO else {
            guard unsafe cfg.encoding == nil else {
                throw EngineError(.invalidArgument, "encoding is for audio and video only")
            }
            return nil
        }
        var encoding = Encoding()
        if unsafe cfg.encoding != nil {
            encoding = try Encoding(unsafe Arguments.read(cfg.encoding, zero: burrow_encoding(), "encoding"))
        }
        guard unsafe !cfg.flags.has(BURROW_TRACK_HOST_CODEC) else {
            self = .encodedSource(EncodedSource(kind == BURROW_TRACK_KIND_AUDIO ? .audio : .video, encoding))
            return
        }
        self =
            kind == BURROW_TRACK_KIND_AUDIO
            ? .audioSource(AudioSource(encoding)) : .videoSource(VideoSource(encoding))
    }

    /// What a subscribed track has beside a data track; `nil` for data tracks.
    init?(_ want: burrow_track_request) throws(EngineError) {
        let isEncoded = want.flags.has(BURROW_TRACK_HOST_CODEC)
        switch Int(want.kind) {
        case BURROW_TRACK_KIND_DATA, BURROW_TRACK_KIND_ENCODED: return nil
        case BURROW_TRACK_KIND_AUDIO where isEncoded:
            self = .encodedSink(EncodedSink(.audio, try MediaWishes(want)))
        case BURROW_TRACK_KIND_VIDEO where isEncoded:
            self = .encodedSink(EncodedSink(.video, try MediaWishes(want)))
        case BURROW_TRACK_KIND_AUDIO: self = .audioSink(AudioSink(try MediaWishes(want)))
        case BURROW_TRACK_KIND_VIDEO: self = .videoSink(VideoSink(try MediaWishes(want)))
        default: throw EngineError(.invalidArgument, "no such kind of track: \(want.kind)")
        }
    }
}

extension MediaWishes {
    init(_ want: burrow_track_request) throws(EngineError) {
        try Arguments.check(want.flags, [BURROW_TRACK_PAUSED, BURROW_TRACK_HOST_CODEC], "flags")
        self.init()
        if want.priority != 0 { priority = try Arguments.priority(want.priority, 0) }
        if want.max_age_ms != 0 { maxAge = .milliseconds(Int64(want.max_age_ms)) }
        isPaused = want.flags.has(BURROW_TRACK_PAUSED)
        guard want.gain_percent <= 400 else {
            throw EngineError(.invalidArgument, "gain_percent is above 400")
        }
        if want.gain_percent != 0 { gain = Float(want.gain_percent) / 100 }
        (width, height) = (want.width, want.height)
        leastDelay = Interval(want.min_delay_ms, default: leastDelay)
        greatestDelay = Interval(want.max_delay_ms, default: greatestDelay)
        guard leastDelay <= greatestDelay, greatestDelay <= .seconds(10) else {
            throw EngineError(.invalidArgument, "min_delay_ms is above max_delay_ms, or that above 10000")
        }
    }
}
