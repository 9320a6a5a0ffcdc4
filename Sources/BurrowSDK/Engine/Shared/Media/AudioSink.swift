package import BurrowBase
package import BurrowMedia
import Synchronization

/// A subscribed audio track between the loop, which receives packets, and the host's thread that plays.
///
/// Whoever pulls is the clock: it takes the packets out of the exchange of the wire track, decodes and plays them. So
/// nothing waits for another thread on the way from the network to the ear.
@safe package final class AudioSink: @unchecked Sendable {
    /// The track the packets come from.
    struct Feed: Sendable {
        let wire: HostTrack
        let rendition: AudioRendition
        /// The publisher is gone, perhaps not for good.
        var isWaiting = false
    }

    /// What a pull gave.
    package struct Pulled: Sendable {
        package var flags: PullFlags
        /// Of the first sample on the sender's clock; 0 before anything came.
        package var timestamp: Int64

        package init(flags: PullFlags, timestamp: Int64) {
            (self.flags, self.timestamp) = (flags, timestamp)
        }
    }

    package let wishes: Guarded<MediaWishes>
    package let report = Guarded(MediaReport())
    private let feed = Guarded<Feed?>(nil)
    private let clock = Guarded<SharedClock?>(nil)
    private let levels = Guarded<[AudioLevel]>([])
    private let isOver = Atomic(false)

    // Belong to the thread that holds `isPulled`.
    private let isPulled = Atomic(false)
    /// A second of levels, more than ever waits.
    private static let levelLimit = 50
    private var player: AudioPlayer?
    /// What the players before it counted.
    private var past = MediaReport()
    private var writer: PCMWriter?
    /// The timestamp of what comes after the last pull.
    private var following: Int64 = 0
    private let samples = SampleBuffer(count: AudioPlayer.longestPull * 2)

    package init(_ wishes: MediaWishes) {
        self.wishes = Guarded(wishes)
    }

    /// How loud it is in the mix.
    var gain: Float { wishes.withLock { $0.gain } }

    // MARK: Media thread

    /// Takes the levels of what was played since the last call, 20 ms each.
    func takeLevels(into levels: inout [AudioLevel]) {
        levels.removeAll(keepingCapacity: true)
        self.levels.withLock { swap(&$0, &levels) }
    }

    func join(_ clock: SharedClock) {
        self.clock.withLock { $0 = clock }
    }

    func isFed(by wire: HostTrack) -> Bool {
        feed.withLock { $0?.wire === wire }
    }

    /// Whether anything can come from the track, as far as is known.
    func setWaiting(_ isWaiting: Bool) {
        feed.withLock { $0?.isWaiting = isWaiting }
    }

    var isFed: Bool { feed.withLock { $0 != nil } }

    /// Lets packets come from another track, or from none.
    func setFeed(_ next: Feed?) {
        feed.withLock { $0 = next }
    }

    func close() {
        isOver.store(true, ordering: .sequentiallyConsistent)
        setFeed(nil)
        forgetPlayer()
    }

    /// The player holds its wire track, which holds the room, whose mixer may hold this.
    private func forgetPlayer() {
        guard !isPulled.exchange(true, ordering: .sequentiallyConsistent) else { return }
        player = nil
        isPulled.store(false, ordering: .sequentiallyConsistent)
    }

    // MARK: The host's thread

    /// Fills `bytes` with whole frames of `format`. `nil` while another thread pulls.
    package func pull(_ format: PCMFormat, into bytes: inout MutableRawSpan, now: Instant) throws(EngineError)
        -> Pulled?
    {
        guard !isOver.load(ordering: .relaxed) else { throw EngineError(.closed, "the track is over") }
        guard begin() else { return nil }
        defer { end() }
        do throws(MediaError) {
            let channels = preparePlayer()
            if writer?.format != format || writer?.channels != channels {
                writer = try PCMWriter(format, channels: channels)
            }
            guard let writer else { return nil }
            let frames = bytes.byteCount / format.bytesPerFrame
            var pulled = Pulled(flags: .silent, timestamp: following)
            // What is read first may have been played into the writer by the pull before this one.
            let waiting = Int64(writer.available) * 1_000_000 / Int64(format.rate)
            var isFirst = true
            while true {
                let needed = min(writer.needed(for: frames), AudioPlayer.longestPull)
                guard needed > 0 else { break }
                let flags = samples.write(needed * channels) { play(needed, into: &$0, now: now) }
                pulled.flags = isFirst ? flags : pulled.flags.joined(with: flags)
                if isFirst { pulled.timestamp = player.map { max(0, $0.heard - waiting) } ?? 0 }
                isFirst = false
                try samples.read(needed * channels) { (span) throws(MediaError) in try writer.write(span) }
            }
            let read = Int64(writer.read(into: &bytes))
            following = pulled.timestamp > 0 ? pulled.timestamp + read * 1_000_000 / Int64(format.rate) : 0
            return pulled
        } catch {
            throw EngineError(error)
        }
    }

    /// Adds `frames` frames of 48 kHz to a mix. False while another thread pulls.
    func pull(frames: Int, now: Instant, _ add: (Span<Float>, _ channels: Int, PullFlags) -> Void) -> Bool {
        guard !isOver.load(ordering: .relaxed), begin() else { return false }
        defer { end() }
        let channels = preparePlayer()
        let count = min(frames, AudioPlayer.longestPull)
        let flags = samples.write(count * channels) { play(count, into: &$0, now: now) }
        samples.read(count * channels) { add($0, channels, flags) }
        return true
    }

    private func note(_ reading: AudioLevel) {
        levels.withLock { (levels) in
            if levels.count < Self.levelLimit { levels.append(reading) }
        }
    }

    private func begin() -> Bool { !isPulled.exchange(true, ordering: .acquiring) }

    private func end() {
        isPulled.store(false, ordering: .sequentiallyConsistent)
        // Closed meanwhile, by a thread that could not touch the player.
        if isOver.load(ordering: .sequentiallyConsistent) { forgetPlayer() }
    }

    /// Follows the feed and the wishes. Returns how many channels come.
    private func preparePlayer() -> Int {
        let (current, wishes) = (feed.withLock { $0 }, wishes.withLock { $0 })
        player?.follow(wishes, isWaiting: current?.isWaiting ?? false)
        guard let current, player?.wire !== current.wire, !wishes.isPaused else {
            return player?.channels ?? 1
        }
        do throws(MediaError) {
            past = report.withLock { $0 }
            player = try AudioPlayer(current, wishes, clock.withLock { $0 })
        } catch {
            player = nil
            setFeed(nil)
            LogRing.shared.write(.warning, "media", "sound of \(current.wire.path): \(error.context)")
        }
        return player?.channels ?? 1
    }

    private func play(_ frames: Int, into samples: inout MutableSpan<Float>, now: Instant) -> PullFlags {
        guard let player else {
            for index in samples.indices { samples[index] = 0 }
            return .silent
        }
        let flags = player.play(frames, into: &samples, now: now)
        if let reading = player.reading { note(reading) }
        player.tell(report, beyond: past, now: now)
        return flags
    }
}

extension PullFlags {
    /// Concealed when a part is, silent when all is.
    func joined(with other: PullFlags) -> PullFlags {
        union(other).intersection(.concealed).union(intersection(other).intersection(.silent))
    }
}
