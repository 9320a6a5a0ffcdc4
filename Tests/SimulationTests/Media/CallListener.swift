import BurrowBase
import BurrowMedia
import BurrowSimulation

/// Plays what arrived of a simulated call, as a host that pulls every 10 ms.
struct CallListener {
    struct Pull {
        /// Seconds since the call began.
        var time: Double
        /// From the end of a packet's recording to its being heard, in milliseconds; nil before anything was.
        var delay: Double?
        var isConcealed: Bool
        /// Something that was recorded is heard, not silence.
        var isFresh: Bool
    }

    private(set) var pulls: [Pull] = []
    private(set) var statistics = AudioPlayoutStatistics()

    init(_ frames: [SimulatedFrame], from begin: Instant, seconds: Int64) {
        let playout = AudioPlayout(decoder: ToneDecoder())
        var samples = [Float](repeating: 0, count: 480)
        let frames = frames.sorted { $0.time < $1.time }
        var next = 0
        for index in 0..<(seconds * 100) {
            let now = begin + .microseconds(index * 10_000 + 3_700)
            while next < frames.count, frames[next].time <= now {
                let frame = frames[next]
                playout.insert(
                    Slice(copying: frame.payload.span),
                    timestamp: frame.timestamp,
                    arrival: frame.time
                )
                next += 1
            }
            var span = samples.mutableSpan
            let flags = playout.pull(into: &span, frames: 480, now: now)
            pulls.append(
                Pull(
                    time: Double((now - begin).microseconds) / 1e6,
                    delay: playout.clockOffset.map { Double($0.microseconds) / 1000 },
                    isConcealed: flags.contains(.concealed),
                    isFresh: !flags.contains(.silent) && !flags.contains(.concealed)
                )
            )
        }
        statistics = playout.statistics
    }

    func some(_ from: Double, _ until: Double) -> [Pull] { pulls.filter { (from..<until).contains($0.time) } }

    func medianDelay(_ from: Double, _ until: Double) -> Double {
        let sorted = some(from, until).compactMap(\.delay).sorted()
        return sorted.isEmpty ? .infinity : sorted[sorted.count / 2]
    }

    func worstDelay(_ from: Double, _ until: Double) -> Double {
        some(from, until).compactMap(\.delay).max() ?? .infinity
    }

    /// The share of pulls with something invented in them.
    func concealed(_ from: Double, _ until: Double) -> Double {
        let some = some(from, until)
        return Double(some.count { $0.isConcealed }) / Double(max(some.count, 1))
    }
}

/// Packets are the numbers of packets; the fifth byte says whether there is redundancy.
private final class ToneDecoder: AudioDecoder {
    let channels = 1

    func decode(_ packet: Span<UInt8>, into samples: inout MutableSpan<Float>) throws(MediaError) -> Int {
        try conceal(frames: 960, into: &samples)
    }

    func recover(
        from next: Span<UInt8>,
        frames: Int,
        into samples: inout MutableSpan<Float>
    ) throws(MediaError) -> Int {
        try conceal(frames: frames, into: &samples)
    }

    /// A period of 5 ms, which every packet begins with.
    func conceal(frames: Int, into samples: inout MutableSpan<Float>) throws(MediaError) -> Int {
        guard frames <= samples.count else { throw MediaError(.invalidArgument, "too many frames") }
        for index in 0..<frames { samples[index] = Float(index % 240) / 480 - 0.25 }
        return frames
    }

    func carriesRedundancy(_ packet: Span<UInt8>) -> Bool { packet.count > 4 && packet[4] == 1 }

    func frames(in packet: Span<UInt8>) -> Int? { packet.count > 4 ? 960 : nil }

    func reset() {}
}
