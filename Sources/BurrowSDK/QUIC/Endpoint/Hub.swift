internal import BurrowBase
internal import CBurrowQUIC

/// What an endpoint and its connections share.
@safe final class Hub {
    let allocator: SliceAllocator
    var random: any RandomSource
    /// Connections that may have something to write.
    var dirty = Queue<Connection>()
    /// Connections with events.
    var active = Queue<Connection>()
    var timers = TimerHeap()
    /// By the ids we gave out, which all have eight bytes.
    var routes: [UInt64: Connection] = [:]
    /// By the ids that clients chose for their first packets.
    var initialRoutes: [ConnectionID: Connection] = [:]
    /// By the stateless reset tokens of peers.
    var resetTokens: [ConnectionID: Connection] = [:]
    var answers = Queue<Answer>()
    var qlog = Queue<QLogChunk>()
    var counters = EndpointCounters()
    /// Server connections whose handshake is not complete.
    private(set) var halfOpen = 0
    private(set) var origins = AddressTally()
    /// The time on ngtcp2's clock; never goes back.
    private(set) var now: UInt64 = 0
    /// Connections use it in place, so it lives as long as any of them.
    let secret: EndpointSecret
    /// Scatter list for one packet.
    let vectors: UnsafeMutableBufferPointer<cburrow_quic_vec>

    /// A packet that does not come from a living connection.
    struct Answer {
        var path: DatagramPath
        var bytes: [UInt8]
    }

    /// ngtcp2 gives zero a meaning of its own, so its clock starts later than ours (nanoseconds).
    private static let epoch: UInt64 = 1_000_000_000_000
    static let vectorCount = 16
    private static let answerLimit = 256

    init(allocator: SliceAllocator, random: any RandomSource, secret: EndpointSecret?) {
        self.allocator = allocator
        self.random = random
        self.secret = secret ?? EndpointSecret(&self.random)
        unsafe vectors = .allocate(capacity: Self.vectorCount)
        unsafe vectors.initialize(repeating: cburrow_quic_vec())
    }

    deinit {
        unsafe vectors.deallocate()
    }

    /// A client has begun a connection.
    func begin(_ connection: Connection) {
        halfOpen += 1
        origins.begin(connection.origin)
    }

    /// Its handshake is complete, or will never be.
    func endHandshake(_ connection: Connection) {
        halfOpen -= 1
        origins.endHandshake(connection.origin)
    }

    /// It is gone.
    func leave(_ connection: Connection) {
        origins.leave(connection.origin)
    }

    /// Moves the clock. A clock that jumps back stands still instead, because ngtcp2 counts on that.
    func advance(to instant: Instant) {
        let (product, overflow) = UInt64(clamping: instant.microseconds).multipliedReportingOverflow(by: 1000)
        let limit = UInt64(Int64.max)
        now = max(now, overflow ? limit : min(product, limit - Self.epoch) + Self.epoch)
    }

    /// The first microsecond at or after a time on ngtcp2's clock.
    static func instant(_ time: UInt64) -> Instant {
        guard time < UInt64(Int64.max) else { return .distantFuture }
        guard time > epoch else { return Instant(microseconds: 0) }
        return Instant(
            microseconds: Int64(clamping: (time - epoch) / 1000 + ((time - epoch) % 1000 == 0 ? 0 : 1))
        )
    }

    var instant: Instant { Self.instant(now) }

    func answer(_ path: DatagramPath, _ bytes: [UInt8]) {
        guard answers.count < Self.answerLimit else { return }
        answers.append(Answer(path: path, bytes: bytes))
    }

    /// Lets go of all connections.
    func dismiss() {
        dirty.removeAll()
        active.removeAll()
        while let connection = timers.first { timers.remove(connection) }
        routes = [:]
        initialRoutes = [:]
        resetTokens = [:]
    }

    /// A new id for a connection of ours.
    func makeID() -> cburrow_quic_cid {
        var id = cburrow_quic_cid()
        id.count = UInt8(CBURROW_QUIC_CID_SIZE)
        unsafe withUnsafeMutableBytes(of: &id.bytes) { (bytes) in
            unsafe random.fill(UnsafeMutableRawBufferPointer(rebasing: bytes[..<Int(CBURROW_QUIC_CID_SIZE)]))
        }
        return id
    }

    /// An id we gave out, as a key.
    static func key(_ bytes: UnsafePointer<UInt8>) -> UInt64 {
        unsafe UnsafeRawPointer(bytes).loadUnaligned(as: UInt64.self)
    }
}

extension DatagramPath {
    init(_ path: cburrow_quic_path) {
        self.init(
            socket: SocketID(rawValue: path.socket),
            local: SocketAddress(path.local),
            remote: SocketAddress(path.remote)
        )
    }

    var raw: cburrow_quic_path {
        cburrow_quic_path(local: local.raw, remote: remote.raw, socket: socket.rawValue)
    }
}

extension SocketAddress {
    init(_ address: cburrow_quic_address) {
        let ip: IP =
            address.family == 4
            ? .v4(UInt32(truncatingIfNeeded: address.low))
            : .v6(address.high, address.low, scope: address.scope)
        self.init(ip: ip, port: address.port)
    }

    var raw: cburrow_quic_address {
        switch ip {
        case .v4(let bits):
            cburrow_quic_address(high: 0, low: UInt64(bits), scope: 0, port: port, family: 4)
        case .v6(let high, let low, let scope):
            cburrow_quic_address(high: high, low: low, scope: scope, port: port, family: 6)
        }
    }
}
