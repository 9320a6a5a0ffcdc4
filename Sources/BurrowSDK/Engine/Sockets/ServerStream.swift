import BurrowBase
import BurrowNostr
import BurrowQUIC

/// The way to one server, from its name to plain bytes: TCP, a proxy where there is one, and TLS where that is wanted.
final class ServerStream {
    private enum Phase {
        case dialing(StreamDialer)
        /// The proxy has to connect us.
        case asking(StreamSocket, ProxyHandshake)
        case securing(StreamSocket, TLSStream)
        case open(StreamSocket, TLSStream?)
        case over
    }

    /// What may wait to be sent before the server is taken for dead.
    private static let waitingBytes = 16 << 20

    let host: String
    private let port: UInt16
    private let proxy: ProxyURL?
    /// `nil` for servers without encryption.
    private let trust: TLSContext?
    private let streams: StreamNumbers
    private var phase: Phase
    /// What came and was not taken yet.
    private var received: [UInt8] = []
    /// Why it ended, behind everything that came.
    private(set) var failure: EngineError?
    /// The server has ended it in good order.
    private(set) var hasEnded = false

    init(host: String, port: UInt16, trust: TLSContext?, behind proxy: ProxyURL?, _ streams: StreamNumbers) {
        self.host = host
        self.port = port
        self.proxy = proxy
        self.trust = trust
        self.streams = streams
        phase = .dialing(StreamDialer(host: proxy?.host ?? host, port: proxy?.port ?? port))
    }

    deinit {
        drop()
    }

    /// Whose addresses are looked up. Behind a proxy that is never the server, whose name is then the proxy's business.
    var dialedHost: String { proxy?.host ?? host }

    /// Whether bytes can be sent.
    var isOpen: Bool {
        if case .open = phase { return true }
        return false
    }

    // MARK: What happens

    /// The name has been looked up.
    func resolved(_ result: Result<[SocketAddress.IP], EngineError>, now: Instant) {
        guard case .dialing(let dialer) = phase else { return }
        take(dialer.resolved(result, streams: streams, now: now))
    }

    func owns(_ number: UInt32) -> Bool {
        switch phase {
        case .dialing(let dialer): dialer.owns(number)
        case .asking(let socket, _), .securing(let socket, _), .open(let socket, _): socket.number == number
        case .over: false
        }
    }

    func ready(_ number: UInt32, isReadable: Bool, isWritable: Bool, now: Instant) {
        switch phase {
        case .dialing(let dialer): take(dialer.ready(number, streams: streams, now: now))
        case .asking(let socket, _), .securing(let socket, _), .open(let socket, _):
            if isWritable { attempt { () throws(EngineError) in try socket.flush() } }
            if isReadable { read(socket) }
        case .over: break
        }
    }

    /// When the next address is due.
    var deadline: Instant {
        if case .dialing(let dialer) = phase { return dialer.deadline }
        return .distantFuture
    }

    func timerFired(now: Instant) {
        guard case .dialing(let dialer) = phase, dialer.deadline <= now else { return }
        take(dialer.advance(streams: streams, now: now))
    }

    // MARK: Connecting

    private func take(_ step: StreamDialer.Step) {
        switch step {
        case .waiting: break
        case .failed(let error): fail(proxy.map { Self.error(error, of: $0) } ?? error)
        case .connected(let socket): ask(socket)
        }
    }

    private static func error(_ error: EngineError, of proxy: ProxyURL) -> EngineError {
        EngineError(error.code, "proxy \(proxy): \(error.context)", peerCode: error.peerCode)
    }

    /// Has the proxy connect us, where there is one.
    private func ask(_ socket: StreamSocket) {
        guard let proxy else { return secure(socket) }
        var handshake = ProxyHandshake(proxy, host: host, port: port, userAgent: LibraryVersion.userAgent)
        let question = handshake.takeOutput()
        phase = .asking(socket, handshake)
        attempt { () throws(EngineError) in try write(question, to: socket) }
    }

