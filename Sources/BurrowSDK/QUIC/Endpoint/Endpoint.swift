package import BurrowBase
internal import CBurrowQUIC

/// Many connections behind given UDP sockets: accepts clients, opens connections, routes datagrams. Sans I/O.
@safe package final class Endpoint {
    package var acceptLimits = AcceptLimits()
    package let settings: TransportSettings
    package var counters: EndpointCounters { hub.counters }
    /// How many connections there are, those that are ending included.
    package var connectionCount: Int { connections }

    let hub: Hub
    let tls: TLSContext?
    let alpn: [UInt8]
    var connections = 0
    private var nextSerial: UInt64 = 1
    var answerBudget = AnswerBudget()

    /// `tls` and `alpn` make the endpoint accept connections; without a server context it only connects.
    ///
    /// With the same `secret` as before a restart, peers of the connections that were lost learn so at
    /// once, and address tokens stay good.
    package init(
        settings: TransportSettings,
        tls: TLSContext?,
        alpn: [String],
        allocator: SliceAllocator,
        random: any RandomSource,
        secret: EndpointSecret? = nil
    ) {
        self.settings = settings
        self.tls = tls
        self.alpn = Self.encode(alpn) ?? []
        hub = Hub(allocator: allocator, random: random, secret: secret)
    }

    deinit {
        // Connections refer to the hub and the hub to them.
        hub.dismiss()
    }

    /// Begins a connection. `host` is the name to present and to verify; nil when the server is known by its
    /// address, which its certificate must then contain.
    package func connect(
        to host: String?,
        path: DatagramPath,
        alpn: [String],
        tls: TLSContext,
        settings: TransportSettings,
        resumption: ResumptionState?,
        now: Instant
    ) throws(QUICError) -> Connection {
        guard !tls.isServer else {
            throw QUICError(.invalidConfiguration, "a client needs credentials of a client")
        }
        guard var names = Self.encode(alpn), !names.isEmpty else {
            throw QUICError(.invalidConfiguration, "the list of application protocols is empty or wrong")
        }
        let host = host.map { String($0.prefix { $0 != "%" }) }
        let address = "\(path.remote.ip)".prefix { $0 != "%" }
        let verifyName = host ?? String(address)
        guard verifyName.utf8.count < 256, !verifyName.isEmpty, !verifyName.utf8.contains(0) else {
            throw QUICError(.invalidConfiguration, "the host name is empty or too long")
        }
        hub.advance(to: now)
        let connection = makeConnection(settings, tls, isServer: false, path)
        var resumption = resumption
        var raw = settings.raw(hub.now)
        if let state = resumption, settings.earlyData {
            // Early data is written for one protocol, so that is the only one to offer.
            if alpn.contains(state.alpn), let one = Self.encode([state.alpn]) {
                names = one
            } else {
                resumption?.transportParameters = []
            }
        }
        let wasEarly = begin(connection, names, verifyName, host != nil, resumption, &raw)
        guard unsafe connection.handle != nil else {
            connections -= 1
            throw QUICError(.invalidConfiguration, "a connection to \(verifyName) cannot be begun")
        }
        if wasEarly, let resumption {
            connection.triesEarlyData = true
            connection.earlyALPN = resumption.alpn
            connection.alpn = resumption.alpn
        }
        connection.markDirty()
        return connection
    }

    private func begin(
        _ connection: Connection,
        _ names: [UInt8],
        _ verifyName: String,
        _ presentsName: Bool,
        _ resumption: ResumptionState?,
        _ settings: inout cburrow_quic_settings
    ) -> Bool {
        var path = connection.path.raw
        var events = Connection.callbacks()
        var wasEarly: Int32 = 0
        let user = unsafe Unmanaged.passUnretained(connection).toOpaque()
        var client = unsafe cburrow_quic_client()
        unsafe client.dcid = hub.makeID()
        unsafe client.scid = hub.makeID()
        let id = unsafe withUnsafeBytes(of: client.scid.bytes) {
            unsafe $0.loadUnaligned(as: UInt64.self)
        }
        let ticket = resumption?.ticket ?? []
        let parameters = resumption?.transportParameters ?? []
        let token = resumption?.addressToken ?? []
        let handle = unsafe verifyName.withCString { (name) -> OpaquePointer? in
            unsafe ticket.withUnsafeBufferPointer { (ticket) -> OpaquePointer? in
                unsafe parameters.withUnsafeBufferPointer { (parameters) -> OpaquePointer? in
                    unsafe token.withUnsafeBufferPointer { (token) -> OpaquePointer? in
                        unsafe names.withUnsafeBufferPointer { (names) -> OpaquePointer? in
                            unsafe client.verify_name = name
                            unsafe client.server_name =
                                presentsName && !Self.isAddress(verifyName) ? name : nil
                            unsafe client.ticket = ticket.baseAddress
                            unsafe client.ticket_count = ticket.count
                            unsafe client.early_parameters = parameters.baseAddress
                            unsafe client.early_parameters_count = parameters.count
                            unsafe client.address_token = token.baseAddress
                            unsafe client.address_token_count = token.count
                            let alpn = unsafe cburrow_quic_alpn(bytes: names.baseAddress, count: names.count)
                            return unsafe cburrow_quic_client_new(
                                connection.tls.handle,
                                &client,
                                alpn,
                                &path,
                                &settings,
                                hub.secret.start,
                                &events,
                                user,
                                &wasEarly
                            )
                        }
                    }
                }
            }
        }
        unsafe connection.handle = handle
        if unsafe handle != nil { connection.addID(id) }
        return wasEarly != 0
    }

    func makeConnection(
        _ settings: TransportSettings,
        _ tls: TLSContext,
        isServer: Bool,
        _ path: DatagramPath
    ) -> Connection {
        defer { nextSerial += 1 }
        connections += 1
        return Connection(
            hub: hub,
            settings: settings,
            tls: tls,
            isServer: isServer,
            serial: nextSerial,
            path: path
        )
    }

    /// Names behind length bytes, or nil when one cannot be written so.
    private static func encode(_ names: [String]) -> [UInt8]? {
        var result: [UInt8] = []
        guard names.count <= 16 else { return nil }
        for name in names {
            guard (1...255).contains(name.utf8.count) else { return nil }
            result.append(UInt8(truncatingIfNeeded: name.utf8.count))
            result.append(contentsOf: name.utf8)
        }
        return result
    }

    /// Addresses are not presented as server names (RFC 6066 §3).
    private static func isAddress(_ host: String) -> Bool {
        host.utf8.contains(UInt8(ascii: ":"))
            || host.utf8.allSatisfy {
                $0 == UInt8(ascii: ".") || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
            }
    }
}

