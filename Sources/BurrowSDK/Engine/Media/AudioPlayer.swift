import BurrowBase
import BurrowMedia

/// Unpacks, decodes and plays the packets of one wire track. Belongs to whoever pulls.
final class AudioPlayer {
    /// Frames of 48 kHz in one pull: 60 ms.
    static let longestPull = 2880

    let wire: HostTrack
    private let container: ContainerReader
    private let decoder: MeteredDecoder
    private let playout: AudioPlayout
    private var options: PlayoutOptions
    private var isPaused = false
    private var isWaiting = false
    /// Only what this thread needs of the shared one, so that decoding holds no lock.
    private let clock: PlayoutClock
    private let shared: SharedClock?
    private var meter: LevelMeter
    /// What the last pull completed.
    private(set) var reading: AudioLevel?
    private let allocator = SliceAllocator()
    private var frames = ContiguousArray<EncodedFrame>()
    private var received: UInt64 = 0
    private var bytes: UInt64 = 0
    private var damaged: UInt64 = 0
    private var rate = ArrivalRate()

    init(_ feed: AudioSink.Feed, _ wishes: MediaWishes, _ shared: SharedClock?) throws(MediaError) {
        wire = feed.wire
        self.shared = shared
        container = try ContainerReader(feed.rendition.container, of: .audio)
        options = wishes.playout
        meter = LevelMeter(channels: feed.rendition.channels)
        clock = PlayoutClock(options: options)
        decoder = try MeteredDecoder(channels: feed.rendition.channels)
        playout = AudioPlayout(decoder: decoder, options: options, clock: clock)
    }

    /// The media time that is heard at the beginning of the last pull; 0 before anything was.
    private(set) var heard: Int64 = 0

    var channels: Int { playout.channels }

    /// Does what the host wants from now on; `isWaiting` says that the publisher is gone.
    func follow(_ wishes: MediaWishes, isWaiting: Bool) {
        let wanted = wishes.playout
        if wanted != options {
            options = wanted
            playout.apply(wanted)
        }
        if wishes.isPaused, !isPaused { playout.end(discarding: true) }
        isPaused = wishes.isPaused
        self.isWaiting = isWaiting
    }

    /// Fills `samples` with what is to be heard from `now` on.
    func play(_ frames: Int, into samples: inout MutableSpan<Float>, now: Instant) -> PullFlags {
        if !isPaused { receive(now) }
        // Not before: the last packets may have come just now.
        if isWaiting { playout.end(discarding: false) }
        let flags = playout.pull(into: &samples, frames: frames, now: now)
        if let said = clock.heard {
            // Not the moment of the call: hosts call a little early and late, devices play evenly.
            heard = (playout.lastPull ?? now).microseconds - said.offset
            if let shared { clock.adopt(raise: shared.follow(said)) }
        }
        reading = meter.observe(samples.span)
        return flags
    }

    private func receive(_ now: Instant) {
        while true {
            switch wire.exchange.pull() {
            case .frame(let loan, let mustRefill):
                if mustRefill { wire.room.engine.submit(.refill(wire)) }
                take(loan, now)
                loan.buffer.lastReferenceGone()
            // Packets find their places by their times.
            case .mark: continue
            case .nothing: return
            case .ended: return playout.end(discarding: false)
            }
        }
    }

    private func take(_ loan: FrameExchange.Loan, _ now: Instant) {
        received &+= 1
        bytes &+= UInt64(clamping: loan.count)
        rate.add(bytes: loan.count, at: now)
        frames.removeAll(keepingCapacity: true)
        let memory = unsafe loan.bytes
        do throws(MediaError) {
            try container.read(
                unsafe allocator.copy(memory),
                isFirst: loan.description.sequence == 0,
                into: &frames
            )
        } catch {
            damaged &+= 1
        }
        for frame in frames {
            playout.insert(frame.payload, timestamp: frame.timestamp, arrival: loan.description.arrival)
        }
    }

    /// Brings the figures for the host up to date; `past` is what was counted before this player.
    func tell(_ report: borrowing Guarded<MediaReport>, beyond past: MediaReport, now: Instant) {
        let figures = playout.statistics
        let unpulled = wire.exchange.incomingCounters.counters.dropped
        let lost = UInt64(clamping: figures.packetsOverflowed &+ figures.packetsDiscarded)
        let bitRate = rate.value(now: now).bits
        report.withLock { (report) in
            report.bitRate = bitRate
            report.frames = past.frames &+ received
            report.bytes = past.bytes &+ bytes
            report.damaged = past.damaged &+ damaged &+ UInt64(clamping: figures.packetsCorrupt)
            report.late = past.late &+ UInt64(clamping: figures.packetsLate)
            report.dropped = past.dropped &+ lost &+ unpulled
            report.targetDelay = figures.target
            report.delay = figures.delay
            report.played = past.played + Self.duration(figures.framesPulled)
            report.recovered = past.recovered + Self.duration(figures.framesRecovered)
            report.concealed = past.concealed + Self.duration(figures.framesConcealed)
            report.stretched = past.stretched + Self.duration(figures.framesRemoved &+ figures.framesInserted)
            report.codecTime = past.codecTime + decoder.time
            report.longestCodecTime = max(past.longestCodecTime, decoder.longest)
        }
    }

    private static func duration(_ frames: Int) -> Interval {
        .microseconds(Int64(frames) * 1_000_000 / 48_000)
    }
}
