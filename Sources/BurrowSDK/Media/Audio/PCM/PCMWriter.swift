/// Turns samples as they are inside, 48 kHz, into what a host pulls. The mirror of `PCMReader`.
///
///     while writer.needed(for: frames) > 0 { writer.write(as many frames as that) }
///     writer.read(into: memory)
package final class PCMWriter {
    package let format: PCMFormat
    /// Of what is written.
    package let channels: Int

    /// The most of the host's frames that can wait here.
    package static let limit = 48_000

    /// How many frames of 48 kHz are converted at once.
    private static let piece = 480

    private let resampler: Resampler?
    private var input: [Float]
    private var output: [Float]
    private var queue: PCMQueue

    package init(
        _ format: PCMFormat,
        channels: Int,
        quality: Resampler.Quality = .playout
    ) throws(MediaError) {
        try format.validate()
        guard channels == 1 || channels == 2 else {
            throw MediaError(.unsupported, "\(channels) channels; 1 and 2 are possible")
        }
        self.format = format
        self.channels = channels
        input = [Float](repeating: 0, count: Self.piece * 2)
        queue = PCMQueue(limit: Self.limit * format.channels)
        guard format.rate != PCMFormat.internalRate else {
            resampler = nil
            output = []
            return
        }
        let resampler = try Resampler(
            channels: min(channels, format.channels),
            from: PCMFormat.internalRate,
            to: format.rate,
            quality: quality
        )
        output = [Float](repeating: 0, count: resampler.maximumOutput(for: Self.piece) * 2)
        self.resampler = resampler
    }

    /// How many of the host's frames can be read at once.
    package var available: Int { queue.count / format.channels }

    /// Frames of 48 kHz that a sound is held up here before it can be read.
    package var latency: Int { resampler?.latency ?? 0 }

    /// How many frames of 48 kHz to write before `frames` of the host's can be read. After a beginning the resampler
    /// keeps some back, so ask again after writing.
    package func needed(for frames: Int) -> Int {
        let missing = min(frames, Self.limit) - available
        guard missing > 0 else { return 0 }
        return (missing * PCMFormat.internalRate + format.rate - 1) / format.rate
    }

    /// Converts all of `samples`.
    package func write(_ samples: Span<Float>) throws(MediaError) {
        let narrow = min(channels, format.channels)
        let frames = samples.count / channels
        guard available + (resampler?.maximumOutput(for: frames) ?? frames) <= Self.limit else {
            throw MediaError(.limit, "more than \(Self.limit) frames wait to be read")
        }
        for start in stride(from: 0, to: frames, by: Self.piece) {
            let count = min(Self.piece, frames - start)
            for index in 0..<(count * channels) { input[index] = samples[start * channels + index] }
            ChannelMix.convert(&input, frames: count, from: channels, to: narrow)
            guard let resampler else {
                ChannelMix.convert(&input, frames: count, from: narrow, to: format.channels)
                queue.append(input, count: count * format.channels)
                continue
            }
            let made = try resampler.process(count, of: input, into: &output)
            ChannelMix.convert(&output, frames: made, from: narrow, to: format.channels)
            queue.append(output, count: made * format.channels)
        }
    }

    /// Fills as much of `bytes` as whole frames wait; returns how many.
    package func read(into bytes: inout MutableRawSpan) -> Int {
        let frames = min(available, bytes.byteCount / format.bytesPerFrame)
        format.write(from: &queue, frames * format.channels, into: &bytes)
        return frames
    }

    /// Forgets what waits; the next sample begins a new stream.
    package func reset() {
        queue.removeAll()
        resampler?.reset()
    }
}
