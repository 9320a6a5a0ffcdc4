package import BurrowBase

/// Says when a participant's media times are heard and seen here; shared by the audio and the video of one participant.
///
/// Audio is the master: what its playout plays is the time. While there is none, video makes its own time from the
/// arrival of its frames, and the clock moves there slowly. So it does when the sender's two clocks have nothing to do
/// with each other.
///
/// For one thread. Where sound and pictures are played by different ones, each has a clock of its own: what `heard`
/// says on the side of sound is given to `follow` on the other, and `raise` goes the other way.
package final class PlayoutClock {
    /// What sound says about time; fit to be handed from thread to thread.
    package struct Heard: Equatable, Sendable {
        /// Local time less media time.
        package var offset: Int64
        package var at: Instant

        package init(offset: Int64, at: Instant) {
            self.offset = offset
            self.at = at
        }
    }

    /// How fast the time of video moves when it is not led by audio, in parts of time itself.
    private static let slew = 20
    /// Farther than this it jumps: the sender has a new timeline.
    private static let jump: Int64 = 1_000_000
    /// So long after the last packet was played audio leads no more.
    private static let lead = Interval.seconds(1)
    /// The shared delay may be raised by this much for the sake of video, slowly.
    package static let largestRaise = Interval.milliseconds(150)

    /// Added to the target of audio so that video can follow.
    package private(set) var raise = Interval.zero

    /// Sound and pictures of one moment are never that far apart in time.
    private static let unrelated: UInt64 = 4_000_000

    /// The timestamps of video are not those of audio.
    private var isUnrelated = false
    /// What sound said last; nil before there was any.
    package private(set) var heard: Heard?
    private var videoTarget: JitterTarget
    private var offset: Int64?
    private var advancedAt: Instant?
    /// Until when the pictures that come may be those of a group that began a while ago.
    private var settlesAt: Instant?
    private static let settling = Interval.milliseconds(500)
    /// Pictures that come by this much faster than time passes are old ones.
    private static let catchingUp: Int64 = 8_000

    package init(options: PlayoutOptions = PlayoutOptions()) {
        videoTarget = JitterTarget(options.sane)
    }

    /// Changes what the host wants of the delay of pictures.
    package func apply(_ options: PlayoutOptions) {
        videoTarget.options = options.sane
    }

    /// Whether audio says what time it is.
    package func isLedByAudio(at now: Instant) -> Bool {
        guard let heard else { return false }
        return now - heard.at < Self.lead
    }

    /// Whether sound and pictures are on one time now.
    package func isShared(at now: Instant) -> Bool { isLedByAudio(at: now) && !isUnrelated }

    /// When a picture of a media time is due here; nil before anything came.
    package func localTime(of timestamp: Int64) -> Instant? {
        offset.map { Instant(microseconds: timestamp.addingSaturating($0)) }
    }

    /// The media time that is due at `now`.
    package func mediaTime(at now: Instant) -> Int64? {
        offset.map { now.microseconds.subtractingSaturating($0) }
    }

    /// An encoded frame of the video arrived.
    package func videoArrived(timestamp: Int64, at arrival: Instant) {
        let offset = arrival.microseconds.subtractingSaturating(timestamp)
        if let fastest = videoTarget.fastest,
            offset.subtractingSaturating(fastest).magnitude > UInt64(4 * Self.jump)
        {
            videoTarget.reset()
        }
        let before = videoTarget.fastest
        _ = videoTarget.arrived(offset: offset, at: arrival)
        if settlesAt != nil, before.map({ offset < $0.addingSaturating(-Self.catchingUp) }) ?? true {
            settlesAt = arrival + Self.settling
        }
        if let audio = heard?.offset, isLedByAudio(at: arrival), let fastest = videoTarget.fastest {
            isUnrelated = fastest.subtractingSaturating(audio).magnitude > Self.unrelated
        }
        advance(to: arrival)
    }

    /// Pictures are about to come, perhaps again. The first are those of a group that began a while ago, all at once: of
    /// the network they say nothing, and what time it is only the last of them says.
    package func videoBegins() {
        videoTarget.beginAnew()
        settlesAt = .distantFuture
    }

    /// How long pictures are delayed over the fastest recent one: what is aimed at, and what there is.
    package func videoDelay(at now: Instant) -> (target: Interval, delay: Interval) {
        guard let fastest = videoTarget.fastest, let offset else { return (.zero, .zero) }
        let delay = max(0, min(offset.subtractingSaturating(fastest), 3_600_000_000))
        return (.microseconds(videoTarget.target(now: now)), .microseconds(delay))
    }

    /// Lets the clock follow what leads it. To be called before it is read.
    package func advance(to now: Instant) {
        defer { advancedAt = now }
        guard !isShared(at: now), let fastest = videoTarget.fastest else { return }
        let wanted = fastest.addingSaturating(videoTarget.target(now: now))
        guard let current = offset, let last = advancedAt else {
            offset = wanted
            return
        }
        let difference = wanted.subtractingSaturating(current)
        if let settlesAt, now >= settlesAt { self.settlesAt = nil }
        guard difference.magnitude < UInt64(Self.jump), difference >= 0 || settlesAt == nil else {
            offset = wanted
            return
        }
        let most = max(0, min((now - last).microseconds, Self.jump)) / Int64(Self.slew)
        offset = current + max(-most, min(difference, most))
    }

    /// Sound is being played so.
    package func follow(_ new: Heard) {
        heard = new
        guard !isUnrelated else { return }
        offset = new.offset
        advancedAt = new.at
    }

    /// Takes the raise that the side of pictures wants.
    package func adopt(raise wanted: Interval) {
        raise = max(.zero, min(wanted, Self.largestRaise))
    }

    /// Raises the shared delay, or lowers it again.
    func changeRaise(by change: Interval) {
        let raised = raise.microseconds.addingSaturating(change.microseconds)
        raise = .microseconds(max(0, min(raised, Self.largestRaise.microseconds)))
    }
}
