import BurrowBase
import BurrowMedia

/// A decoder of sound that knows how long it took.
final class MeteredDecoder: AudioDecoder {
    private let decoder: OpusDecoder
    private(set) var time = Interval.zero
    private(set) var longest = Interval.zero

    init(channels: Int) throws(MediaError) {
        decoder = try OpusDecoder(channels: channels)
    }

    var channels: Int { decoder.channels }

    func decode(_ packet: Span<UInt8>, into samples: inout MutableSpan<Float>) throws(MediaError) -> Int {
        let begin = SystemCall.now()
        defer { passed(since: begin) }
        return try decoder.decode(packet, into: &samples)
    }

    func recover(
        from next: Span<UInt8>,
        frames: Int,
        into samples: inout MutableSpan<Float>
    ) throws(MediaError) -> Int {
        let begin = SystemCall.now()
        defer { passed(since: begin) }
        return try decoder.recover(from: next, frames: frames, into: &samples)
    }

    func conceal(frames: Int, into samples: inout MutableSpan<Float>) throws(MediaError) -> Int {
        let begin = SystemCall.now()
        defer { passed(since: begin) }
        return try decoder.conceal(frames: frames, into: &samples)
    }

    func carriesRedundancy(_ packet: Span<UInt8>) -> Bool { decoder.carriesRedundancy(packet) }

    func frames(in packet: Span<UInt8>) -> Int? { decoder.frames(in: packet) }

    func reset() { decoder.reset() }

    private func passed(since begin: Instant) {
        let passed = SystemCall.now() - begin
        time = time + passed
        longest = max(longest, passed)
    }
}
