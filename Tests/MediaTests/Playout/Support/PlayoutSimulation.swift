import BurrowBase
import BurrowMedia

/// One sender, one network, one listener who pulls at a steady pace, on a virtual clock.
struct PlayoutSimulation {
    struct Report {
        /// Delay over the fastest packet possible, once a pull, in milliseconds; from `measureFrom` on.
        var delays: [Double] = []
        /// Stretches of a millisecond or more of exact zeros after sound began.
        var zeroGaps = 0
        var statistics = AudioPlayoutStatistics()
        var packetsLost = 0
        var packetsSent = 0

        var meanDelay: Double { delays.reduce(0, +) / Double(max(1, delays.count)) }
        /// Packets not there when they were needed, of those that arrived at all.
        var lateShare: Double { Double(statistics.packetsLate) / Double(max(1, packetsSent)) }
        var stretchedShare: Double { Double(statistics.stretches) / Double(max(1, packetsSent)) }
        /// Time filled with something else than what was sent, as a share of all, less what the network lost.
        var concealedShare: Double {
            let packets = Double(statistics.framesConcealed + statistics.framesNoise) / 960
            return (packets - Double(packetsLost)) / Double(max(1, packetsSent))
        }
        var summary: String {
            "delay \(meanDelay) ms, late \(lateShare), concealed \(concealedShare), stretched \(stretchedShare)"
        }
    }

    static let latency: Int64 = 30_000
    static let epoch: Int64 = 5_000_000_000

    var playout: AudioPlayout
    let voice = Voice()
    var pullFrames = 480
    /// How much faster than the sender's clock the listener's runs, in parts per million.
    var drift = 0.0
    var redundant = false
    /// Where the sender's clock stands when the listener's says `epoch`.
    var mediaEpoch: Int64 = 77_000_000_123
    var packetFrames = 960
    /// Changes the packet of a number before it is inserted; nil takes it out.
    var alter: (Int, Slice, Int64) -> (Slice, Int64)? = { ($1, $2) }

    init(options: PlayoutOptions = PlayoutOptions(), packetFrames: Int = 960) {
        self.packetFrames = packetFrames
        playout = AudioPlayout(decoder: PlainDecoder(packetFrames: packetFrames), options: options)
    }

    /// Runs a trace to its end. `observe` sees every pull: time since the beginning, samples and flags.
    mutating func run(
        _ trace: Trace,
        observe: (Int64, [Float], PullFlags) -> Void = { (_, _, _) in }
    ) -> Report {
        var report = Report()
        var output = [Float](repeating: 0, count: pullFrames)
        var next = 0
        var pulls: Int64 = 0
        var zeros = 0
        var sounding = false
        let length = Int64(packetFrames) * 125 / 6
        let end = Int64(trace.delays.count) * length
        report.packetsSent = trace.delays.count
        report.packetsLost = trace.delays.count { $0 == nil }
        while true {
            let time = Int64(Double(pulls * Int64(pullFrames) * 125 / 6) * (1 - drift * 1e-6)) + 3_000
            guard time < end else { break }
            while next < trace.delays.count {
                let sent = Int64(next) * length
                if let delay = trace.delays[next] {
                    let arrival = sent + delay + Self.latency
                    guard arrival <= time else { break }
                    let payload = voice.packet(next, frames: packetFrames, redundant: redundant)
                    if let (payload, timestamp) = alter(next, payload, mediaEpoch + sent) {
                        playout.insert(
                            payload,
                            timestamp: timestamp,
                            arrival: Instant(microseconds: Self.epoch + arrival)
                        )
                    }
                }
                next += 1
            }
            var span = output.mutableSpan
            let flags = playout.pull(
                into: &span,
                frames: pullFrames,
                now: Instant(microseconds: Self.epoch + time)
            )
            observe(time, output, flags)
            if let offset = playout.clockOffset?.microseconds {
                report.delays.append(Double(offset - (Self.epoch - mediaEpoch) - Self.latency) / 1000)
            }
            var index = 0
            while index < pullFrames {
                if output[index] == 0 { zeros += 1 } else { zeros = 0; sounding = true }
                if sounding, zeros == 6 { report.zeroGaps += 1 }
                index += 8
            }
            pulls += 1
        }
        report.statistics = playout.statistics
        return report
    }
}
