import BurrowBase
import BurrowQUIC
import Glibc

/// One side of a test: an endpoint, and a session that reads whatever comes.
final class Peer {
    let endpoint: Endpoint
    var connections: [Connection] = []
    /// What was read, by connection and stream.
    var bytes: [UInt64: [Int64: [UInt8]]] = [:]
    var ended: [UInt64: Set<Int64>] = [:]
    var opened: [Stream] = []
    var finishedStreams = 0
    var resets: [UInt64] = []
    var stops: [UInt64] = []
    var datagrams: [[UInt8]] = []
    var connected: [String] = []
    var closed: [QUICError] = []
    var paths: [DatagramPath] = []
    var tickets: [ResumptionState] = []
    var credits = 0
    var rejections = 0
    /// Whether streams are read as they become readable.
    var reads = true
    /// Whether what is read is kept.
    var keeps = true
    var bytesRead = 0
    var onEvent: ((Connection, Connection.Event) -> Void)?

    init(endpoint: Endpoint) {
        self.endpoint = endpoint
    }

    func process() {
        while let connection = endpoint.nextActive() {
            if !connections.contains(where: { $0 === connection }) { connections.append(connection) }
            while let event = connection.nextEvent() {
                handle(event, connection)
                onEvent?(connection, event)
            }
        }
    }

    private func handle(_ event: Connection.Event, _ connection: Connection) {
        switch event {
        case .connected(let alpn): connected.append(alpn)
        case .streamOpened(let stream): opened.append(stream)
        case .readable(let stream): if reads { drain(stream, connection) }
        case .peerReset(_, let code): resets.append(code)
        case .peerStopped(_, let code): stops.append(code)
        case .streamFinished(let stream):
            finishedStreams += 1
            opened.removeAll { $0 === stream }
        case .datagram(let slice): datagrams.append([UInt8](slice))
        case .creditAvailable: credits += 1
        case .earlyDataRejected: rejections += 1
        case .pathChanged(let path): paths.append(path)
        case .resumptionTicket(let state): tickets.append(state)
        case .closed(let error): closed.append(error)
        }
    }

    func drain(_ stream: Stream, _ connection: Connection) {
        while true {
            switch connection.read(stream) {
            case .bytes(let slice):
                bytesRead += slice.count
                if keeps { bytes[connection.serial, default: [:]][stream.id, default: []] += [UInt8](slice) }
            case .end:
                ended[connection.serial, default: []].insert(stream.id)
                return
            case .pending:
                return
            }
        }
    }
}

/// Two peers, a wire with a delay, and a clock that stands still between packets.
final class World {
    struct Packet {
        var time: Instant
        var toServer: Bool
        var path: DatagramPath
        var ecn: ECN
        var bytes: [UInt8]
    }

    static let clientAddress = SocketAddress(ip: .v4(0x0a00_0001), port: 5000)
    static let serverAddress = SocketAddress(ip: .v4(0x0a00_0009), port: 443)
    static let start = Instant(microseconds: 5_000_000)

    var now = World.start
    var client: Peer
    var server: Peer
    var serverTLS: TLSContext
    var settings: TransportSettings
    var delay = Interval.milliseconds(10)
    /// The client's address as the server sees it; a change is what a NAT does when it forgets.
    var natPort: UInt16 = 5000
    var loss = 0.0
    /// Decides about each packet; may change it. False drops it.
    var filter: ((inout Packet) -> Bool)?
    /// In order of sending; all travel for the same time.
    var wire: [Packet] = []
    private var wireHead = 0
    var random = SeededRandom(seed: 7)
    var packets = 0
    var batch = DatagramBatch()
    var largestRun = 0

    static let clientPath = DatagramPath(
        socket: SocketID(rawValue: 1),
        local: clientAddress,
        remote: serverAddress
    )

    init(
        settings: TransportSettings = TransportSettings(),
        serverALPN: [String] = ["test"],
        tls: TLSContext? = nil,
        acceptLimits: AcceptLimits = AcceptLimits(),
        seed: UInt64 = 1
    ) throws {
        self.settings = settings
        let serverTLS = try tls ?? Credentials.plain()
        self.serverTLS = serverTLS
        server = Peer(
            endpoint: Endpoint(
                settings: settings,
                tls: serverTLS,
                alpn: serverALPN,
                allocator: SliceAllocator(),
                random: SeededRandom(seed: seed)
            )
        )
        server.endpoint.acceptLimits = acceptLimits
        client = Peer(
            endpoint: Endpoint(
                settings: settings,
                tls: nil,
                alpn: [],
                allocator: SliceAllocator(),
                random: SeededRandom(seed: seed &+ 1000)
            )
        )
        random = SeededRandom(seed: seed &+ 2000)
    }

