import BurrowBase
import BurrowMedia

/// Encodes pictures as fast as they come; time is what the timestamps say.
final class StandaloneVideoEncoder {
    /// Later than any clock shows, and small enough to reckon with.
    private static let furthest: UInt64 = 1 << 52

    private let output: FrameExchange
    private var encoding: Encoding
    private var capture: VideoCapture<H264Encoder>?
    private var configuration: VideoCaptureConfiguration?
    private var lastTimestamp: Int64?
    /// The number of the next group, and of the next picture in the present one.
    private var group: UInt64 = 0
    private var sequence: UInt64 = 0
    /// Of encoders that were replaced.
    private var past = VideoCaptureFigures()
    private var refused: UInt64 = 0

    init(_ encoding: Encoding, _ output: FrameExchange) {
        self.encoding = encoding
        self.output = output
    }

    /// False when too much waits to be pulled.
    func push(_ view: PictureView, timestamp: Int64) throws(EngineError) -> Bool {
        guard output.hasRoom() else { return false }
        guard min(view.width, view.height) >= EngineLimits.smallestPicture else {
            throw EngineError(.format, "a picture of \(view.width)x\(view.height) is too small to be encoded")
        }
        let time = timestamp == 0 ? following : timestamp
        guard time.magnitude < Self.furthest, lastTimestamp.map({ $0 < time }) ?? true else {
            throw EngineError(.invalidArgument, "timestamp_us is not after that of the picture before")
        }
        do throws(MediaError) {
            let outcome = try capture(for: view).push(view, timestamp: time) { SystemCall.now() }
            lastTimestamp = time
            if case .unit(let unit, _) = outcome { deliver(unit) }
            return true
        } catch {
            refused &+= 1
            throw error.code == .invalidArgument ? EngineError(.format, error.context) : EngineError(error)
        }
    }

    /// One picture after the last.
    private var following: Int64 {
        guard let lastTimestamp else { return 0 }
        return lastTimestamp + 1_000_000 / Int64(max(encoding.frameRate, 1))
    }

    private func capture(for view: PictureView) throws(MediaError) -> VideoCapture<H264Encoder> {
        var encoding = encoding
        if encoding.width == 0 && encoding.height == 0 {
            // Rounded up, so that an odd size is cut instead of being scaled.
            encoding.width = UInt32(clamping: view.width + view.width % 2)
            encoding.height = UInt32(clamping: view.height + view.height % 2)
        }
        let wanted = VideoLadder.configuration(of: view, encoding, step: 0)
        if let capture, let old = configuration, wanted.hasSameShape(as: old) {
            if wanted != old {
                try capture.setTarget(bitRate: wanted.bitRate, frameRate: wanted.frameRate)
                try capture.setGroupDuration(wanted.groupDuration)
            }
            configuration = wanted
            return capture
        }
        let fresh = try VideoCapture<H264Encoder>(wanted)
        if let capture { past.add(capture.figures) }
        (capture, configuration) = (fresh, wanted)
        return fresh
    }

    private func deliver(_ unit: VideoAccessUnit) {
        if unit.isKey { (group, sequence) = (group &+ 1, 0) }
        output.deliver(
            unit.payload,
            FrameExchange.Description(
                group: group &- 1,
                sequence: sequence,
                timestamp: unit.timestamp,
                duration: 0,
                flags: unit.isKey ? .key : []
            )
        )
        sequence &+= 1
    }

    func apply(_ encoding: Encoding) throws(EngineError) {
        guard encoding.hasSameShape(as: self.encoding) else {
            throw EngineError(.invalidArgument, "channels, frame_ms and renditions are fixed")
        }
        try encoding.checkVideo()
        self.encoding = encoding
    }

    func requestKey() {
        capture?.requestKey()
    }

    var report: MediaReport {
        var figures = past
        if let capture { figures.add(capture.figures) }
        var report = MediaReport()
        report.frames = UInt64(clamping: figures.encoded)
        report.bytes = UInt64(clamping: figures.bytes)
        report.keyFrames = UInt64(clamping: figures.keys)
        report.dropped = UInt64(clamping: figures.skipped &+ figures.thinned) &+ refused
        report.codecTime = figures.time
        report.longestCodecTime = figures.longestTime
        guard let capture, let encoder = capture.encoder else { return report }
        report.bitRate = UInt32(clamping: capture.bitRate)
        report.width = UInt32(clamping: encoder.settings.width)
        report.height = UInt32(clamping: encoder.settings.height)
        report.frameRate = UInt32(min(max(capture.frameRate, 0), 1000))
        return report
    }
}
