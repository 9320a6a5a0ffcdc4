import BurrowBase
import BurrowMedia

/// The playout of one participant's pictures, and the clock it shares with the sound, between the threads of the host
/// and the media thread. The lock is never held across a codec.
final class SharedClock: Sendable {
    /// What is to be told of the delay of pictures.
    struct Figures {
        var shown: VideoPlayoutStatistics
        var target: Interval
        var delay: Interval
    }

    private struct State: @unchecked Sendable {
        let clock = PlayoutClock()
        var pictures: VideoPlayout<Picture>

        init() {
            pictures = VideoPlayout(clock: clock)
        }
    }

    private let state = Guarded(State())

    init() {}

    /// Sound was played so. Returns what is to be added to its delay.
    func follow(_ heard: PlayoutClock.Heard) -> Interval {
        state.withLock { (state) in
            state.clock.follow(heard)
            return state.clock.raise
        }
    }

    /// Bounds of the delay of pictures.
    func apply(_ options: PlayoutOptions) {
        state.withLock { $0.clock.apply(options) }
    }

    /// Pictures begin to come, perhaps again.
    func videoBegins() {
        state.withLock { (state) in
            state.clock.videoBegins()
            state.pictures.begins()
        }
    }

    /// The sender stopped its camera after the pictures that came.
    func videoPaused() {
        state.withLock { $0.pictures.paused() }
    }

    func videoArrived(timestamp: Int64, at arrival: Instant) {
        state.withLock { $0.clock.videoArrived(timestamp: timestamp, at: arrival) }
    }

    func insert(_ picture: Sent, now: Instant) {
        state.withLock { (state) in
            state.pictures.insert(picture.picture, timestamp: picture.picture.timestamp, now: now)
        }
    }

    /// The newest picture that is due and was not taken yet.
    func take(now: Instant) -> Sent? {
        state.withLock { (state) in state.pictures.take(now: now).map { Sent($0.picture) } }
    }

    var nextDue: Instant? { state.withLock { $0.pictures.nextDue() } }

    /// How much too late a picture of this time would be.
    func lateness(of timestamp: Int64, now: Instant) -> Interval {
        state.withLock { $0.pictures.lateness(of: timestamp, now: now) }
    }

    /// Nobody wants to see what waits.
    func clearVideo() {
        state.withLock { $0.pictures.clear() }
    }

    func figures(now: Instant) -> Figures {
        state.withLock { (state) in
            let (target, delay) = state.clock.videoDelay(at: now)
            return Figures(shown: state.pictures.statistics, target: target, delay: delay)
        }
    }
}
