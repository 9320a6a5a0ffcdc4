import BurrowBase

/// Where a decoder puts what it makes of one packet; reused for the next.
struct DecodedSamples {
    private(set) var samples: [Float]

    init(channels: Int) {
        samples = [Float](repeating: 0, count: MediaUnits.frames(milliseconds: 120) * channels)
    }

    /// Each returns how many frames there are now; nil when the decoder failed.
    mutating func decode(_ packet: Slice, by decoder: any AudioDecoder) -> Int? {
        var span = samples.mutableSpan
        return try? decoder.decode(packet.span, into: &span)
    }

    mutating func recover(_ frames: Int, from next: Slice, by decoder: any AudioDecoder) -> Int? {
        var span = samples.mutableSpan
        return try? decoder.recover(from: next.span, frames: frames, into: &span)
    }

    mutating func conceal(_ frames: Int, by decoder: any AudioDecoder) -> Int? {
        var span = samples.mutableSpan
        return try? decoder.conceal(frames: frames, into: &span)
    }
}