    /// The proxy has said something.
    private func answered(_ bytes: [UInt8], on socket: StreamSocket, _ handshake: ProxyHandshake) {
        var handshake = handshake
        do throws(ProxyError) {
            let rest = try handshake.receive(bytes)
            let question = handshake.takeOutput()
            phase = .asking(socket, handshake)
            attempt { () throws(EngineError) in try write(question, to: socket) }
            guard let rest, failure == nil else { return }
            secure(socket)
            if !rest.isEmpty { receive(rest) }
        } catch {
            fail(EngineError(error))
        }
    }

    private func secure(_ socket: StreamSocket) {
        guard let trust else {
            phase = .open(socket, nil)
            return
        }
        do throws(QUICError) {
            let tls = try TLSStream(trust, name: host)
            phase = .securing(socket, tls)
            let nothing: [UInt8] = []
            try tls.receive(nothing.span, into: &received)
            pass()
        } catch {
            fail(EngineError(stream: error))
        }
    }

    // MARK: Reading

    /// Takes what came.
    func takeReceived() -> [UInt8] {
        defer { received = [] }
        return received
    }

    /// Stops reading for a while, so that the server has to wait, or goes on.
    func pause(_ isPaused: Bool) {
        guard case .open(let socket, _) = phase else { return }
        socket.pause(isPaused)
    }

    private func read(_ socket: StreamSocket) {
        switch socket.read() {
        case .nothing: break
        case .bytes(let bytes): receive(bytes)
        case .ended:
            if case .open(_, nil) = phase { hasEnded = true }
            fail(ended)
        case .failed(let error):
            if case .asking = phase, let proxy { return fail(Self.error(error, of: proxy)) }
            fail(error)
        }
    }

    private func receive(_ bytes: [UInt8]) {
        switch phase {
        case .dialing, .over: break
        case .asking(let socket, let handshake): answered(bytes, on: socket, handshake)
        case .open(_, nil): received.append(contentsOf: bytes)
        case .securing(let socket, let tls), .open(let socket, .some(let tls)):
            do throws(QUICError) {
                try tls.receive(bytes.span, into: &received)
            } catch {
                // The alert that says why.
                pass()
                return fail(EngineError(stream: error))
            }
            if tls.state == .open, case .securing = phase { phase = .open(socket, tls) }
            pass()
            if tls.state == .ended {
                hasEnded = true
                fail(ended)
            }
        }
    }

    private var ended: EngineError {
        if case .asking = phase, let proxy {
            return EngineError(.connectionLost, "proxy \(proxy) closed the connection")
        }
        return EngineError(.connectionLost, "\(host) closed the connection")
    }

    // MARK: Writing

    /// Sends bytes, once it is open.
    func send(_ plain: [UInt8]) {
        guard !plain.isEmpty, case .open(let socket, let tls) = phase else { return }
        attempt { () throws(EngineError) in
            guard let tls else { return try write(plain, to: socket) }
            do throws(QUICError) { try tls.send(plain.span) } catch { throw EngineError(stream: error) }
            try write(secured(tls), to: socket)
        }
    }

    /// Moves what TLS has to say down to the socket.
    private func pass() {
        switch phase {
        case .securing(let socket, let tls), .open(let socket, .some(let tls)):
            attempt { () throws(EngineError) in try write(secured(tls), to: socket) }
        case .dialing, .asking, .open(_, nil), .over: break
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
            throw EngineError(.connectionLost, "\(host) does not read what it is sent")
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
        if case .open(_, .some(let tls)) = phase {
            tls.end()
            pass()
        }
        drop()
    }

    /// Ends it without a word.
    func drop() {
        switch phase {
        case .dialing(let dialer): dialer.close()
        case .asking(let socket, _), .securing(let socket, _), .open(let socket, _): socket.close()
        case .over: break
        }
        phase = .over
    }
}
