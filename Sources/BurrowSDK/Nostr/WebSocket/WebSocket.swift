package import BurrowBase
internal import CWslay

/// The client's side of one WebSocket without its socket (RFC 6455): bytes go in and messages come out, messages go in
/// and bytes come out. Framing is wslay's.
@safe package final class WebSocket {
    package enum Event: Equatable, Sendable {
        case opened
        case text([UInt8])
        /// Binary messages mean nothing on Nostr; that one came is said.
        case binary
        case pong
        /// Nothing follows. What `output` holds is still to be sent.
        case failed(WebSocketError)
    }

    package struct Limits: Sendable {
        package var messageBytes = 512 << 10
        /// Frames up to the end of a message, pings included.
        package var frames: UInt32 = 4096

        package init() {}
    }

    private enum Phase {
        case handshake(WebSocketHandshake)
        case open
        case over
    }

    private let context: OpaquePointer
    private var phase: Phase
    /// What came of the answer so far.
    private var head: [UInt8] = []
    private var searched = 0
    /// What is to be sent; the owner takes it.
    package private(set) var output: [UInt8]

    /// Begins with the question to the server.
    package init(
        _ url: ServerURL,
        userAgent: String,
        limits: Limits = Limits(),
        random: inout some RandomSource
    ) throws(WebSocketError) {
        guard let made = unsafe cburrow_ws_make(UInt64(clamping: limits.messageBytes), limits.frames) else {
            throw WebSocketError(.failure, "no memory for a WebSocket")
        }
        unsafe context = made
        let handshake = WebSocketHandshake(random: &random)
        phase = .handshake(handshake)
        output = handshake.request(for: url, userAgent: userAgent)
    }

    deinit {
        unsafe cburrow_ws_free(context)
    }

    package var isOpen: Bool {
        if case .open = phase { return true }
        return false
    }

    /// Takes what `output` holds.
    package func takeOutput() -> [UInt8] {
        defer { output.removeAll() }
        return output
    }

    // MARK: Receiving

    /// Reads bytes of the server.
    package func receive(_ bytes: Span<UInt8>, into events: inout FIFO<Event>) {
        switch phase {
        case .over: return
        case .open: read(bytes, into: &events)
        case .handshake(let handshake):
            unsafe bytes.withUnsafeBufferPointer { unsafe head.append(contentsOf: $0) }
            do throws(WebSocketError) {
                guard let answer = try HTTPAnswer.take(from: &head, searched: &searched) else { return }
                try handshake.check(answer)
            } catch {
                phase = .over
                return events.append(.failed(error))
            }
            phase = .open
            events.append(.opened)
            let rest = head
            head = []
            if !rest.isEmpty { read(rest.span, into: &events) }
        }
    }

    /// Where the messages of one read are gathered, behind a pointer that C carries.
    private struct Arrivals {
        var events = FIFO<Event>()
        var close: UInt16?
    }

    private func read(_ bytes: Span<UInt8>, into events: inout FIFO<Event>) {
        var arrivals = Arrivals()
        let result = unsafe withUnsafeMutablePointer(to: &arrivals) { (arrivals) in
            unsafe bytes.withUnsafeBufferPointer { (bytes) -> Int32 in
                guard let first = bytes.baseAddress else { return 0 }
                return unsafe cburrow_ws_read(context, first, bytes.count, Self.gather, arrivals)
            }
        }
        while let event = arrivals.events.popFirst() { events.append(event) }
        drain()
        if let status = arrivals.close {
            fail(WebSocketError(.closed(status: status), "server closed (\(status))"), &events)
        } else if result != CBURROW_WS_OK {
            fail(failure(result), &events)
        }
    }

    private static let gather: cburrow_ws_message = { (user, opcode, status, bytes, count) in
        guard let user = unsafe user else { return }
        let arrivals = unsafe user.assumingMemoryBound(to: Arrivals.self)
        switch Int(opcode) {
        case CBURROW_WS_TEXT:
            let text = unsafe [UInt8](UnsafeBufferPointer(start: bytes, count: count))
            unsafe arrivals.pointee.events.append(.text(text))
        case CBURROW_WS_BINARY: unsafe arrivals.pointee.events.append(.binary)
        case CBURROW_WS_PONG: unsafe arrivals.pointee.events.append(.pong)
        case CBURROW_WS_CLOSE: unsafe arrivals.pointee.close = status == 0 ? 1005 : status
        default: break
        }
    }

    private func failure(_ result: Int32) -> WebSocketError {
        if Int(result) == CBURROW_WS_TOO_MANY {
            return WebSocketError(.tooMany, "server sends frames without end")
        }
        if Int(result) == CBURROW_WS_MEMORY { return WebSocketError(.failure, "no memory for a message") }
        if unsafe cburrow_ws_sent_too_large(context) != 0 {
            return WebSocketError(.tooLarge, "server sends a message that is too long")
        }
        return WebSocketError(.badFrames, "server breaks the WebSocket protocol")
    }

    private func fail(_ error: WebSocketError, _ events: inout FIFO<Event>) {
        phase = .over
        events.append(.failed(error))
    }

    // MARK: Sending

    package func send(text: [UInt8]) {
        queue(CBURROW_WS_TEXT, text)
    }

    package func ping() {
        queue(CBURROW_WS_PING, [])
    }

    private func queue(_ opcode: Int, _ bytes: [UInt8]) {
        guard isOpen else { return }
        guard unsafe cburrow_ws_send(context, Int32(opcode), bytes, bytes.count) == 0 else { return }
        drain()
    }

    /// Says goodbye; nothing can be sent afterwards, and nothing that comes is looked at.
    package func close() {
        guard isOpen else { return }
        // Normal closure (RFC 6455 §7.4.1).
        unsafe cburrow_ws_close(context, 1000)
        drain()
        phase = .over
    }

    /// Moves what wslay has queued to `output`.
    private func drain() {
        while unsafe cburrow_ws_wants_write(context) != 0 {
            let room = 4096
            let written = unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: room) {
                (buffer) -> Int in
                guard let base = buffer.baseAddress else { return 0 }
                let written = unsafe min(cburrow_ws_write(context, base, room), room)
                if written > 0 {
                    unsafe output.append(contentsOf: UnsafeBufferPointer(start: base, count: written))
                }
                return written
            }
            guard written > 0 else { return }
        }
    }
}
