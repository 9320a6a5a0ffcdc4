import BurrowBase
import BurrowMedia

/// Encodes samples as fast as they come; time is what the timestamps say.
final class StandaloneAudioEncoder {
    /// How far samples may begin before the end of those before them.
    private static let overlap: Int64 = 1_000_000

    private let capture: AudioCapture
    private let output: FrameExchange
    private var encoding: Encoding
    /// Where what was pushed ends.
    private var next: Int64 = 0
    private var packets: UInt64 = 0
    private var bytes: UInt64 = 0
    private var level = AudioLevel.silence
    private var codecTime = Interval.zero

    init(_ encoding: Encoding, _ output: FrameExchange) throws(MediaError) {
        self.encoding = encoding
        self.output = output
        let encoder = try OpusEncoder(
            channels: Int(encoding.channels),
            settings: AudioEncoderSettings(encoding)
        )
        capture = AudioCapture(encoder: encoder, allocator: SliceAllocator())
    }

    /// At most a second. False when too much waits to be pulled.
    func push(_ samples: RawSpan, _ format: PCMFormat, timestamp: Int64) throws(EngineError) -> Bool {
        guard output.hasRoom() else { return false }
        let time = timestamp == 0 ? next : timestamp
        let (late, overflow) = next.subtractingReportingOverflow(time)
        guard overflow ? time > 0 : late <= Self.overlap else {
            throw EngineError(.invalidArgument, "timestamp_us goes back by more than a second")
        }
        let begin = SystemCall.now()
        do throws(MediaError) {
            // Faster than real time is fine here, so the clock is wherever the samples are.
            try capture.push(samples, format: format, timestamp: time, now: time)
        } catch {
            throw EngineError(error)
        }
        let frames = Int64(samples.byteCount / max(format.bytesPerFrame, 1))
        next = time + frames * 1_000_000 / Int64(max(format.rate, 1))
        deliver(since: begin)
        return true
    }

    func apply(_ encoding: Encoding) throws(EngineError) {
        guard encoding.hasSameShape(as: self.encoding) else {
            throw EngineError(.invalidArgument, "channels, frame_ms and renditions are fixed")
        }
        try encoding.checkAudio()
        do throws(MediaError) {
            try capture.apply(AudioEncoderSettings(encoding))
        } catch {
            throw EngineError(error)
        }
        self.encoding = encoding
    }

    /// Fills the last packet up with silence.
    func finish() throws(EngineError) {
        let begin = SystemCall.now()
        do throws(MediaError) {
            try capture.finish()
        } catch {
            throw EngineError(error)
        }
        deliver(since: begin)
    }

    private func deliver(since begin: Instant) {
        while let packet = capture.next() {
            level = packet.level
            output.deliver(
                packet.payload,
                FrameExchange.Description(
                    group: packets,
                    sequence: 0,
                    timestamp: packet.timestamp,
                    duration: packet.duration,
                    flags: [.key, .endOfGroup]
                )
            )
            packets &+= 1
            bytes &+= UInt64(clamping: packet.payload.count)
        }
        codecTime = codecTime + (SystemCall.now() - begin)
    }

    var report: MediaReport {
        let figures = capture.statistics
        let settings = capture.settings
        var report = MediaReport()
        report.bitRate = UInt32(clamping: settings.bitRate)
        report.level = UInt32(clamping: level.loudness)
        report.isVoice = level.isVoice
        report.frames = packets
        report.bytes = bytes
        report.dropped = UInt64(
            clamping: figures.packetsLost &+ figures.framesAhead / settings.duration.frames
        )
        report.codecTime = codecTime
        return report
    }
}

extension FrameExchange {
    /// Copies what an encoder made for the host.
    func deliver(_ payload: Slice, _ description: Description) {
        let buffer = buffer(for: payload.count)
        unsafe buffer.base.copyMemory(from: payload.start, byteCount: payload.count)
        _ = deliver(buffer, count: payload.count, description)
    }
}

extension FrameExchange.Description {
    /// Of a frame that did not come from anywhere.
    init(group: UInt64, sequence: UInt64, timestamp: Int64, duration: Int64, flags: FrameFlags) {
        self.init(
            group: group,
            sequence: sequence,
            timestamp: timestamp,
            arrival: Instant(microseconds: 0),
            flags: flags
        )
        self.duration = duration
    }
}
