package import BurrowBase

/// One QUIC connection: bytes and time in, datagrams and events out. Made by an `Endpoint`, which feeds it.
@safe package final class Connection {
    package enum Event {
        /// The handshake is complete. A client has authenticated the server.
        case connected(alpn: String)
        /// By the peer. Comes before the stream's first `readable`.
        case streamOpened(Stream)
        /// At most one is pending for a stream; read until `pending` or `end`.
        case readable(Stream)
        /// The peer gave up its half with this code: nothing more comes.
        case peerReset(Stream, UInt64)
        /// The peer does not want what we send; our half was reset in answer.
        case peerStopped(Stream, UInt64)
        /// Both halves are over and everything is acknowledged. The stream must not be used afterwards.
        case streamFinished(Stream)
        case datagram(Slice)
        /// `openStream` may succeed again after it returned nil.
        case creditAvailable
        /// Early data was thrown away by the server; its streams are gone without further events.
        case earlyDataRejected
        case pathChanged(DatagramPath)
        case resumptionTicket(ResumptionState)
        /// Exactly once, and last.
        case closed(QUICError)
    }

    /// The session that uses the connection; set and cleared by it.
    package var owner: AnyObject?
    package let isServer: Bool
    /// Unique within the endpoint.
    package let serial: UInt64
    /// The negotiated protocol, empty before the handshake is complete.
    package private(set) var alpn = ""
    package private(set) var path: DatagramPath

    package var remoteAddress: SocketAddress { path.remote }

    init(isServer: Bool, serial: UInt64, path: DatagramPath) {
        self.isServer = isServer
        self.serial = serial
        self.path = path
    }

    package func nextEvent() -> Event? { nil }

    /// Opens a stream, or returns nil when the peer's limit is reached; `creditAvailable` follows then.
    package func openStream(bidirectional: Bool) -> Stream? { nil }

    /// Appends to the stream's own bytes.
    package func write(_ bytes: Span<UInt8>, to stream: Stream) {}
    package func write(_ bytes: [UInt8], to stream: Stream) {}
    package func write(_ slice: Slice, to stream: Stream) {}

    /// Nothing more is written to the stream.
    package func finish(_ stream: Stream) {}

    /// Sends what a shared log holds and will hold from `cursor` on, after what was written before. The stream ends
    /// the way the log ends.
    package func attach(_ log: ByteLog, at cursor: ByteLog.Cursor, bare: Bool, to stream: Stream) {}

    /// The stream's shared log grew or ended.
    package func wake(_ stream: Stream) {}
    package func setPriority(_ stream: Stream, _ priority: SendPriority) {}

    /// Abandons the sending half.
    package func reset(_ stream: Stream, code: UInt64) {}
    /// Abandons the receiving half.
    package func stopReading(_ stream: Stream, code: UInt64) {}

    package func read(_ stream: Stream) -> ReadResult { .pending }

    /// Queues a datagram. False when the peer takes none, it is too large, or too many wait.
    package func sendDatagram(_ parts: [Slice]) -> Bool { false }
    package func sendDatagram(_ head: Slice, _ body: Slice) -> Bool { false }
    package func sendDatagram(_ payload: Slice) -> Bool { false }
    /// The largest datagram `sendDatagram` takes now.
    package var maxDatagramPayload: Int { 0 }

    package func close(code: UInt64, reason: String) {}
    /// Client: the network changed, go on from another socket.
    package func migrate(to path: DatagramPath, now: Instant) {}
    package var statistics: ConnectionStatistics { ConnectionStatistics() }
}
