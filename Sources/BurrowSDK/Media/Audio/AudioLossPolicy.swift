package import BurrowBase

/// Decides what an audio track does about loss: first more rate, then redundancy in it.
///
/// Forward error correction of Opus takes its bits from the sound it protects. Below 32 kbit/s it costs the upper
/// half of the spectrum, below 20 it is not even tried by the encoder, so rate is asked for first. It also costs
/// the listener one packet of delay; so it ends when the network has been clean for a while.
package struct AudioLossPolicy {
    /// What the encoder is to be told.
    package struct Decision: Equatable, Sendable {
        package var bitRate: Int
        package var usesFEC: Bool
        /// Percent.
        package var expectedLoss: Int

        package init(bitRate: Int, usesFEC: Bool, expectedLoss: Int) {
            self.bitRate = bitRate
            self.usesFEC = usesFEC
            self.expectedLoss = expectedLoss
        }

        /// The same settings with this decision in them.
        package func applied(to settings: AudioEncoderSettings) -> AudioEncoderSettings {
            var result = settings
            result.bitRate = bitRate
            result.usesFEC = usesFEC
            result.expectedLoss = expectedLoss
            return result
        }
    }

    private enum Phase: Equatable {
        case clean
        /// The rate was asked for; redundancy follows with the next report that still says so.
        case raising
        /// Since when loss has been as good as gone, if it is.
        case protecting(cleanSince: Instant?)
    }

    /// Percent from which on redundancy pays, and below which a network is clean.
    private static let onset = 3.0
    private static let cleared = 1.0
    /// Percent from which on it pays even at a rate that is short.
    private static let onsetWhenShort = 8.0
    /// Bits per second a channel at which redundancy costs nothing audible, and below which there is none.
    private static let sufficient = 32_000
    private static let least = 20_000
    /// Percent. Beyond it more of the rate for redundancy helps no more.
    private static let mostExpected = 25
    private static let calm = Interval.seconds(10)
    private static let timeConstant = 2.0

    /// Percent, smoothed over about two seconds.
    package private(set) var loss = 0.0
    private let channels: Int
    private var phase = Phase.clean
    private var last: Instant?

    package init(channels: Int) {
        self.channels = max(channels, 1)
    }

    /// Takes a report and says what to do until the next.
    ///
    /// `lost` is the part of packets lost or too late since the last report, from 0 to 1; what is not a number
    /// counts as 0. `wanted` is the bit rate that the track has when nothing is wrong, `available` the most that
    /// the network can spare for it.
    package mutating func report(lost: Double, wanted: Int, available: Int, now: Instant) -> Decision {
        smooth(lost, now)
        let sufficient = max(wanted, Self.sufficient * channels)
        let protected = min(sufficient, max(available, 0))
        advance(isShort: protected < Self.sufficient * channels, now)
        // Too little for redundancy to be possible at all: all of it for the sound.
        let isPossible = protected >= Self.least * channels
        let plain = min(wanted, max(available, 0))
        switch phase {
        case .clean: return decision(plain, false)
        case .raising: return decision(isPossible ? protected : plain, false)
        case .protecting: return decision(isPossible ? protected : plain, isPossible)
        }
    }

    private mutating func advance(isShort: Bool, _ now: Instant) {
        let onset = isShort ? Self.onsetWhenShort : Self.onset
        switch phase {
        case .clean: if loss >= onset { phase = .raising }
        case .raising: phase = loss >= onset ? .protecting(cleanSince: nil) : .clean
        case .protecting(let since):
            guard loss < Self.cleared else {
                phase = .protecting(cleanSince: nil)
                return
            }
            let start = since ?? now
            phase = now - start >= Self.calm ? .clean : .protecting(cleanSince: start)
        }
    }

    private func decision(_ bitRate: Int, _ usesFEC: Bool) -> Decision {
        let rates = AudioEncoderSettings.bitRates
        let rate = min(max(bitRate, rates.lowerBound), rates.upperBound)
        guard usesFEC else { return Decision(bitRate: rate, usesFEC: false, expectedLoss: 0) }
        let expected = min(max(Int(loss.rounded()), AudioEncoderSettings.leastLossWithFEC), Self.mostExpected)
        return Decision(bitRate: rate, usesFEC: true, expectedLoss: expected)
    }

    /// The longer a report speaks for, the more it counts.
    private mutating func smooth(_ lost: Double, _ now: Instant) {
        let percent = lost.isFinite ? min(max(lost, 0), 1) * 100 : 0
        // The first report is taken to speak for half a second.
        let seconds = last.map { Double(max((now - $0).microseconds, 0)) / 1e6 } ?? 0.5
        last = now
        let weight = seconds / (seconds + Self.timeConstant)
        loss += (percent - loss) * weight
    }
}
