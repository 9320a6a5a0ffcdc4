import BurrowBase
import BurrowMedia
import BurrowMoQ

/// One size of a published video track: its encoder, its wire track and its place in the catalogue.
///
/// Nothing is encoded while nobody follows it, but for the first picture: the catalogue has to say how it is encoded before
/// anybody can. Who begins to follow it gets a key picture as soon as there is a picture.
final class VideoPublication: WireFiller {
    private let context: MediaContext
    private let step: Int
    private let name: String
    private unowned let owner: VideoPublisher
    private var id: MediaTrackID?
    /// What the host wants of it, known with the first picture.
    private var plan: VideoCaptureConfiguration?
    /// What the line allows; `nil` for what the host has fixed.
    private var target: SendingTargets.Video?
    private var capture: VideoCapture<H264Encoder>?
    private var configuration: VideoCaptureConfiguration?
    private var isWanted = false
    private var isStalled = false
    /// The most pictures a second that the encoder manages.
    var limit: Float?
    /// What the catalogue says.
    private var announced: VideoRendition?
    private var past = VideoCaptureFigures()
    private var unsent: UInt64 = 0

    init(_ context: MediaContext, step: Int, of owner: VideoPublisher) {
        self.context = context
        self.step = step
        self.owner = owner
        name = step == 0 ? context.track.name : "\(context.track.name)-\(step)"
    }

    /// Room's number of it.
    private var number: UInt64 { context.track.number << 2 | UInt64(step) }

    // MARK: What is wanted, and what is possible

    /// Whether what is to be made of the host's pictures is something else now.
    func plan(for picture: Picture, _ encoding: Encoding) -> Bool {
        let next = VideoLadder.configuration(of: PictureView(picture), encoding, step: step)
        defer { plan = next }
        return next != plan
    }

    func demand(_ encoding: Encoding, hasSmaller: Bool) -> SendingDemand.Video? {
        guard let plan else { return nil }
        return SendingDemand.Video(
            id: number,
            width: plan.longSide,
            height: plan.shortSide,
            bitRate: plan.bitRate,
            frameRate: plan.frameRate,
            isWanted: isWanted,
            hasSmaller: hasSmaller,
            isFixed: encoding.isFixed
        )
    }

    func apply(_ targets: SendingTargets) {
        target = targets.video.first { $0.id == number }
        let mustStall = target?.isStalled ?? false
        guard mustStall != isStalled, let id else { return }
        isStalled = mustStall
        announced?.isStalled = mustStall
        context.room.broadcast.update(video: id) { $0.isStalled = mustStall }
    }

    /// The plan within the target.
    private var wanted: VideoCaptureConfiguration? {
        guard var result = targeted else { return nil }
        if let limit { result.frameRate = min(result.frameRate, limit) }
        return result
    }

    private var targeted: VideoCaptureConfiguration? {
        guard let plan, let target else { return plan }
        let scale = max(target.scale, 1)
        var result = VideoCaptureConfiguration(
            width: max(plan.longSide / scale & ~1, 16),
            height: max(plan.shortSide / scale & ~1, 16),
            bitRate: max(min(target.bitRate, plan.bitRate), H264Encoder.bitRates.lowerBound),
            frameRate: min(target.frameRate, plan.frameRate)
        )
        result.groupDuration = plan.groupDuration
        return result
    }

    // MARK: Pictures

    func push(_ picture: Picture, _ relief: SendingTargets.Relief) {
        guard isWanted || id == nil, !(target?.isOff ?? false) else { return }
        do throws(MediaError) {
            guard let capture = try currentCapture() else { return }
            let outcome = try capture.push(picture) { SystemCall.now() }
            guard case .unit(let unit, _) = outcome else { return }
            if unit.isKey { try announce(capture) }
            send(unit, relief, layers: capture.configuration.temporalLayers)
            if !isWanted { pause() }
        } catch {
            unsent &+= 1
            LogRing.shared.write(.warning, "media", "track \(name): \(error.context)")
        }
    }

    func requestKey() { capture?.requestKey() }

    /// No pictures come for a while, or none are wanted. The next one refers to none of those before.
    func pause() {
        guard let id else { return }
        capture?.restart()
        context.room.broadcast.pause(id)
    }

