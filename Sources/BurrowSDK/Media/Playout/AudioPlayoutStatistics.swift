package import BurrowBase

/// What became of one participant's packets. Counts of frames are samples per channel at 48 kHz.
package struct AudioPlayoutStatistics: Equatable, Sendable {
    package var packetsReceived = 0
    package var packetsDuplicate = 0
    /// Came when something else had been played already, or while the listener was waiting for it.
    package var packetsLate = 0
    /// Late ones that could no longer be used.
    package var packetsDiscarded = 0
    /// The oldest, given up because nobody pulled.
    package var packetsOverflowed = 0
    package var packetsCorrupt = 0
    package var restarts = 0

    package var framesPulled = 0
    package var framesDecoded = 0
    /// Lost, and taken from the redundancy of the next packet.
    package var framesRecovered = 0
    /// Invented from what came before.
    package var framesConcealed = 0
    /// Filled with background noise because nothing came for longer.
    package var framesNoise = 0
    package var concealmentEvents = 0
    /// Removed and added to follow the delay.
    package var framesRemoved = 0
    package var framesInserted = 0
    package var stretches = 0
    /// Given up to catch up with the sender.
    package var framesSkipped = 0

    /// What the playout aims for, over the fastest recent packet.
    package var target = Interval.zero
    /// The delay of what is being played, over the fastest recent packet.
    package var delay = Interval.zero
    /// Sound that waits, decoded or not.
    package var level = Interval.zero
    package var jitter = Interval.zero
    /// How much faster than its clock says the sender's samples arrive here, in parts per million.
    package var drift = 0

    package init() {}
}

/// What one pull was filled with.
package struct PullFlags: OptionSet, Equatable, Sendable {
    package let rawValue: UInt8

    package init(rawValue: UInt8) { self.rawValue = rawValue }

    /// At least a part was invented because packets were missing.
    package static let concealed = PullFlags(rawValue: 1)
    /// All of it is silence or comfort noise: the sender says nothing.
    package static let silent = PullFlags(rawValue: 2)
}
