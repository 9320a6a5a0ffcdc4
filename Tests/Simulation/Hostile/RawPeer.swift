package import BurrowBase
package import BurrowQUIC

/// A machine that speaks QUIC properly and says on it whatever a test wants: the other end for attacks on nodes.
package final class RawPeer {
    package let name: String
    package let endpoint: Endpoint
    package let ip: SocketAddress.IP
    let host: SimulatedNetwork.HostID
    /// In the order they came.
    package private(set) var connections: [RawConnection] = []
    /// The datagrams that were sent, newest last, when `recordsDatagrams` is set.
    package internal(set) var sent: [SimulatedDatagram] = []
    package var recordsDatagrams = false
    /// Called with each connection that clients open to this machine.
    package var accepted: (RawConnection) -> Void = { _ in }
    /// What newly accepted connections do, see `RawConnection.reads`.
    package var reads = true
    private var nextPort: UInt16 = 20_000
    /// As of its last turn.
    var deadline = Instant.distantFuture

    /// With credentials it is a server as well.
    init(
        name: String,
        host: SimulatedNetwork.HostID,
        ip: SocketAddress.IP,
        seed: UInt64,
        settings: TransportSettings,
        tls: TLSContext?,
        alpn: [String]
    ) {
        self.name = name
        self.host = host
        self.ip = ip
        endpoint = Endpoint(
            settings: settings,
            tls: tls,
            alpn: alpn,
            allocator: SliceAllocator(),
            random: SeededRandom(seed: seed)
        )
    }

    /// Opens a connection from a port of its own.
    package func connect(
        to remote: SocketAddress,
        alpn: [String],
        settings: TransportSettings = TransportSettings(),
        now: Instant
    ) throws(QUICError) -> RawConnection {
        let local = SocketAddress(ip: ip, port: nextPort)
        nextPort &+= 1
        let connection = try endpoint.connect(
            to: nil,
            path: DatagramPath(socket: SocketID(rawValue: 1), local: local, remote: remote),
            alpn: alpn,
            tls: try Self.trust(),
            settings: settings,
            resumption: nil,
            now: now
        )
        return adopt(connection)
    }

    private static func trust() throws(QUICError) -> TLSContext {
        try TLSContext.client(trust: .init(systemRoots: false, pinsSHA256: [SimulatedIdentity.fingerprint]))
    }

    private func adopt(_ connection: Connection) -> RawConnection {
        let raw = RawConnection(connection)
        raw.reads = reads
        connection.owner = raw
        connections.append(raw)
        return raw
    }

    func receive(_ bytes: [UInt8], path: DatagramPath, ecn: ECN, now: Instant) {
        var bytes = bytes
        unsafe bytes.withUnsafeMutableBytes { unsafe endpoint.receive($0, path: path, ecn: ecn, now: now) }
    }

    /// Reads what its connections have to say.
    func process() {
        while let connection = endpoint.nextActive() {
            if let raw = connection.owner as? RawConnection {
                raw.process()
            } else {
                let raw = adopt(connection)
                accepted(raw)
                raw.process()
            }
        }
    }

    /// Lets go of connections that are over, for long runs.
    package func forgetClosed() {
        connections.removeAll { $0.closed != nil }
    }
}

/// One connection of a `RawPeer`, with everything the other side did on it.
package final class RawConnection {
    package let connection: Connection
    package private(set) var isConnected = false
    package private(set) var closed: QUICError?
    /// Streams of either side that still exist.
    package private(set) var streams: [Stream] = []
    /// What was read, by the stream's number.
    package private(set) var received: [Int64: [UInt8]] = [:]
    package private(set) var ended: Set<Int64> = []
    /// The codes of RESET_STREAM and STOP_SENDING, by the stream's number.
    package private(set) var resets: [Int64: UInt64] = [:]
    package private(set) var stops: [Int64: UInt64] = [:]
    package private(set) var datagrams: [[UInt8]] = []
    package private(set) var openedByPeer: [Int64] = []
    /// Whether streams are read as they become readable, and whether what is read is kept.
    package var reads = true
    package var keeps = true
    /// Called after each event that is not `closed`.
    package var reacts: (RawConnection, Connection.Event) -> Void = { _, _ in }

    init(_ connection: Connection) {
        self.connection = connection
    }

    func process() {
        while let event = connection.nextEvent() {
            switch event {
            case .connected: isConnected = true
            case .streamOpened(let stream):
                streams.append(stream)
                openedByPeer.append(stream.id)
            case .readable(let stream): if reads { read(stream) }
            case .peerReset(let stream, let code): resets[stream.id] = code
            case .peerStopped(let stream, let code): stops[stream.id] = code
            case .streamFinished(let stream): streams.removeAll { $0 === stream }
            case .datagram(let slice): datagrams.append([UInt8](slice))
            case .creditAvailable, .earlyDataRejected, .pathChanged, .resumptionTicket: break
            case .closed(let error):
                closed = error
                streams.removeAll()
                connection.owner = nil
                return
            }
            reacts(self, event)
        }
    }

    /// Takes what has arrived on a stream.
    package func read(_ stream: Stream) {
        let id = stream.id
        while true {
            switch connection.read(stream) {
            case .bytes(let slice): if keeps { received[id, default: []] += [UInt8](slice) }
            case .pending: return
            case .end:
                ended.insert(id)
                return
            }
        }
    }

    /// Reads everything that was left unread so far, and what comes from now on.
    package func startReading() {
        reads = true
        for stream in streams { read(stream) }
    }

    /// Opens a stream and says something on it; `nil` when the other side allows no more.
    @discardableResult
    package func open(bidirectional: Bool, _ bytes: [UInt8] = [], finish: Bool = false) -> Stream? {
        guard let stream = connection.openStream(bidirectional: bidirectional) else { return nil }
        streams.append(stream)
        send(bytes, on: stream, finish: finish)
        return stream
    }

    package func send(_ bytes: [UInt8], on stream: Stream, finish: Bool = false) {
        connection.write(bytes, to: stream)
        if finish { connection.finish(stream) }
    }

    package func stream(_ id: Int64) -> Stream? { streams.first { $0.id == id } }
}
