package import BurrowBase

/// A UDP datagram in the simulated network.
package struct SimulatedDatagram: Equatable, Sendable {
    /// As the receiver sees it: behind a translator not the sender's own address.
    package var source: SocketAddress
    package var destination: SocketAddress
    package var bytes: [UInt8]
    /// The ECN bits of the IP header (RFC 3168 §5): 0 not capable, 1 and 2 capable, 3 congestion experienced.
    package var ecn: UInt8

    package init(source: SocketAddress, destination: SocketAddress, bytes: [UInt8], ecn: UInt8 = 0) {
        self.source = source
        self.destination = destination
        self.bytes = bytes
        self.ecn = ecn
    }

    /// Bytes on the link, IP and UDP headers included.
    var wireByteCount: Int { bytes.count + (destination.isIPv6 ? 48 : 28) }
}
