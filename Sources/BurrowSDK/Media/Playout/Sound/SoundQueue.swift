/// Samples between the decoder and the listener, with a little of what was played before them.
///
/// One piece of memory: what was played (`history`), then what waits (`pending`). It slides down when it reaches the
/// end. Positions are counted in frames from the first waiting one; history has negative positions.
final class SoundQueue {
    /// What stretching and joining look back at: two of the longest pitch periods and a window to compare.
    static let history = MediaUnits.frames(milliseconds: 40)
    private static let capacity = MediaUnits.frames(milliseconds: 500)

    let channels: Int
    private var samples: [Float]
    /// The first waiting frame, from the beginning of the memory.
    private var start: Int
    private(set) var pending = 0

    init(channels: Int) {
        self.channels = channels
        samples = [Float](repeating: 0, count: Self.capacity * channels)
        start = Self.history
    }

    /// Room for more frames.
    var room: Int { Self.capacity - Self.history - pending }

    subscript(position: Int, channel: Int) -> Float {
        get { samples[(start + position) * channels + channel] }
        set { samples[(start + position) * channels + channel] = newValue }
    }

    /// The sum of the channels at a position.
    func mono(_ position: Int) -> Float {
        let index = (start + position) * channels
        return channels == 1 ? samples[index] : (samples[index] + samples[index + 1]) * 0.5
    }

    /// Appends the frames of `source` from `first` on, as many as there is room for.
    func append(_ source: [Float], from first: Int = 0, frames: Int) {
        let count = max(0, min(frames, room, source.count / channels - first))
        makeRoom(count)
        samples.copy(
            source,
            from: first * channels,
            count: count * channels,
            to: (start + pending) * channels
        )
        pending += count
    }

    func appendSilence(frames: Int) {
        let count = max(0, min(frames, room))
        makeRoom(count)
        samples.zero(from: (start + pending) * channels, count: count * channels)
        pending += count
    }

    /// Moves waiting frames into `output` from its frame `first` on; returns how many.
    func take(_ frames: Int, into output: inout MutableSpan<Float>, at first: Int) -> Int {
        let count = max(0, min(frames, pending, output.count / channels - first))
        samples.copyOut(from: start * channels, count: count * channels, into: &output, at: first * channels)
        start += count
        pending -= count
        return count
    }

    /// As above, through a resampler, which may use more or fewer frames than come out.
    func take(
        _ frames: Int,
        through resampler: Resampler,
        into output: inout MutableSpan<Float>,
        at first: Int
    ) -> Int {
        let count = max(0, min(frames, output.count / channels - first))
        guard count > 0, pending > 0 else { return 0 }
        var target = output._mutatingExtracting((first * channels)..<((first + count) * channels))
        let waiting = (start * channels)..<((start + pending) * channels)
        guard let done = Self.resample(samples, waiting, with: resampler, into: &target) else { return 0 }
        start += done.consumed
        pending -= done.consumed
        return done.produced
    }

    private static func resample(
        _ samples: [Float],
        _ range: Range<Int>,
        with resampler: Resampler,
        into output: inout MutableSpan<Float>
    ) -> (consumed: Int, produced: Int)? {
        try? resampler.process(samples.span.extracting(range), into: &output)
    }

    /// Makes frames wait again that were played last.
    func rewind(_ frames: Int) {
        let count = max(0, min(frames, Self.history))
        start -= count
        pending += count
    }

    /// Removes `frames` frames from `position` on.
    func remove(_ frames: Int, at position: Int) {
        guard frames > 0, position >= 0, position + frames <= pending else { return }
        samples.move(
            from: (start + position + frames) * channels,
            to: (start + position) * channels,
            count: (pending - position - frames) * channels
        )
        pending -= frames
    }

    /// Makes a hole of `frames` frames at `position`, to be written by the caller.
    func insert(_ frames: Int, at position: Int) {
        guard frames > 0, frames <= room, position >= 0, position <= pending else { return }
        makeRoom(frames)
        samples.move(
            from: (start + position) * channels,
            to: (start + position + frames) * channels,
            count: (pending - position) * channels
        )
        pending += frames
    }

    private func makeRoom(_ frames: Int) {
        guard start + pending + frames > Self.capacity else { return }
        samples.move(
            from: (start - Self.history) * channels,
            to: 0,
            count: (Self.history + pending) * channels
        )
        start = Self.history
    }
}
