package import BurrowBase

package enum CongestionControl: Sendable {
    case cubic, bbr, bbr2
}

/// What a connection tells its peer and how it behaves (RFC 9000 §18.2; values as recommended for moq-lite).
package struct TransportSettings: Sendable {
    /// The smaller of both sides' values holds.
    package var idleTimeout = Interval.seconds(15)
    /// Something is sent after this much silence; zero for never.
    package var keepAlive = Interval.microseconds(4_500_000)
    package var handshakeTimeout = Interval.seconds(10)

    /// Flow control credit for the whole connection, at first and when it has grown with use.
    package var connectionWindow = 16 * 1024 * 1024
    package var connectionWindowLimit = 64 * 1024 * 1024
    /// Flow control credit for one stream, at first and when it has grown with use.
    package var streamWindow = 1_250_000
    package var streamWindowLimit = 16 * 1024 * 1024
    /// How many streams of the peer may be open at a time.
    package var bidirectionalStreams = 1024
    package var unidirectionalStreams = 4096

    /// The largest datagram frame we take; zero for none.
    package var datagramFrameSize = 65535
    /// How many datagrams wait to be sent before `sendDatagram` refuses.
    package var datagramQueueLimit = 256

    /// BBR2 by measurement: at 5 % loss CUBIC delays video by a second and gives up a tenth of it.
    package var congestionControl = CongestionControl.bbr2
    /// Whether small messages are sent more than once while packets are lost, so that they need not wait for a round trip.
    package var repeatsOnLoss = true
    package var initialRTT = Interval.milliseconds(100)
    /// Whether larger packets than 1200 bytes are tried.
    package var pathMTUDiscovery = true
    /// Whether streams opened before the handshake completes are sent at once when a ticket allows it. The server
    /// may see such bytes twice, so only what is safe to replay may be written then.
    package var earlyData = false
    /// Whether connections write qlog, to be fetched with `Endpoint.nextQLog`.
    package var qlog = false
    /// What of ngtcp2's memory is not recognised, as it may be with another build of it. For tests: both cost memory,
    /// and nothing else.
    package var unrecognised: Unrecognised = []

    package struct Unrecognised: OptionSet, Sendable {
        package let rawValue: Int32

        package init(rawValue: Int32) { self.rawValue = rawValue }

        package static let pools = Unrecognised(rawValue: 1)
        package static let streams = Unrecognised(rawValue: 2)
    }

    package init() {}
}

/// How an endpoint treats clients it does not know yet.
package struct AcceptLimits: Sendable {
    package var connections = 10_000
    /// From one IPv4 address or one /64 of IPv6; nil for a quarter of all, and at least 256, because many people can sit
    /// behind one address. More are refused.
    package var connectionsPerAddress: Int?
    /// With more unfinished handshakes than this, a client must prove its address first (RFC 9000 §8.1.2).
    package var handshakesBeforeRetry = 100
    /// The same for those from one address, and the number above which clients from there are refused.
    package var handshakesBeforeRetryPerAddress = 64
    package var handshakesPerAddress = 500
    /// Every client must prove its address.
    package var alwaysRetry = false
    /// Unfinished handshakes above which new clients are dropped without an answer.
    package var handshakes = 2_000
    /// Stateless resets, version negotiations and refusals sent in a second.
    package var answersPerSecond = 200

    package init() {}

    var mostPerAddress: Int { connectionsPerAddress ?? max(connections / 4, 256) }
}

/// What an endpoint did with datagrams that belong to no connection.
package struct EndpointCounters: Equatable, Sendable {
    package var accepted: UInt64 = 0
    package var refused: UInt64 = 0
    /// Clients that were not let in because too many others had come from their address.
    package var crowded: UInt64 = 0
    package var retriesSent: UInt64 = 0
    package var versionNegotiationsSent: UInt64 = 0
    package var resetsSent: UInt64 = 0
    package var dropped: UInt64 = 0

    package init() {}
}

/// A piece of a connection's qlog, in the order it was written.
package struct QLogChunk: Equatable, Sendable {
    /// `Connection.serial` of the connection it belongs to.
    package var connection: UInt64
    package var isServer: Bool
    package var bytes: [UInt8]
    package var isLast: Bool
}
