/// Turns what a host pushes into samples as they are inside: 48 kHz, the channels wanted.
///
/// The result does not depend on how the host cuts its sound into chunks. Nothing allocates after `init`, except that
/// the queue written to may grow.
package final class PCMReader {
    package let format: PCMFormat
    package let channels: Int
    /// How many samples were not numbers and became silence.
    package private(set) var invalidSamples = 0

    /// How many of the host's frames are converted at once.
    private static let piece = 480

    private let resampler: Resampler?
    private var input: [Float]
    private var output: [Float]

    package init(
        _ format: PCMFormat,
        channels: Int,
        quality: Resampler.Quality = .capture
    ) throws(MediaError) {
        try format.validate()
        guard channels == 1 || channels == 2 else {
            throw MediaError(.unsupported, "\(channels) channels; 1 and 2 are possible")
        }
        self.format = format
        self.channels = channels
        input = [Float](repeating: 0, count: Self.piece * 2)
        guard format.rate != PCMFormat.internalRate else {
            resampler = nil
            output = []
            return
        }
        let resampler = try Resampler(
            channels: min(channels, format.channels),
            from: format.rate,
            to: PCMFormat.internalRate,
            quality: quality
        )
        output = [Float](repeating: 0, count: resampler.maximumOutput(for: Self.piece) * 2)
        self.resampler = resampler
    }

    /// No more frames than this come out of so many of the host's.
    package func maximumOutput(for frames: Int) -> Int {
        resampler?.maximumOutput(for: frames) ?? frames
    }

    /// Converts all whole frames of `bytes`. What the queue has no room for is lost; the result says how many frames
    /// of 48 kHz that were.
    package func read(_ bytes: RawSpan, into queue: inout PCMQueue) throws(MediaError) -> Int {
        let size = format.bytesPerFrame
        let frames = bytes.byteCount / size
        var lost = 0
        for start in stride(from: 0, to: frames, by: Self.piece) {
            let count = min(Self.piece, frames - start)
            let part = bytes.extracting((start * size)..<((start + count) * size))
            invalidSamples += format.read(part, into: &input)
            if channels < format.channels {
                ChannelMix.convert(&input, frames: count, from: format.channels, to: channels)
            }
            lost += try resample(count, into: &queue)
        }
        return lost
    }

    /// Ends the stream: what the resampler withheld comes out, and the next sample begins a new stream.
    package func flush(into queue: inout PCMQueue) throws(MediaError) -> Int {
        guard let resampler else { return 0 }
        var lost = 0
        var left = resampler.latency
        while left > 0 {
            let count = min(left, Self.piece)
            for index in 0..<(count * 2) { input[index] = 0 }
            lost += try resample(count, into: &queue)
            left -= count
        }
        resampler.reset()
        return lost
    }

    /// Takes `frames` of `input`, which are already of no more channels than wanted.
    private func resample(_ frames: Int, into queue: inout PCMQueue) throws(MediaError) -> Int {
        let narrow = min(channels, format.channels)
        guard let resampler else {
            if narrow < channels { ChannelMix.convert(&input, frames: frames, from: narrow, to: channels) }
            let wanted = frames * channels
            return (wanted - queue.append(input, count: wanted)) / channels
        }
        let made = try resampler.process(frames, of: input, into: &output)
        if narrow < channels { ChannelMix.convert(&output, frames: made, from: narrow, to: channels) }
        let wanted = made * channels
        return (wanted - queue.append(output, count: wanted)) / channels
    }
}
