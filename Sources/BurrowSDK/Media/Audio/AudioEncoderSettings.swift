/// How sound is encoded. Every member may change between two packets.
package struct AudioEncoderSettings: Equatable, Sendable {
    /// What is heard, which decides what the encoder takes care of.
    package enum Application: Equatable, Sendable {
        /// Speech: intelligible above all.
        case voice
        /// Anything else: faithful above all.
        case music
    }

    /// The length of a packet.
    package enum Duration: Int, Equatable, Sendable, CaseIterable {
        case milliseconds10 = 10
        case milliseconds20 = 20
        case milliseconds40 = 40
        case milliseconds60 = 60

        /// Samples per channel at 48 kHz.
        package var frames: Int { rawValue * 48 }
        package var microseconds: Int64 { Int64(rawValue) * 1000 }
    }

    /// What Opus encodes at all (RFC 6716 §2.1.1).
    package static let bitRates = 6_000...510_000

    /// The least `expectedLoss` with which redundancy is sent: told 5 percent or less, libopus leaves it out at usual
    /// rates rather than narrow the band.
    package static let leastLossWithFEC = 10

    package var application = Application.voice
    package var duration = Duration.milliseconds20
    /// Bits per second, kept within about a packet's time (constrained variable rate).
    package var bitRate = 32_000
    /// 0 to 10: from cheapest to best.
    package var complexity = 9
    /// Each packet also describes the one before it, as well as `expectedLoss` and the bit rate let it.
    package var usesFEC = false
    /// Percent of packets that the encoder reckons will be lost.
    package var expectedLoss = 0
    /// Silence becomes packets of one or two bytes, which need not be sent; a larger one every 400 ms keeps the
    /// listener's comfort noise up to date. Music is never taken for silence below complexity 7, nor is much noise.
    package var usesDTX = false

    package init() {}

    /// Refuses what no encoder can do.
    package func validate() throws(MediaError) {
        guard Self.bitRates.contains(bitRate) else {
            throw MediaError(.invalidArgument, "audio bit rate \(bitRate) is not in 6000...510000")
        }
        guard (0...10).contains(complexity) else {
            throw MediaError(.invalidArgument, "audio complexity \(complexity) is not in 0...10")
        }
        guard (0...100).contains(expectedLoss) else {
            throw MediaError(.invalidArgument, "expected loss \(expectedLoss) is not in 0...100 percent")
        }
    }
}
