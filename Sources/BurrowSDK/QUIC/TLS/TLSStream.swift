internal import CBurrowQUIC

/// The client's side of TLS over a byte stream without its socket: what the peer sent goes in, what it says comes out,
/// and the other way round. Trust is that of its `TLSContext`, as for QUIC.
@safe package final class TLSStream {
    package enum State: Equatable, Sendable {
        case handshaking
        case open
        /// The peer has said that nothing follows.
        case ended
    }

    private let handle: OpaquePointer
    /// Keeps the credentials alive.
    private let context: TLSContext
    private let name: String
    package private(set) var state = State.handshaking

    /// `name` is a host name or an address, and what the certificate must be for.
    package init(_ context: TLSContext, name: String) throws(QUICError) {
        self.context = context
        self.name = name
        var error: Int32 = 0
        guard let made = unsafe cburrow_quic_stream_new(context.handle, name, &error) else {
            let text = unsafe String(cString: cburrow_quic_tls_error_text(error))
            throw QUICError(.internalError, "no TLS session: \(text)")
        }
        unsafe handle = made
    }

    deinit {
        unsafe cburrow_quic_stream_free(handle)
    }

    /// Takes what the peer sent, nothing at the beginning, and appends what it says to `plain`. What `takeOutput` gives is
    /// to be sent also after an error.
    package func receive(_ bytes: Span<UInt8>, into plain: inout [UInt8]) throws(QUICError) {
        let start = plain.count
        let room = bytes.count + Int(CBURROW_QUIC_STREAM_ROOM)
        plain.append(contentsOf: repeatElement(0, count: room))
        var written = 0
        let result = unsafe plain.withUnsafeMutableBufferPointer { (plain) -> Int32 in
            unsafe bytes.withUnsafeBufferPointer { (bytes) -> Int32 in
                guard let base = plain.baseAddress else { return Int32(CBURROW_QUIC_STREAM_FAILED) }
                var nothing: UInt8 = 0
                return unsafe withUnsafePointer(to: &nothing) { (nothing) in
                    unsafe cburrow_quic_stream_read(
                        handle,
                        bytes.baseAddress ?? nothing,
                        bytes.count,
                        base + start,
                        room,
                        &written
                    )
                }
            }
        }
        plain.removeLast(room - max(min(written, room), 0))
        switch Int(result) {
        case Int(CBURROW_QUIC_STREAM_HANDSHAKING): break
        case Int(CBURROW_QUIC_STREAM_OPEN): state = .open
        case Int(CBURROW_QUIC_STREAM_ENDED): state = .ended
        default: throw failure()
        }
    }

    /// Encrypts what is to be said, once the handshake is over.
    package func send(_ plain: Span<UInt8>) throws(QUICError) {
        let result = unsafe plain.withUnsafeBufferPointer { (plain) -> Int32 in
            guard let base = plain.baseAddress else { return 0 }
            return unsafe cburrow_quic_stream_write(handle, base, plain.count)
        }
        guard result == 0 else { throw failure() }
    }

    /// Says that nothing follows.
    package func end() {
        unsafe cburrow_quic_stream_end(handle)
    }

    /// Appends what is to be sent to the peer.
    package func takeOutput(into bytes: inout [UInt8]) {
        var count = 0
        guard let start = unsafe cburrow_quic_stream_output(handle, &count), count > 0 else { return }
        unsafe bytes.append(contentsOf: UnsafeBufferPointer(start: start, count: count))
        unsafe cburrow_quic_stream_clear(handle)
    }

    private func failure() -> QUICError {
        let text = unsafe String(cString: cburrow_quic_stream_verify_text(handle))
        let verdict = Int(unsafe cburrow_quic_stream_verify_result(handle))
        if let error = QUICError(verdict: verdict, text) { return error }
        var alert: Int32 = 0
        let error = unsafe cburrow_quic_stream_error(handle, &alert)
        let reason =
            alert == 0
            ? unsafe String(cString: cburrow_quic_tls_error_text(error))
            : unsafe String(cString: cburrow_quic_alert_text(alert))
        return QUICError(.handshakeFailed, "TLS with \(name) failed: \(reason.lowercased())")
    }
}