extension TransportSettings {
    private func nanoseconds(_ interval: Interval) -> UInt64 {
        min(UInt64(clamping: interval.microseconds), 1 << 50) * 1000
    }

    /// In nanoseconds.
    var rawKeepAlive: UInt64 { nanoseconds(keepAlive) }

    /// As the shim takes them. Everything is brought into the range ngtcp2 accepts.
    func raw(_ now: UInt64) -> cburrow_quic_settings {
        func count(_ value: Int) -> UInt64 { min(UInt64(clamping: value), Varint.max) }
        var raw = cburrow_quic_settings()
        raw.now = now
        raw.idle_timeout = nanoseconds(idleTimeout)
        raw.keep_alive = rawKeepAlive
        raw.handshake_timeout =
            handshakeTimeout > .zero ? nanoseconds(handshakeTimeout) : UInt64.max
        raw.initial_rtt = max(nanoseconds(initialRTT), 1_000_000)
        raw.connection_window = count(connectionWindow)
        raw.connection_window_limit = count(connectionWindowLimit)
        raw.stream_window = count(streamWindow)
        raw.stream_window_limit = count(streamWindowLimit)
        raw.bidirectional_streams = min(count(bidirectionalStreams), 1 << 60)
        raw.unidirectional_streams = min(count(unidirectionalStreams), 1 << 60)
        raw.datagram_frame_size = count(datagramFrameSize)
        switch congestionControl {
        case .cubic: raw.congestion_control = Int32(CBURROW_QUIC_CUBIC)
        case .bbr: raw.congestion_control = Int32(CBURROW_QUIC_BBR)
        case .bbr2: raw.congestion_control = Int32(CBURROW_QUIC_BBR2)
        }
        raw.path_mtu_discovery = pathMTUDiscovery ? 1 : 0
        raw.early_data = earlyData ? 1 : 0
        raw.qlog = qlog ? 1 : 0
        raw.unrecognised = unrecognised.rawValue
        return raw
    }
}
