/// Takes samples out of the queue a few parts per million faster or slower than they are played.
///
/// Nothing is done, and nothing spent, until a drift is known. From then on everything passes through the resampler,
/// which is told what was played before, so that its beginning is not heard.
struct DriftCorrector {
    private static let limit = 300.0
    /// Less than this is left to stretching, one pitch period in several minutes: resampling costs as much as decoding.
    private static let worthwhile = 40.0
    /// A correction closer than this to the one in force is not worth a change.
    private static let difference = 3.0
    /// What the filter looks back at.
    private static let lead = 96

    private let resampler: Resampler?
    private var leadIn: [Float]
    private(set) var isActive = false

    /// In parts per million, as the listener's device runs fast.
    var drift: Double { isActive ? -(resampler?.drift ?? 0) : 0 }

    init(channels: Int) {
        // Without a resampler, when there is no memory for one, drift is left to stretching.
        resampler = try? Resampler(channels: channels, from: 48_000, to: 48_000, quality: .playout)
        leadIn = [Float](repeating: 0, count: Self.lead * channels)
    }

    mutating func follow(_ estimate: Double, _ queue: SoundQueue) {
        guard let resampler, estimate.isFinite else { return }
        let drift = -max(-Self.limit, min(estimate, Self.limit))
        guard isActive || drift.magnitude >= Self.worthwhile else { return }
        guard (drift - resampler.drift).magnitude >= Self.difference || !isActive else { return }
        guard (try? resampler.setDrift(partsPerMillion: drift)) != nil else { return }
        if !isActive {
            isActive = true
            prime(resampler, queue)
        }
    }

    /// Frames that left the queue but were not heard yet.
    var withheld: Int { isActive ? resampler?.latency ?? 0 : 0 }

    /// How many frames must wait in the queue to make `frames`.
    func input(for frames: Int) -> Int {
        isActive ? frames + frames / 1_000 + 8 : frames
    }

    /// Moves samples from the queue into `output` from its frame `first` on; returns how many frames came out.
    func take(_ frames: Int, from queue: SoundQueue, into output: inout MutableSpan<Float>, at first: Int)
        -> Int
    {
        guard isActive, let resampler else { return queue.take(frames, into: &output, at: first) }
        return queue.take(frames, through: resampler, into: &output, at: first)
    }

    /// Lets the filter hear what was played last, and swallows what it makes of it.
    private mutating func prime(_ resampler: Resampler, _ queue: SoundQueue) {
        resampler.reset()
        queue.rewind(Self.lead)
        var span = leadIn.mutableSpan
        var left = Self.lead
        while left > 0 {
            let made = queue.take(left, through: resampler, into: &span, at: 0)
            guard made > 0 else { return }
            left -= made
        }
    }
}
