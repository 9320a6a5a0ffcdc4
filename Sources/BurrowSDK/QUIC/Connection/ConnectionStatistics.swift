package import BurrowBase

/// A snapshot of how a connection is doing.
package struct ConnectionStatistics: Equatable, Sendable {
    package var rtt = Interval.zero
    /// Of the packet that was acknowledged last, with the time its receiver took to answer.
    package var latestRTT = Interval.zero
    package var minimumRTT = Interval.zero
    package var rttVariation = Interval.zero
    package var congestionWindow: UInt64 = 0
    package var bytesInFlight: UInt64 = 0
    /// Bytes of media that wait to be written for the first time.
    package var waitingBytes: UInt64 = 0
    /// Bytes in a second, as the congestion controller sees them; zero when it does not know.
    package var deliveryRate: UInt64 = 0
    package var sentBytes: UInt64 = 0
    package var sentPackets: UInt64 = 0
    package var receivedBytes: UInt64 = 0
    package var receivedPackets: UInt64 = 0
    /// Packets whose stream data had to be sent again.
    package var lostPackets: UInt64 = 0
    /// Packets that were sent again before they could be known to be lost; counted nowhere else.
    package var repeatedPackets: UInt64 = 0
    package var repeatedBytes: UInt64 = 0
    package var probeTimeouts: UInt64 = 0
    /// Largest UDP payload in use.
    package var mtu = 0
    /// Unidirectional streams of the peer that ngtcp2 keeps for good, because it could not be told that they are over.
    package var unrecognisedStreams: UInt64 = 0

    package init() {}
}
