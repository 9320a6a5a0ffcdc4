/// Sums what participants say, in mono or stereo, and keeps the sum within -1...1.
///
/// Allocates nothing after its creation. A mix is at most 60 ms long.
package struct Mixer {
    package static let longest = MediaUnits.frames(milliseconds: 60)

    package let channels: Int
    private var sum: [Float]
    private var frames = 0
    private var limiter: SoftLimiter

    package init(channels: Int) {
        self.channels = channels == 2 ? 2 : 1
        sum = [Float](repeating: 0, count: Self.longest * self.channels)
        limiter = SoftLimiter(channels: self.channels)
    }

    /// Begins a mix of `frames` frames; what is more than `longest` is left out.
    package mutating func begin(frames: Int) {
        self.frames = max(0, min(frames, Self.longest))
        sum.zero(from: 0, count: self.frames * channels)
    }

    /// Adds one participant's sound, which has one or two channels. Stereo becomes mono by the mean of its channels,
    /// mono stereo by being the same on both.
    package mutating func add(_ samples: Span<Float>, channels its: Int, gain: inout MixerGain) {
        let its = its == 2 ? 2 : 1
        let count = min(frames, samples.count / its)
        guard count > 0, gain.current > 0 || gain.target > 0 else { return }
        var level = gain.current
        let step = (gain.target - gain.current) / Float(count)
        gain.current = gain.target
        var index = 0
        while index < count {
            switch (its, channels) {
            case (1, 1):
                sum[index] += samples[index] * level
            case (2, 2):
                sum[2 * index] += samples[2 * index] * level
                sum[2 * index + 1] += samples[2 * index + 1] * level
            case (1, _):
                let value = samples[index] * level
                sum[2 * index] += value
                sum[2 * index + 1] += value
            default:
                sum[index] += (samples[2 * index] + samples[2 * index + 1]) * (0.5 * level)
            }
            level += step
            index += 1
        }
    }

    /// Ends the mix and writes it; returns the frames written.
    package mutating func finish(into output: inout MutableSpan<Float>) -> Int {
        let count = min(frames, output.count / channels)
        limiter.limit(&sum, frames: count)
        sum.copyOut(from: 0, count: count * channels, into: &output, at: 0)
        frames = 0
        return count
    }
}
