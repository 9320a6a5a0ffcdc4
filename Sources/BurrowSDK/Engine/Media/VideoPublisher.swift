import BurrowBase
import BurrowMedia
import BurrowMoQ

/// Encodes the pictures of one published video track, in as many sizes as it offers, and keeps the catalogue right.
final class VideoPublisher: SendingWorker {
    let context: MediaContext
    private let source: VideoSource
    private var wishes: VideoSource.Wishes
    /// The largest first.
    private var renditions: [VideoPublication] = []
    /// The picture that came last. Who begins to watch sees it at once, though another may never come.
    private var latest: Picture?
    private var relief = SendingTargets.Relief.none
    private var estimate = 0
    /// Pictures that were not encoded to relieve the line.
    private var spared: UInt64 = 0
    private var pace = EncodingPace()
    private var taken: UInt64 = 0

    init(_ context: MediaContext, _ source: VideoSource) {
        self.context = context
        self.source = source
        wishes = source.wishes.withLock { $0 }
        renditions = (0..<Int(wishes.encoding.renditions)).map {
            VideoPublication(context, step: $0, of: self)
        }
    }

    func start() {
        context.tell(.live)
    }

    func pushed() {
        // Not until nothing waits: a host that pushes without a pause would keep everybody else from their turn.
        for _ in 0..<EngineLimits.waitingPictures {
            guard let picture = source.next() else { return report() }
            guard !wishes.isMuted else { continue }
            context.loop.serveSound()
            latest = picture
            taken &+= 1
            var isNew = false
            for rendition in renditions { isNew = rendition.plan(for: picture, wishes.encoding) || isNew }
            if isNew { context.room.sendingChanged() }
            guard relief != .all || wishes.encoding.isFixed else {
                spared &+= 1
                continue
            }
            for rendition in renditions { rendition.push(picture, relief) }
        }
        report()
        context.loop.engine.media.post(.pushed(context.track))
    }

    func wishesChanged() {
        let next = source.wishes.withLock { $0 }
        if next.keyFrameRequests != wishes.keyFrameRequests {
            for rendition in renditions { rendition.requestKey() }
        }
        let old = wishes
        wishes = next
        if next.isMuted, !old.isMuted {
            latest = nil
            for rendition in renditions { rendition.pause() }
        }
        // The encoding alone has its effect with the next picture.
        if next.isMuted != old.isMuted || next.encoding.isFixed != old.encoding.isFixed {
            context.room.sendingChanged()
        }
    }

    // MARK: What the line carries

    func add(to demand: inout SendingDemand) {
        guard !wishes.isMuted else { return }
        // The smaller ones are given up later.
        for rendition in renditions.reversed() {
            guard let video = rendition.demand(wishes.encoding, hasSmaller: rendition !== renditions.last)
            else {
                continue
            }
            demand.video.append(video)
        }
    }

    func apply(_ targets: SendingTargets) {
        relief = targets.relief
        estimate = targets.estimate
        for rendition in renditions { rendition.apply(targets) }
        report()
    }

    /// Somebody began to follow a rendition, or nobody does any more.
    func wantedChanged(_ rendition: VideoPublication, _ isWanted: Bool) {
        context.room.sendingChanged()
        if isWanted, let latest { rendition.push(latest, relief) }
        report()
    }

    /// A rendition is to send a key frame, though another picture may never come.
    func keyFrameWanted(_ rendition: VideoPublication) {
        if let latest { rendition.push(latest, relief) }
        report()
    }

    /// An encoder that does not keep up gets fewer pictures.
    func tick() {
        let wanted = Float(wishes.encoding.frameRate)
        guard pace.update(encoded: taken, lost: source.dropped, wanted: wanted, now: context.now) else {
            return
        }
        for rendition in renditions { rendition.limit = pace.limit }
    }

    func stop() {
        source.close()
        for rendition in renditions { rendition.stop() }
    }

    private func report() {
        var sum = MediaReport()
        for rendition in renditions { rendition.add(to: &sum) }
        sum.dropped &+= source.dropped &+ spared
        sum.estimate = UInt32(clamping: estimate)
        source.report.withLock { $0 = sum }
    }
}
