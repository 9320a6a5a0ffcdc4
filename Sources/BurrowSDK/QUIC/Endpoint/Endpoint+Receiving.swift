package import BurrowBase
internal import CBurrowQUIC

extension Endpoint {
    /// Takes one datagram. The buffer is not kept.
    package func receive(
        _ datagram: UnsafeMutableRawBufferPointer,
        path: DatagramPath,
        ecn: ECN,
        now: Instant
    ) {
        hub.advance(to: now)
        let bytes = UnsafeRawBufferPointer(datagram)
        var header = unsafe cburrow_quic_header()
        guard let start = unsafe bytes.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return }
        let decoded = unsafe cburrow_quic_decode_header(start, bytes.count, &header)
        guard decoded != CBURROW_QUIC_FAILED else {
            hub.counters.dropped += 1
            return
        }
        if let connection = unsafe route(header) {
            unsafe deliver(bytes, to: connection, path: path, ecn: ecn)
        } else if decoded == CBURROW_QUIC_VERSION {
            unsafe negotiateVersion(header, path: path)
        } else if unsafe header.is_long != 0 {
            unsafe accept(bytes, path: path, ecn: ecn)
        } else if let connection = unsafe resetConnection(bytes) {
            unsafe deliver(bytes, to: connection, path: path, ecn: ecn)
        } else {
            unsafe reset(header, size: bytes.count, path: path)
        }
    }

    private func route(_ header: cburrow_quic_header) -> Connection? {
        guard let dcid = unsafe header.dcid else { return nil }
        if unsafe header.dcid_count == Int(CBURROW_QUIC_CID_SIZE),
            let connection = unsafe hub.routes[Hub.key(dcid)]
        {
            return connection
        }
        guard unsafe header.is_long != 0, !hub.initialRoutes.isEmpty,
            unsafe header.dcid_count <= Int(CBURROW_QUIC_CID_MAX)
        else { return nil }
        let id = unsafe ConnectionID(UnsafeRawBufferPointer(start: dcid, count: header.dcid_count))
        return hub.initialRoutes[id]
    }

    private func deliver(
        _ bytes: UnsafeRawBufferPointer,
        to connection: Connection,
        path: DatagramPath,
        ecn: ECN
    ) {
        unsafe connection.receive(bytes, path: path, ecn: ecn)
        if connection.phase == .gone { release(connection) }
    }

    /// The connection whose peer says by its reset token that it has forgotten it (RFC 9000 §10.3.1).
    private func resetConnection(_ bytes: UnsafeRawBufferPointer) -> Connection? {
        let size = Int(CBURROW_QUIC_RESET_TOKEN_SIZE)
        guard !hub.resetTokens.isEmpty, bytes.count >= size + 5 else { return nil }
        let token = unsafe UnsafeRawBufferPointer(rebasing: bytes[(bytes.count - size)...])
        return unsafe hub.resetTokens[ConnectionID(token)]
    }

    private func negotiateVersion(_ header: cburrow_quic_header, path: DatagramPath) {
        guard tls != nil, answerBudget.take(acceptLimits.answersPerSecond, now: hub.now) else {
            hub.counters.dropped += 1
            return
        }
        let header = unsafe header
        let random = UInt8(truncatingIfNeeded: hub.random.next())
        if unsafe answer(path, { unsafe cburrow_quic_write_version_negotiation($0, $1, random, [header]) }) {
            hub.counters.versionNegotiationsSent += 1
        }
    }

    /// Tells the sender of a packet for nobody that its connection is gone. Always shorter than what it answers, so
    /// that two endpoints cannot go on for ever (RFC 9000 §10.3.3).
    private func reset(_ header: cburrow_quic_header, size: Int, path: DatagramPath) {
        let token = Int(CBURROW_QUIC_RESET_TOKEN_SIZE)
        guard size > token + 6, answerBudget.take(acceptLimits.answersPerSecond, now: hub.now) else {
            hub.counters.dropped += 1
            return
        }
        var random = [UInt8](repeating: 0, count: min(size - token - 1, 40))
        unsafe random.withUnsafeMutableBytes { unsafe hub.random.fill($0) }
        let header = unsafe header
        let sent = unsafe answer(path) {
            unsafe cburrow_quic_write_stateless_reset(
                $0,
                $1,
                hub.secret.start,
                [header],
                random,
                random.count
            )
        }
        if sent { hub.counters.resetsSent += 1 }
    }

    /// Queues a packet that `write` produces.
    private func answer(
        _ path: DatagramPath,
        _ write: (UnsafeMutablePointer<UInt8>, Int) -> Int
    ) -> Bool {
        var size = 0
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: 1200) { (buffer, count) in
            guard let start = buffer.baseAddress else { return }
            size = unsafe write(start, buffer.count)
            count = max(size, 0)
        }
        guard size > 0 else { return false }
        hub.answer(path, bytes)
        return true
    }

    /// A packet that may begin a connection.
    private func accept(_ bytes: UnsafeRawBufferPointer, path: DatagramPath, ecn: ECN) {
        var initial = unsafe cburrow_quic_initial()
        let start = unsafe bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
        guard let tls, !alpn.isEmpty, hub.halfOpen < acceptLimits.handshakes,
            unsafe cburrow_quic_accept(start, bytes.count, &initial) == CBURROW_QUIC_OK
        else {
            hub.counters.dropped += 1
            return
        }
        var remote = path.remote.raw
        var original = cburrow_quic_cid()
        let token = unsafe cburrow_quic_check_token(&initial, &remote, hub.secret.start, hub.now, &original)
        guard connections < acceptLimits.connections, token >= 0 else {
            unsafe refuse(initial, path: path, invalidToken: token < 0)
            return
        }
        let origin = hub.origins[AddressOrigin(path.remote.ip)]
        // Who only pretends to have an address gets no further than the first of these numbers, so nobody can use up the
        // others for somebody else.
        let mustProve =
            acceptLimits.alwaysRetry || hub.halfOpen >= acceptLimits.handshakesBeforeRetry
            || origin.handshakes >= acceptLimits.handshakesBeforeRetryPerAddress
        guard origin.connections < acceptLimits.mostPerAddress,
            token == 0 && mustProve || origin.handshakes < acceptLimits.handshakesPerAddress
        else {
            hub.counters.crowded += 1
            unsafe refuse(initial, path: path, invalidToken: false)
            return
        }
        if token == 0, mustProve {
            unsafe retry(initial, path: path)
            return
        }
        unsafe begin(bytes, initial, original, isProven: token > 0, tls: tls, path: path, ecn: ecn)
    }

    private func refuse(_ initial: cburrow_quic_initial, path: DatagramPath, invalidToken: Bool) {
        guard answerBudget.take(acceptLimits.answersPerSecond, now: hub.now) else {
            hub.counters.dropped += 1
            return
        }
        let sent = unsafe answer(path) {
            unsafe cburrow_quic_write_refusal($0, $1, [initial], invalidToken ? 1 : 0)
        }
        if sent { hub.counters.refused += 1 }
    }

    private func retry(_ initial: cburrow_quic_initial, path: DatagramPath) {
        let id = hub.makeID()
        let sent = unsafe answer(path) {
            unsafe cburrow_quic_write_retry(
                $0,
                $1,
                [initial],
                [id],
                [path.remote.raw],
                hub.secret.start,
                hub.now
            )
        }
        if sent { hub.counters.retriesSent += 1 }
    }

    private func begin(
        _ bytes: UnsafeRawBufferPointer,
        _ initial: cburrow_quic_initial,
        _ original: cburrow_quic_cid,
        isProven: Bool,
        tls: TLSContext,
        path: DatagramPath,
        ecn: ECN
    ) {
        let connection = makeConnection(settings, tls, isServer: true, path)
        hub.begin(connection)
        var server = unsafe cburrow_quic_server()
        unsafe server.initial = initial
        unsafe server.scid = hub.makeID()
        unsafe server.original_dcid = original
        unsafe server.validated = isProven ? 1 : 0
        var raw = settings.raw(hub.now)
        var rawPath = path.raw
        var events = Connection.callbacks()
        let user = unsafe Unmanaged.passUnretained(connection).toOpaque()
        let id = unsafe withUnsafeBytes(of: server.scid.bytes) {
            unsafe $0.loadUnaligned(as: UInt64.self)
        }
        unsafe connection.handle = alpn.withUnsafeBufferPointer { (names) in
            let alpn = unsafe cburrow_quic_alpn(bytes: names.baseAddress, count: names.count)
            return unsafe cburrow_quic_server_new(
                tls.handle,
                &server,
                alpn,
                &rawPath,
                &raw,
                hub.secret.start,
                &events,
                user
            )
        }
        guard unsafe connection.handle != nil else {
            connection.vanish()
            release(connection)
            hub.counters.dropped += 1
            return
        }
        connection.addID(id)
        let dcid = unsafe initial.dcid
        let first = unsafe withUnsafeBytes(of: dcid.bytes) {
            unsafe ConnectionID(UnsafeRawBufferPointer(rebasing: $0[..<Int(dcid.count)]))
        }
        connection.initialID = first
        hub.initialRoutes[first] = connection
        hub.counters.accepted += 1
        unsafe deliver(bytes, to: connection, path: path, ecn: ecn)
    }

    /// A connection left.
    func release(_ connection: Connection) {
        connections -= 1
        if connection.isServer { hub.leave(connection) }
    }
}

/// How many packets an endpoint sends in a second to those it does not know.
struct AnswerBudget {
    private var windowStart: UInt64 = 0
    private var used = 0

    mutating func take(_ limit: Int, now: UInt64) -> Bool {
        if now - min(windowStart, now) >= 1_000_000_000 {
            windowStart = now
            used = 0
        }
        guard used < limit else { return false }
        used += 1
        return true
    }
}
