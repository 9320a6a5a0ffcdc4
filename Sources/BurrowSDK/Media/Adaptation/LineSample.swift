package import BurrowBase

/// What a connection says about itself at one moment. Counters begin with the connection.
package struct LineSample: Equatable, Sendable {
    package var time: Instant
    package var sentBytes: UInt64 = 0
    package var sentPackets: UInt64 = 0
    /// Packets whose bytes had to be sent again.
    package var lostPackets: UInt64 = 0
    package var bytesInFlight: UInt64 = 0
    /// Bytes of media that wait for their turn on our side.
    package var waitingBytes: UInt64 = 0
    /// Of the packet that was acknowledged last; zero before there was one.
    package var latestRTT = Interval.zero

    package init(time: Instant) {
        self.time = time
    }
}

/// How a line did in the quarter of a second before a moment.
package struct LineReport: Equatable, Sendable {
    package var time: Instant
    /// Bits a second that were sent, and that arrived.
    package var sent = 0
    package var delivered = 0
    /// The shortest round trip of the last seconds; zero when none is known.
    package var base = Interval.zero
    /// By how much no round trip was shorter than `base`: a queue that stands in front of the line.
    package var standing = Interval.zero
    /// How long overdue the oldest is that was not answered yet, beyond the time in which loss is noticed on a line without
    /// queue; and how many bytes went out together with it.
    package var overdue = Interval.zero
    package var overdueBytes = 0
    /// How many bytes went out together and were answered, on average, each byte counted.
    package var burst = 0
    /// The most bits a second that any of them shows the line to carry: what goes out together comes through one after the
    /// other, so its last answer takes as much longer as the line needs for it. Anything else only takes longer yet.
    package var shown = 0
    /// Bytes that wait for their turn on our side: now, and at the quietest moment.
    package var waiting = 0
    package var leastWaiting = 0
    /// Packets sent since the last report, and the part of them that had to be sent again, 0 to 1.
    package var packets = 0
    package var loss = 0.0

    package init(time: Instant) {
        self.time = time
    }
}