    /// An encoder for what is wanted: the one there is, unless it is for another size.
    private func currentCapture() throws(MediaError) -> VideoCapture<H264Encoder>? {
        guard let wanted else { return nil }
        if let capture, wanted == configuration { return capture }
        if let capture, let old = configuration, wanted.hasSameShape(as: old) {
            try capture.setTarget(bitRate: wanted.bitRate, frameRate: wanted.frameRate)
            try capture.setGroupDuration(wanted.groupDuration)
            configuration = wanted
            return capture
        }
        let fresh = try VideoCapture<H264Encoder>(wanted)
        if let capture { past.add(capture.figures) }
        capture = fresh
        configuration = wanted
        return fresh
    }

    private func send(_ unit: VideoAccessUnit, _ relief: SendingTargets.Relief, layers: Int) {
        guard let id else { return }
        // Nothing refers to pictures of the highest layer, nor to others but those of the layers above.
        let limit = relief == .none ? layers : relief == .highest ? layers - 1 : 1
        guard unit.isKey || target == nil || unit.temporalLayer < max(limit, 1) else {
            unsent &+= 1
            return
        }
        let frame = EncodedFrame(timestamp: unit.timestamp, isKey: unit.isKey, payload: unit.payload)
        guard !context.room.broadcast.send(frame, on: id) else { return }
        unsent &+= 1
        // What follows refers to the lost one.
        capture?.requestKey()
    }

    /// Puts what is sent now into the catalogue, and publishes the track with the first picture.
    private func announce(_ capture: VideoCapture<H264Encoder>) throws(MediaError) {
        guard let encoder = capture.encoder else { return }
        var rendition = VideoRendition(name: name, codec: encoder.codec)
        rendition.codedWidth = encoder.settings.width
        rendition.codedHeight = encoder.settings.height
        rendition.frameRate = Double(capture.frameRate)
        rendition.bitRate = configuration?.bitRate
        rendition.jitter = Int((1000 / max(capture.frameRate, 1)).rounded(.up))
        rendition.isStalled = isStalled
        guard rendition != announced else { return }
        announced = rendition
        if let id { return context.room.broadcast.update(video: id) { $0 = rendition } }
        let options = context.track.snapshot.withLock { $0.options }
        do throws(EngineError) {
            id = try context.room.broadcast.add(rendition, options, for: self)
        } catch {
            wireFailed(error)
        }
    }

    // MARK: Figures

    private var isRunning: Bool { isWanted && !(target?.isOff ?? false) && capture != nil }

    func add(to report: inout MediaReport) {
        var figures = past
        if let capture { figures.add(capture.figures) }
        report.frames &+= UInt64(clamping: figures.encoded)
        report.bytes &+= UInt64(clamping: figures.bytes)
        report.keyFrames &+= UInt64(clamping: figures.keys)
        report.dropped &+= UInt64(clamping: figures.skipped &+ figures.stale &+ figures.thinned) &+ unsent
        report.codecTime = report.codecTime + figures.time
        report.longestCodecTime = max(report.longestCodecTime, figures.longestTime)
        guard let capture, let encoder = capture.encoder, isRunning else { return }
        report.renditions &+= 1
        report.bitRate &+= UInt32(clamping: capture.bitRate)
        guard report.width == 0 else { return }
        report.width = UInt32(clamping: encoder.settings.width)
        report.height = UInt32(clamping: encoder.settings.height)
        report.frameRate = UInt32(min(max(capture.frameRate, 0), 1000))
    }

    func stop() {
        if let id { context.room.broadcast.remove(id) }
        id = nil
        announced = nil
    }

    // MARK: Wires

    var filled: HostTrack { context.track }

    func wireFailed(_ error: EngineError) {
        context.loop.end(owner, error)
    }

    func keyFrameWanted() {
        guard isWanted else { return }
        capture?.requestKey()
        owner.keyFrameWanted(self)
    }

    func wireWanted(_ isWanted: Bool) {
        guard isWanted != self.isWanted else { return }
        self.isWanted = isWanted
        // Nobody has what was encoded last, however short a time ago.
        if isWanted { capture?.restart() } else { pause() }
        owner.wantedChanged(self, isWanted)
    }
}
