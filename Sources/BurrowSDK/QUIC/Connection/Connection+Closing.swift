internal import BurrowBase
internal import CBurrowQUIC

extension Connection {
    /// Acts on a result of ngtcp2 that is not success.
    func fail(_ result: Int32) {
        guard phase == .open, let handle = unsafe handle else {
            // The close that was wanted cannot be written any more.
            if case .closeRequested = phase { vanish() }
            return
        }
        switch Int(result) {
        case Int(CBURROW_QUIC_DRAINING):
            unsafe end(peerError(handle), phase: .draining)
        case Int(CBURROW_QUIC_CLOSING):
            end(QUICError(.internalError, "connection is already closing"), phase: .draining)
        case Int(CBURROW_QUIC_IDLE):
            end(QUICError(.idleTimeout, "nothing was heard from \(path.remote)"), phase: .gone)
        case Int(CBURROW_QUIC_HANDSHAKE_TIMEOUT):
            end(QUICError(.handshakeTimeout, "\(path.remote) did not complete the handshake"), phase: .gone)
        case Int(CBURROW_QUIC_VERSION):
            end(QUICError(.versionNegotiation, "\(path.remote) does not speak QUIC version 1"), phase: .gone)
        case Int(CBURROW_QUIC_DROP), Int(CBURROW_QUIC_RETRY):
            end(QUICError(.handshakeFailed, "the first packet said nothing"), phase: .gone)
        case Int(CBURROW_QUIC_CRYPTO):
            unsafe requestClose(cryptoError(handle))
        case Int(CBURROW_QUIC_NO_PATH):
            requestClose(QUICError(.noViablePath, "no path to \(path.remote) works"))
        default:
            unsafe requestClose(localError(handle))
        }
    }

    /// Acts on what a callback found.
    func settlePendingFailure() {
        guard let failure = pendingFailure else { return }
        pendingFailure = nil
        requestClose(failure)
    }

    /// Ends the connection with CONNECTION_CLOSE for the last error.
    func requestClose(_ error: QUICError) {
        guard phase == .open else { return }
        phase = .closeRequested(code: nil, reason: [])
        emit(.closed(error))
        markDirty()
    }

    private func end(_ error: QUICError, phase next: Phase) {
        guard phase == .open else { return }
        emit(.closed(error))
        if next == .gone {
            vanish()
        } else {
            linger(next)
        }
    }

    /// Stays for three probe timeouts so that late packets find someone (RFC 9000 §10.2).
    func linger(_ next: Phase) {
        guard let handle = unsafe handle else { return }
        phase = next
        let pto = unsafe cburrow_quic_pto(handle)
        deathTime = hub.now + min(pto, 1_000_000_000) * 3
        forgetStreams()
        hub.timers.set(self, Hub.instant(deathTime))
    }

    /// Leaves the endpoint. The object lives on while somebody holds it, and does nothing.
    func vanish() {
        guard phase != .gone else { return }
        phase = .gone
        if isServer, !isEstablished { hub.endHandshake(self) }
        forgetStreams()
        hub.timers.remove(self)
        for id in ids { hub.routes[id] = nil }
        for token in resetTokens { hub.resetTokens[token] = nil }
        if let initialID { hub.initialRoutes[initialID] = nil }
        ids = []
        resetTokens = []
        initialID = nil
        closePacket = []
        if let gone = unsafe handle {
            tally = statistics
            unsafe handle = nil
            unsafe cburrow_quic_free(gone)
        }
    }

    /// Lets go of everything that waits to be sent.
    private func forgetStreams() {
        scheduler.removeAll()
        datagrams.removeAll()
    }

    private func peerError(_ handle: OpaquePointer) -> QUICError {
        if sawStatelessReset {
            return QUICError(.statelessReset, "\(path.remote) knows nothing of the connection any more")
        }
        var code: UInt64 = 0
        var bytes: UnsafePointer<UInt8>?
        var count = 0
        let kind = unsafe cburrow_quic_peer_close(handle, &code, &bytes, &count)
        let reason = unsafe String(decoding: UnsafeBufferPointer(start: bytes, count: count), as: UTF8.self)
        let said = reason.isEmpty ? "" : ": \(reason)"
        guard Int(kind) == Int(CBURROW_QUIC_CLOSE_TRANSPORT) else {
            return QUICError(.application(code), reason)
        }
        switch code {
        case 0x02:
            return QUICError(.refused, "\(path.remote) refused the connection\(said)")
        case 0x178:
            return QUICError(.noCommonProtocol, "\(path.remote) speaks none of the offered protocols")
        case 0x100...0x1ff:
            let name = Self.alertName(UInt8(truncatingIfNeeded: code))
            return QUICError(.transport(code), "\(path.remote) ended the handshake: \(name)\(said)")
        default:
            let number = String(code, radix: 16)
            return QUICError(
                .transport(code),
                "\(path.remote) closed with transport error 0x\(number)\(said)"
            )
        }
    }

    private func cryptoError(_ handle: OpaquePointer) -> QUICError {
        let text = unsafe String(cString: cburrow_quic_verify_text(handle))
        let verdict = Int(unsafe cburrow_quic_verify_result(handle))
        if let error = QUICError(verdict: verdict, text) { return error }
        let alert = unsafe cburrow_quic_alert(handle)
        if alert == 120 { return QUICError(.noCommonProtocol, "no common application protocol") }
        return QUICError(.handshakeFailed, "handshake with \(path.remote) failed: \(Self.alertName(alert))")
    }

    private func localError(_ handle: OpaquePointer) -> QUICError {
        let code = unsafe cburrow_quic_error_code(handle)
        let text = unsafe String(cString: cburrow_quic_error_text(handle))
        if code <= 1 { return QUICError(.internalError, text) }
        return QUICError(.transport(code), "\(path.remote) broke the protocol: \(text)")
    }

    private static func alertName(_ alert: UInt8) -> String {
        guard let name = unsafe cburrow_quic_alert_name(alert) else { return "alert \(alert)" }
        return unsafe String(cString: name).lowercased()
    }
}
