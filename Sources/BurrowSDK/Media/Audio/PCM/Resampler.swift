internal import CBurrowMedia

/// One speexdsp resampler. Its output has the times of its input: what comes first out is what went in first,
/// withheld until the filter has seen enough of what follows.
///
/// The ratio can be off by parts per million, changed at any time without a click, to follow another machine's clock.
/// Nothing allocates after `init`.
@safe package final class Resampler {
    /// What the effort is for; see speexdsp's quality 0 to 10.
    package enum Quality: Int32, Equatable, Sendable {
        /// 24 samples of the lower rate withheld.
        case capture = 3
        /// 40 samples of the lower rate withheld.
        case playout = 5
    }

    /// Beyond this it is not drift.
    package static let driftLimit = 1_000.0

    package let channels: Int
    package let inputRate: Int
    package let outputRate: Int
    /// By how many parts per million more input is used than the rates say.
    package private(set) var drift = 0.0

    private let handle: OpaquePointer
    private var ratio: Ratio

    package init(channels: Int, from input: Int, to output: Int, quality: Quality) throws(MediaError) {
        let rates = 8_000...192_000
        guard channels == 1 || channels == 2, rates.contains(input), rates.contains(output) else {
            throw MediaError(.unsupported, "resampling \(channels) channels from \(input) to \(output) Hz")
        }
        var status: Int32 = 0
        guard
            let handle = unsafe speex_resampler_init(
                UInt32(channels),
                UInt32(input),
                UInt32(output),
                quality.rawValue,
                &status
            )
        else { throw MediaError(.codec, "resampler cannot be made, code \(status)") }
        unsafe self.handle = handle
        self.channels = channels
        inputRate = input
        outputRate = output
        ratio = Ratio(nearest: Double(input) / Double(output))
        // A ratio with drift needs larger tables, made here rather than in the middle of a call.
        try setDrift(partsPerMillion: Self.driftLimit)
        try setDrift(partsPerMillion: 0)
        reset()
    }

    deinit {
        unsafe speex_resampler_destroy(handle)
    }

    /// Frames of input whose sound has not come out yet.
    package var latency: Int { Int(unsafe speex_resampler_get_input_latency(handle)) }

    /// No more frames than this come out of so many.
    package func maximumOutput(for frames: Int) -> Int {
        let exact = Double(frames) / (Double(inputRate) / Double(outputRate)) * (1 + Self.driftLimit / 1e6)
        return Int(min(max(exact, 0), 1e9)) + 2
    }

    /// Takes input until it is used up or the output is full.
    package func process(
        _ input: Span<Float>,
        into output: inout MutableSpan<Float>
    ) throws(MediaError) -> (consumed: Int, produced: Int) {
        var consumed = UInt32(clamping: input.count / channels)
        var produced = UInt32(clamping: output.count / channels)
        guard consumed > 0, produced > 0 else { return (0, 0) }
        let handle = unsafe handle
        let status = unsafe input.withUnsafeBufferPointer { (source) in
            unsafe output.withUnsafeMutableBufferPointer { (target) -> Int32 in
                guard let source = source.baseAddress, let target = target.baseAddress else { return 0 }
                return unsafe speex_resampler_process_interleaved_float(
                    handle,
                    source,
                    &consumed,
                    target,
                    &produced
                )
            }
        }
        guard status == 0 else { throw MediaError(.codec, "resampler fails, code \(status)") }
        return (Int(consumed), Int(produced))
    }

    /// Takes the first `frames` of an array and fills another from its beginning; returns how many frames came out.
    /// The output has room for them all.
    func process(_ frames: Int, of input: [Float], into output: inout [Float]) throws(MediaError) -> Int {
        var span = output.mutableSpan
        return try process(input.span.extracting(0..<(frames * channels)), into: &span).produced
    }

    /// Follows a clock that runs faster than its rate says (positive: more input for the same output). Costs about as
    /// much as resampling 30 ms, so a few times a second at most.
    package func setDrift(partsPerMillion: Double) throws(MediaError) {
        guard partsPerMillion.magnitude <= Self.driftLimit else {
            throw MediaError(.invalidArgument, "drift of \(partsPerMillion) ppm")
        }
        guard partsPerMillion != drift else { return }
        let new = Ratio(nearest: Double(inputRate) / Double(outputRate) * (1 + partsPerMillion / 1e6))
        if !ratio.isDirectlyFollowed(by: new) { try apply(Ratio(bridging: new)) }
        try apply(new)
        drift = partsPerMillion
    }

    /// Forgets what was heard; the next input begins a new stream.
    package func reset() {
        // The library forgets only as much as one channel holds; the other is filled with silence first.
        var left = UInt32(channels > 1 ? latency * 2 : 0)
        unsafe withUnsafeTemporaryAllocation(of: Float.self, capacity: 512) { (scratch) in
            while left > 0 {
                var (consumed, produced) = (left, UInt32(scratch.count / channels))
                let status = unsafe speex_resampler_process_interleaved_float(
                    handle,
                    nil,
                    &consumed,
                    scratch.baseAddress,
                    &produced
                )
                guard status == 0, consumed > 0 else { return }
                left -= min(consumed, left)
            }
        }
        unsafe _ = speex_resampler_reset_mem(handle)
        unsafe _ = speex_resampler_skip_zeros(handle)
    }

    private func apply(_ new: Ratio) throws(MediaError) {
        let status = unsafe speex_resampler_set_rate_frac(
            handle,
            new.numerator,
            new.denominator,
            UInt32(inputRate),
            UInt32(outputRate)
        )
        guard status == 0 else { throw MediaError(.codec, "resampler refuses a ratio, code \(status)") }
        ratio = new
    }
}

