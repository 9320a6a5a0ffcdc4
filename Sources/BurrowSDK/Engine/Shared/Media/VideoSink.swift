import BurrowBase
import BurrowMedia

/// A subscribed video track between the media thread, which decodes, and the host's threads, which show.
package final class VideoSink: PictureLender {
    private struct State {
        var clock: SharedClock?
        var lent = 0
        var resting = ContiguousArray<PictureLoan>()
        var isEventQueued = false
        var isOver = false
    }

    package let wishes: Guarded<MediaWishes>
    package let report = Guarded(MediaReport())
    private let state = Guarded(State())

    package init(_ wishes: MediaWishes) {
        self.wishes = Guarded(wishes)
    }

    // MARK: Media thread

    func join(_ clock: SharedClock) {
        state.withLock { $0.clock = clock }
    }

    /// Does what the host wants from now on.
    func follow(_ wishes: MediaWishes) {
        clock?.apply(wishes.playout)
    }

    /// Pictures begin to come, perhaps again.
    func begins() {
        clock?.videoBegins()
    }

    /// The sender stopped: the time until the next picture is no freeze.
    func paused() {
        clock?.videoPaused()
    }

    func arrived(timestamp: Int64, at arrival: Instant) {
        clock?.videoArrived(timestamp: timestamp, at: arrival)
    }

    /// How much too late a picture of this time would be.
    func lateness(of timestamp: Int64, now: Instant) -> Interval {
        clock?.lateness(of: timestamp, now: now) ?? .zero
    }

    /// Takes a decoded picture.
    func insert(_ picture: Picture, now: Instant) {
        clock?.insert(Sent(picture), now: now)
    }

    /// When the host has to be told that a picture is due; far away while it knows.
    var nextDue: Instant {
        let clock = state.withLock { $0.isEventQueued || $0.isOver ? nil : $0.clock }
        return clock?.nextDue ?? .distantFuture
    }

    /// The host is about to be told.
    func eventPosted() {
        state.withLock { $0.isEventQueued = true }
    }

    /// Nobody wants to see what waits.
    func clear() {
        clock?.clearVideo()
    }

    func report(_ figures: MediaReport, now: Instant) {
        guard let video = clock?.figures(now: now) else { return }
        let shown = video.shown
        report.withLock { (report) in
            report = figures
            report.dropped &+= UInt64(clamping: shown.picturesSkipped &+ shown.picturesOverflowed)
            report.skew = shown.skew
            report.freezes = UInt64(clamping: shown.freezes)
            report.frozen = shown.frozen
            report.targetDelay = video.target
            report.delay = video.delay
        }
    }

    func close() {
        let clock = state.withLock { (state) in
            state.isOver = true
            state.resting.removeAll()
            return state.clock
        }
        clock?.clearVideo()
    }

    private var clock: SharedClock? { state.withLock { $0.clock } }

    // MARK: The host's threads

    /// The event about a new picture was handed to the host.
    func eventTaken() {
        state.withLock { $0.isEventQueued = false }
    }

    /// The newest picture that is due. It has to be taken back.
    func lend(now: Instant) throws(EngineError) -> PictureLoan? {
        let isPaused = wishes.withLock { $0.isPaused }
        let (clock, loan) = try state.withLock {
            (state) throws(EngineError) -> (SharedClock?, PictureLoan?) in
            guard !state.isOver else { throw EngineError(.closed, "the track is over") }
            guard !isPaused, state.lent < EngineLimits.lentPictures, let clock = state.clock else {
                return (nil, nil)
            }
            state.lent += 1
            return (clock, state.resting.popLast() ?? PictureLoan())
        }
        guard let clock, let loan else { return nil }
        guard let sent = clock.take(now: now) else {
            takeBack(loan)
            return nil
        }
        loan.lend(sent.picture, by: self)
        return loan
    }

    func takeBack(_ loan: PictureLoan) {
        state.withLock { (state) in
            state.lent -= 1
            if !state.isOver { state.resting.append(loan) }
        }
    }
}
