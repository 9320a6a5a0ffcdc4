internal import BurrowBase
internal import CBurrowQUIC

private func connection(at user: UnsafeMutableRawPointer?) -> Connection? {
    guard let user = unsafe user else { return nil }
    return unsafe Unmanaged<Connection>.fromOpaque(user).takeUnretainedValue()
}

private func stream(at stream: UnsafeMutableRawPointer?) -> Stream? {
    guard let stream = unsafe stream else { return nil }
    return unsafe Unmanaged<Stream>.fromOpaque(stream).takeUnretainedValue()
}

/// The C functions ngtcp2's shim calls. `user` is the connection, `stream` one of its streams; both are kept alive
/// by the connection and the endpoint for as long as ngtcp2 can call.
extension Connection {
    static func callbacks() -> cburrow_quic_events {
        var table = cburrow_quic_events()
        addStreamCallbacks(&table)
        addConnectionCallbacks(&table)
        addIDCallbacks(&table)
        return table
    }

    private static func addStreamCallbacks(_ table: inout cburrow_quic_events) {
        unsafe table.stream_opened = { (user, id) in
            guard let stream = unsafe connection(at: user)?.transportOpenedStream(id) else { return nil }
            return unsafe Unmanaged.passUnretained(stream).toOpaque()
        }
        unsafe table.stream_data = { (user, pointer, fin, data, count) in
            guard let connection = unsafe connection(at: user), let stream = unsafe stream(at: pointer) else {
                return
            }
            unsafe connection.transportReceived(
                UnsafeRawBufferPointer(start: data, count: count),
                isLast: fin != 0,
                on: stream
            )
        }
        unsafe table.stream_acked = { (_, pointer, offset) in
            unsafe stream(at: pointer)?.acknowledged(upTo: offset)
        }
        unsafe table.stream_credit = { (user, pointer) in
            guard let connection = unsafe connection(at: user), let stream = unsafe stream(at: pointer) else {
                return
            }
            connection.transportCredited(stream)
        }
        unsafe table.stream_reset = { (user, pointer, code) in
            guard let connection = unsafe connection(at: user), let stream = unsafe stream(at: pointer) else {
                return
            }
            connection.transportReset(stream, code: code)
        }
        unsafe table.stream_closed = { (user, pointer, hasCode, code, losses) in
            guard let connection = unsafe connection(at: user), let stream = unsafe stream(at: pointer) else {
                return
            }
            connection.transportClosed(stream, code: hasCode != 0 ? code : nil, losses: losses)
        }
        unsafe table.streams_available = { unsafe connection(at: $0)?.transportAddedStreams() }
    }

    private static func addConnectionCallbacks(_ table: inout cburrow_quic_events) {
        unsafe table.datagram = { (user, data, count) in
            unsafe connection(at: user)?.transportReceivedDatagram(
                UnsafeRawBufferPointer(start: data, count: count)
            )
        }
        unsafe table.handshake_completed = { unsafe connection(at: $0)?.transportCompletedHandshake() }
        unsafe table.early_established = { unsafe connection(at: $0)?.transportEstablishedEarly() }
        unsafe table.early_rejected = { unsafe connection(at: $0)?.transportRejectedEarlyData() }
        unsafe table.stateless_reset = { unsafe connection(at: $0)?.sawStatelessReset = true }
        unsafe table.path_validated = { unsafe connection(at: $0)?.transportValidatedPath($1 != 0) }
        unsafe table.ticket = { (user, data, count) in
            unsafe connection(at: user)?.transportGotTicket(UnsafeRawBufferPointer(start: data, count: count))
        }
        unsafe table.address_token = { (user, data, count) in
            unsafe connection(at: user)?.transportGotAddressToken(
                UnsafeRawBufferPointer(start: data, count: count)
            )
        }
        unsafe table.random = { (user, data, count) in
            unsafe connection(at: user)?.hub.random.fill(
                UnsafeMutableRawBufferPointer(start: data, count: count)
            )
        }
        unsafe table.qlog = { (user, data, count, last) in
            guard let connection = unsafe connection(at: user) else { return }
            let bytes = unsafe Array(
                UnsafeBufferPointer(start: data, count: count)
            )
            connection.hub.qlog.append(
                QLogChunk(
                    connection: connection.serial,
                    isServer: connection.isServer,
                    bytes: bytes,
                    isLast: last != 0
                )
            )
        }
    }

    private static func addIDCallbacks(_ table: inout cburrow_quic_events) {
        unsafe table.cid_added = { (user, id) in
            guard let id = unsafe id else { return }
            unsafe connection(at: user)?.addID(Hub.key(id))
        }
        unsafe table.cid_retired = { (user, id) in
            guard let id = unsafe id else { return }
            unsafe connection(at: user)?.removeID(Hub.key(id))
        }
        unsafe table.reset_token = { (user, token, active) in
            let bytes = unsafe UnsafeRawBufferPointer(start: token, count: Int(CBURROW_QUIC_RESET_TOKEN_SIZE))
            unsafe connection(at: user)?.setResetToken(ConnectionID(bytes), isActive: active != 0)
        }
    }

    func addID(_ id: UInt64) {
        ids.append(id)
        hub.routes[id] = self
    }

    private func removeID(_ id: UInt64) {
        ids.removeAll { $0 == id }
        hub.routes[id] = nil
    }

    private func setResetToken(_ token: ConnectionID, isActive: Bool) {
        if isActive {
            resetTokens.append(token)
            hub.resetTokens[token] = self
        } else {
            resetTokens.removeAll { $0 == token }
            hub.resetTokens[token] = nil
        }
    }
}