/// Input rate over output rate in numbers that the resampler's arithmetic can take.
///
/// When the ratio changes, the library multiplies the position between two samples, counted in old denominators, by
/// the new denominator in 32 bits, and gives up halfway when that overflows. So denominators are bounded, and between
/// two large ones a small prime is put.
private struct Ratio {
    static let largest: UInt32 = 1_000_000
    /// Times `largest` it still fits 32 bits. A prime, so that hardly a numerator shortens it: the position keeps
    /// better than a four-thousandth of a sample.
    static let bridge: UInt32 = 4_289

    var numerator: UInt32
    var denominator: UInt32

    /// The best approximation below the largest denominator, by continued fractions.
    init(nearest value: Double) {
        var (before, now): ((UInt64, UInt64), (UInt64, UInt64)) = ((0, 1), (1, 0))
        var rest = value
        while true {
            let whole = rest.rounded(.down)
            guard whole >= 0, whole < 1e6 else { break }
            let digit = UInt64(whole)
            let next = (digit * now.0 + before.0, digit * now.1 + before.1)
            guard next.0 <= 8 * UInt64(Self.largest), next.1 <= UInt64(Self.largest) else {
                // The digit does not fit; the largest that does may still be nearer than stopping here.
                let room = (UInt64(Self.largest) - before.1) / max(now.1, 1)
                if room * 2 > digit, room > 0 {
                    (before, now) = (now, (room * now.0 + before.0, room * now.1 + before.1))
                }
                break
            }
            (before, now) = (now, next)
            guard rest - whole > 1e-9 else { break }
            rest = 1 / (rest - whole)
        }
        numerator = UInt32(clamping: max(now.0, 1))
        denominator = UInt32(clamping: max(now.1, 1))
    }

    /// Near `other`, with the small prime below.
    init(bridging other: Ratio) {
        let exact = UInt64(other.numerator) * UInt64(Self.bridge) / UInt64(max(other.denominator, 1))
        let shortens = exact % UInt64(Self.bridge) == 0
        numerator = UInt32(clamping: exact + (shortens ? 1 : 0))
        denominator = Self.bridge
    }

    func isDirectlyFollowed(by next: Ratio) -> Bool {
        UInt64(denominator) * UInt64(next.denominator) <= UInt64(UInt32.max)
    }
}
