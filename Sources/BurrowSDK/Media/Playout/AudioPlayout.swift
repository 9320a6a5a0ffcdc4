package import BurrowBase

/// Plays one remote audio track: packets go in as they arrive, samples come out whenever the listener wants some.
///
/// A pull is always filled. What is missing is taken from the redundancy of the next packet, else invented by the
/// decoder, else replaced by the noise of the speaker's background, which fades to silence when nothing comes any more.
/// The delay follows the jitter of the network by leaving out and repeating pitch periods. Not for several threads at
/// once; allocates nothing after its creation.
package final class AudioPlayout {
    /// Where the next samples come from when nothing is missing.
    enum Phase: Equatable {
        /// Nothing came yet, or nothing for long: the next packet begins anew.
        case waiting
        case playing
    }

    enum SoundKind {
        case silence, speech, invention
    }

    /// Below this nothing is worth filling: half of the shortest packet.
    static let negligible: Int64 = 1_250
    static let largestPacket = 32_768
    /// Where the timeline is lost: so much concealment, and the next packet begins anew.
    static let absence = MediaUnits.frames(milliseconds: 1_000)

    package let channels: Int
    /// Shared with the pictures of the same participant.
    package let clock: PlayoutClock
    let decoder: any AudioDecoder
    package private(set) var options: PlayoutOptions
    let queue: SoundQueue
    var scratch: DecodedSamples
    var packets = PacketBuffer(capacity: 256)
    /// Packets that may belong to a new timeline.
    var strays = PacketBuffer(capacity: 8)
    var restart = RestartDetector()
    var jitter: JitterTarget
    var rate = RateControl()
    var stretcher = TimeStretcher()
    var noise = ComfortNoise()
    var needs = NeedPhase()
    var drift = DriftEstimator()
    var corrector: DriftCorrector
    var counters = AudioPlayoutStatistics()

    var phase = Phase.waiting
    /// The timestamp that follows what was decoded last.
    var expected: Int64 = 0
    /// When timestamp 0 is heard: local time less media time of what was decoded last.
    var offset: Int64?
    /// Frames invented since the last packet, and how many of them stand for no timestamp yet.
    var concealedRun = 0
    var concealedCredit = 0
    /// The last packet said that the speaker is silent: a gap is no loss.
    var discontinuous = false
    var lastPacketFrames = MediaUnits.frames(milliseconds: 20)
    /// Frames at the end of the queue, history included, that came from packets.
    var genuine = 0
    /// When a packet last carried redundancy.
    var redundancySeen: Instant?
    var recent = RecentTimestamps()
    var pace = PullPace()
    /// When the samples of the last pull began to be heard, and how much was pulled before them, in microseconds.
    package private(set) var lastPull: Instant?
    var devicePosition: Int64 = 0
    /// The decoder must forget the old timeline before the first packet of the new one.
    var decoderIsStale = false
    var pullFlags: PullFlags = []
    var lastKind = SoundKind.silence
    /// Something was heard, and its background still is.
    var sounding = false
    /// Nothing comes any more.
    var isOver = false

    /// The decoder is fresh, and used by nobody else.
    package init(
        decoder: any AudioDecoder,
        options: PlayoutOptions = PlayoutOptions(),
        clock: PlayoutClock = PlayoutClock()
    ) {
        self.clock = clock
        self.decoder = decoder
        self.options = options.sane
        channels = decoder.channels == 2 ? 2 : 1
        queue = SoundQueue(channels: channels)
        scratch = DecodedSamples(channels: channels)
        jitter = JitterTarget(options.sane)
        corrector = DriftCorrector(channels: channels)
    }

    /// Changes what the host wants; the delay follows as it follows the network.
    package func apply(_ options: PlayoutOptions) {
        self.options = options.sane
        jitter.options = options.sane
    }

    /// No packet is on its way, so what is missing was never said: after what waits, or at once, there is silence.
    package func end(discarding: Bool) {
        isOver = true
        guard discarding else { return }
        packets.removeAll()
        strays.removeAll()
    }

    /// Takes a packet that arrived at `arrival`. `timestamp` is the sender's media time in microseconds.
    package func insert(_ payload: Slice, timestamp: Int64, arrival: Instant) {
        counters.packetsReceived += 1
        guard payload.count <= Self.largestPacket, let frames = decoder.frames(in: payload.span), frames > 0,
            frames <= MediaUnits.frames(milliseconds: 120)
        else {
            counters.packetsCorrupt += 1
            return
        }
        let entry = PacketBuffer.Entry(
            timestamp: timestamp,
            payload: payload,
            frames: frames,
            delay: 0,
            arrival: arrival,
            carriesRedundancy: decoder.carriesRedundancy(payload.span)
        )
        isOver = false
        if strayed(entry) { return }
        admit(entry)
    }

    /// Fills `frames` frames of `samples`, which are heard from `now` on. What does not fit into `samples` is left out.
    package func pull(into samples: inout MutableSpan<Float>, frames: Int, now: Instant) -> PullFlags {
        let wanted = max(0, min(frames, samples.count / channels))
        let (heard, resumed) = pace.pulled(wanted, at: now)
        // The host's device is where it was, but its clock is not.
        if resumed { drift.reset() }
        pullFlags = .silent
        if queue.pending > 0 { mark(lastKind) }
        devicePosition = MediaUnits.microseconds(counters.framesPulled)
        lastPull = heard
        var filled = 0
        while filled < wanted {
            // Longer pulls than the queue is meant for are several.
            let part = min(wanted - filled, MediaUnits.frames(milliseconds: 60))
            let needed = corrector.input(for: part)
            let begin = heard + .microseconds(MediaUnits.microseconds(filled))
            while queue.pending < needed { produce(needed, from: begin) }
            let taken = corrector.take(part, from: queue, into: &samples, at: filled)
            // Cannot happen with what waits; a pull must end in any case.
            guard taken > 0 else { break }
            filled += taken
        }
        counters.framesPulled += wanted
        return pullFlags
    }

    /// A larger step between timestamps is a gap, a smaller one the imprecision of the sender's clock.
    var tolerance: Int64 { min(5_000, MediaUnits.microseconds(lastPacketFrames) / 4) }

    /// What is appended from now on is of this kind, and a part of the present pull.
    func mark(_ kind: SoundKind) {
        lastKind = kind
        if kind != .silence { pullFlags.remove(.silent) }
        if kind == .invention { pullFlags.insert(.concealed) }
    }

    /// Local time less media time of what was decoded last; nil before the first packet.
    package var clockOffset: Interval? { offset.map { .microseconds($0) } }

    package var statistics: AudioPlayoutStatistics {
        var result = counters
        let now = lastPull ?? Instant(microseconds: 0)
        result.target = .microseconds(effectiveTarget(now))
        result.delay = .microseconds(currentDelay ?? 0)
        result.drift = Int(corrector.drift)
        result.jitter = .microseconds(Int64(jitter.jitter))
        var level = MediaUnits.microseconds(queue.pending)
        var index = 0
        while let entry = packets[index] {
            level += MediaUnits.microseconds(entry.frames)
            index += 1
        }
        result.level = .microseconds(level)
        return result
    }

    /// What is played now, over the fastest recent packet.
    var currentDelay: Int64? {
        guard let offset, let fastest = jitter.fastest else { return nil }
        // Timestamps are a peer's numbers; beyond an hour nothing differs.
        return max(-3_600_000_000, min(offset.subtractingSaturating(fastest), 3_600_000_000))
    }

    /// So much later than most packets may be the one whose redundancy is to be of use.
    private static let redundancyMargin: Int64 = 4_000

    /// The delay that is aimed at; enough for the next packet to be there, too, while it has redundancy.
    func effectiveTarget(_ now: Instant) -> Int64 {
        var target = jitter.target(now: now)
        if let seen = redundancySeen, now - seen < .seconds(5) {
            let usual = Self.redundancyMargin + 2 * Int64(jitter.mean)
            target = max(target, MediaUnits.microseconds(lastPacketFrames) + usual)
        }
        target = target.addingSaturating(clock.raise.microseconds)
        return min(target, max(options.ceiling.microseconds, options.floor.microseconds))
    }
}