    func connect(
        to host: String? = "localhost",
        trust: TLSContext.ClientTrust? = nil,
        alpn: [String] = ["test"],
        settings: TransportSettings? = nil,
        resumption: ResumptionState? = nil,
        path: DatagramPath = World.clientPath
    ) throws -> Connection {
        let trust =
            trust ?? TLSContext.ClientTrust(systemRoots: false, pinsSHA256: [serverTLS.leafFingerprint])
        return try client.endpoint.connect(
            to: host,
            path: path,
            alpn: alpn,
            tls: try TLSContext.client(trust: trust),
            settings: settings ?? self.settings,
            resumption: resumption,
            now: now
        )
    }

    /// Runs until `done`, or until `limit` has passed on the virtual clock. Says whether it was done.
    @discardableResult
    func run(for limit: Interval = .seconds(20), until done: () -> Bool = { false }) -> Bool {
        let end = now + limit
        while true {
            step()
            if done() { return true }
            let next = min(nextArrival, client.endpoint.deadline, server.endpoint.deadline)
            guard next <= end else {
                now = end
                return false
            }
            now = max(now, next)
        }
    }

    private var nextArrival: Instant { wireHead < wire.count ? wire[wireHead].time : .distantFuture }

    private func step() {
        while wireHead < wire.count, wire[wireHead].time <= now {
            deliver(wire[wireHead])
            wire[wireHead].bytes = []
            wireHead += 1
        }
        if wireHead > 4096 {
            wire.removeFirst(wireHead)
            wireHead = 0
        }
        client.endpoint.handleTimeouts(now: now)
        server.endpoint.handleTimeouts(now: now)
        client.process()
        server.process()
        send(client.endpoint, fromClient: true)
        send(server.endpoint, fromClient: false)
    }

    private func deliver(_ packet: Packet) {
        var bytes = packet.bytes
        unsafe bytes.withUnsafeMutableBytes {
            let endpoint = packet.toServer ? server.endpoint : client.endpoint
            unsafe endpoint.receive($0, path: packet.path, ecn: packet.ecn, now: now)
        }
    }

    private func send(_ endpoint: Endpoint, fromClient: Bool) {
        while true {
            let done = endpoint.flush(into: &batch, now: now)
            for entry in batch.entries { transmit(entry, fromClient: fromClient) }
            batch.removeAll()
            if done { return }
        }
    }

    private func transmit(_ entry: DatagramBatch.Entry, fromClient: Bool) {
        largestRun = max(largestRun, entry.packetCount)
        let all = unsafe [UInt8](batch.bytes(of: entry))
        var at = 0
        while at < all.count {
            let size = min(entry.segmentSize, all.count - at)
            var path = entry.path
            // The wire turns the path round, and the NAT the client's port.
            swap(&path.local, &path.remote)
            if fromClient {
                if natPort != 5000 { path.remote.port = natPort }
            } else if natPort != 5000, path.local.port == natPort {
                path.local.port = World.clientAddress.port
            }
            path.socket = SocketID(rawValue: fromClient ? 9 : 1)
            var packet = Packet(
                time: now + delay,
                toServer: fromClient,
                path: path,
                ecn: entry.ecn,
                bytes: Array(all[at..<(at + size)])
            )
            at += size
            packets += 1
            if loss > 0, Double(random.next() >> 11) / Double(1 << 53) < loss { continue }
            if let filter, !filter(&packet) { continue }
            wire.append(packet)
        }
    }
}

/// Certificates for tests.
enum Credentials {
    static let unixTime: Int64 = {
        var now = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &now)
        return Int64(now.tv_sec)
    }()

    static func plain() throws -> TLSContext {
        try TLSContext.selfSigned(hostNames: ["localhost", "10.0.0.9"], unixTime: unixTime)
    }

    static func authority(_ name: String = "test authority") throws -> GeneratedCertificate {
        var request = CertificateRequest(
            hostNames: [name],
            notBefore: unixTime - 1000 * 86400,
            notAfter: unixTime + 86400
        )
        request.isAuthority = true
        return try GeneratedCertificate.make(request, issuer: nil)
    }

    static func issued(
        by authority: GeneratedCertificate,
        for names: [String],
        from notBefore: Int64 = unixTime - 3600,
        to notAfter: Int64 = unixTime + 3600
    ) throws -> TLSContext {
        let request = CertificateRequest(hostNames: names, notBefore: notBefore, notAfter: notAfter)
        let made = try GeneratedCertificate.make(request, issuer: authority)
        return try TLSContext.server(certificatePEM: made.certificatePEM, keyPEM: made.keyPEM)
    }
}
