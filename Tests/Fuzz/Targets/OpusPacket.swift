import BurrowMedia
import FuzzHarness

/// A stream of packets of a peer, some of them lost. Whatever they are, what comes out is sound within full scale.
enum OpusPacketTarget: FuzzTarget {
    static func run() {
        fuzz { (input) in
            var choices = Choices(input)
            let channels = 1 + choices.byte() % 2
            guard let decoder = try? OpusDecoder(channels: channels) else {
                preconditionFailure("no decoder")
            }
            var samples = [Float](repeating: 0, count: OpusDecoder.longestPacket * channels)
            var steps = 0
            while !choices.rest.isEmpty, steps < 100 {
                steps += 1
                samples.withContents { step(&choices, decoder, &$0) }
            }
        }
    }

    private static func step(
        _ choices: inout Choices,
        _ decoder: OpusDecoder,
        _ samples: inout MutableSpan<Float>
    ) {
        let choice = choices.byte()
        switch choice % 8 {
        case 0:
            decoder.reset()
        case 1:
            let frames = choices.byte() * 30
            let made = try? decoder.conceal(frames: frames, into: &samples)
            require(made == nil || made == frames, "\(frames) frames concealed by \(made ?? 0)")
            check(samples, made, decoder)
        case 2:
            let packet = choices.bytes(choices.byte() * 4 + choices.byte())
            let frames = 120 * (1 + choices.byte() % 48)
            let made = try? decoder.recover(from: packet.span, frames: frames, into: &samples)
            require(made == nil || made == frames, "\(frames) frames recovered by \(made ?? 0)")
            check(samples, made, decoder)
        default:
            let packet = choices.bytes(choices.byte() * 4 + choices.byte())
            let frames = decoder.frames(in: packet.span)
            _ = decoder.carriesRedundancy(packet.span)
            let made = try? decoder.decode(packet.span, into: &samples)
            require(
                made == nil || made == frames,
                "a packet of \(frames ?? 0) frames decodes to \(made ?? 0)"
            )
            check(samples, made, decoder)
        }
    }

    private static func check(_ samples: borrowing MutableSpan<Float>, _ frames: Int?, _ decoder: OpusDecoder)
    {
        for index in 0..<((frames ?? 0) * decoder.channels) {
            require(samples[index].magnitude <= 1, "a sample of \(samples[index])")
        }
    }
}

extension [Float] {
    fileprivate mutating func withContents(_ body: (inout MutableSpan<Float>) -> Void) {
        var span = mutableSpan
        body(&span)
    }
}
