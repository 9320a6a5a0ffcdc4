import BurrowBase
import BurrowNostr
import BurrowQUIC

/// One connection to one relay from its name to its messages: TCP, TLS where the URL wants it, WebSocket.
final class RelayConnection {
    private enum Phase {
        case dialing(RelayDialer)
        case securing(StreamSocket, TLSStream)
        /// The WebSocket's handshake, or messages.
        case talking(StreamSocket, TLSStream?)
        case over
    }

    /// Messages that wait to be looked at before the relay has to wait with more.
    private static let waitingEvents = 64
    /// What may wait to be sent before the relay is taken for dead.
    private static let waitingBytes = 16 << 20

    let url: ServerURL
    private let streams: StreamNumbers
    private let web: WebSocket
    private let trust: TLSContext?
    private var phase: Phase
    /// What came and was not looked at yet.
    private(set) var arrived = FIFO<WebSocket.Event>()
    /// Why it ended, behind everything in `arrived`.
    private(set) var failure: EngineError?

    /// `trust` is for relays with encryption, which all others do without.
    init(_ url: ServerURL, trust: TLSContext?, _ streams: StreamNumbers) throws(EngineError) {
        self.url = url
        self.trust = trust
        self.streams = streams
        var random = SystemRandom()
        do throws(WebSocketError) {
            web = try WebSocket(url, userAgent: LibraryVersion.userAgent, random: &random)
        } catch {
            throw EngineError(error)
        }
        phase = .dialing(RelayDialer(host: url.host, port: url.port))
    }

    deinit {
        drop()
    }

    // MARK: What happens

    func resolved(_ result: Result<[SocketAddress.IP], EngineError>, now: Instant) {
        guard case .dialing(let dialer) = phase else { return }
        take(dialer.resolved(result, streams: streams, now: now))
    }

    func owns(_ number: UInt32) -> Bool {
        switch phase {
        case .dialing(let dialer): dialer.owns(number)
        case .securing(let socket, _), .talking(let socket, _): socket.number == number
        case .over: false
        }
    }

    func ready(_ number: UInt32, isReadable: Bool, isWritable: Bool, now: Instant) {
        switch phase {
        case .dialing(let dialer): take(dialer.ready(number, streams: streams, now: now))
        case .securing(let socket, _), .talking(let socket, _):
            if isWritable { attempt { () throws(EngineError) in try socket.flush() } }
            if isReadable { read(socket) }
        case .over: break
        }
    }

    var deadline: Instant {
        if case .dialing(let dialer) = phase { return dialer.deadline }
        return .distantFuture
    }

    func timerFired(now: Instant) {
        guard case .dialing(let dialer) = phase, dialer.deadline <= now else { return }
        take(dialer.advance(streams: streams, now: now))
    }

    /// The next thing that came, in order.
    func next() -> WebSocket.Event? {
        defer { letRead() }
        return arrived.popFirst()
    }

    private func letRead() {
        guard case .talking(let socket, _) = phase else { return }
        socket.pause(arrived.count >= Self.waitingEvents)
    }

    // MARK: Connecting

    private func take(_ step: RelayDialer.Step) {
        switch step {
        case .waiting: break
        case .failed(let error): fail(error)
        case .connected(let socket): connected(socket)
        }
    }

    private func connected(_ socket: StreamSocket) {
        guard url.scheme == .wss else {
            phase = .talking(socket, nil)
            return pass()
        }
        guard let trust else {
            return fail(EngineError(.internalError, "no trust to check a certificate with"))
        }
        do throws(QUICError) {
            let tls = try TLSStream(trust, name: url.host)
            phase = .securing(socket, tls)
            var plain: [UInt8] = []
            let nothing: [UInt8] = []
            try tls.receive(nothing.span, into: &plain)
            pass()
        } catch {
            fail(EngineError(stream: error))
        }
    }

    // MARK: Reading

    private func read(_ socket: StreamSocket) {
        switch socket.read() {
        case .nothing: break
        case .bytes(let bytes): receive(bytes)
        case .ended: fail(EngineError(.connectionLost, "\(url.host) closed the connection"))
        case .failed(let error): fail(error)
        }
    }

    private func receive(_ bytes: [UInt8]) {
        switch phase {
        case .dialing, .over: break
        case .talking(_, nil): deliver(bytes)
        case .securing(let socket, let tls), .talking(let socket, .some(let tls)):
            var plain: [UInt8] = []
            do throws(QUICError) {
                try tls.receive(bytes.span, into: &plain)
            } catch {
                // The alert that says why.
                pass()
                return fail(EngineError(stream: error))
            }
            if tls.state == .open, case .securing = phase { phase = .talking(socket, tls) }
            deliver(plain)
            pass()
            if tls.state == .ended { fail(EngineError(.connectionLost, "\(url.host) closed the connection")) }
        }
    }

    private func deliver(_ plain: [UInt8]) {
        guard !plain.isEmpty, case .talking = phase else { return }
        var events = FIFO<WebSocket.Event>()
        web.receive(plain.span, into: &events)
        pass()
        while let event = events.popFirst() {
            if case .failed(let error) = event {
                fail(EngineError(error))
            } else {
                arrived.append(event)
            }
        }
        letRead()
    }

    // MARK: Writing

    func send(_ text: [UInt8]) {
        web.send(text: text)
        pass()
    }

    func ping() {
        web.ping()
        pass()
    }

    /// Moves what is to be sent down to the socket.
    private func pass() {
        attempt { () throws(EngineError) in
            switch phase {
            case .dialing, .over: break
            case .talking(let socket, nil):
                if !web.output.isEmpty { try write(web.takeOutput(), to: socket) }
            case .securing(let socket, let tls): try write(secured(tls), to: socket)
            case .talking(let socket, .some(let tls)):
                if !web.output.isEmpty {
                    let plain = web.takeOutput()
                    do throws(QUICError) { try tls.send(plain.span) } catch {
                        throw EngineError(stream: error)
                    }
                }
                try write(secured(tls), to: socket)
            }
        }
    }

    private func secured(_ tls: TLSStream) -> [UInt8] {
        var bytes: [UInt8] = []
        tls.takeOutput(into: &bytes)
        return bytes
    }

    private func write(_ bytes: [UInt8], to socket: StreamSocket) throws(EngineError) {
        guard !bytes.isEmpty else { return }
        try socket.write(bytes)
        guard socket.waitingCount <= Self.waitingBytes else {
            throw EngineError(.connectionLost, "\(url.host) does not read what it is sent")
        }
    }

    private func attempt(_ body: () throws(EngineError) -> Void) {
        do throws(EngineError) { try body() } catch { fail(error) }
    }

    // MARK: Ending

    private func fail(_ error: EngineError) {
        guard failure == nil else { return }
        failure = error
        drop()
    }

    /// Says goodbye as far as that needs no waiting.
    func close() {
        if case .talking(_, let tls) = phase {
            web.close()
            pass()
            tls?.end()
            pass()
        }
        drop()
    }

    private func drop() {
        switch phase {
        case .dialing(let dialer): dialer.close()
        case .securing(let socket, _), .talking(let socket, _): socket.close()
        case .over: break
        }
        phase = .over
    }
}
