import BurrowBase
import BurrowNostr
import BurrowQUIC

/// One connection to one relay: a WebSocket over a stream.
final class RelayConnection {
    /// Messages that wait to be looked at before the relay has to wait with more.
    private static let waitingEvents = 64

    let url: ServerURL
    private let stream: ServerStream
    private let web: WebSocket
    /// What came and was not looked at yet.
    private(set) var arrived = FIFO<WebSocket.Event>()
    /// Why the WebSocket ended.
    private var ownFailure: EngineError?

    /// `trust` is for relays with encryption, which all others do without.
    init(
        _ url: ServerURL,
        trust: TLSContext?,
        behind proxy: ProxyURL?,
        _ streams: StreamNumbers
    ) throws(EngineError) {
        guard url.scheme != .wss || trust != nil else {
            throw EngineError(.internalError, "no trust to check a certificate with")
        }
        self.url = url
        var random = SystemRandom()
        do throws(WebSocketError) {
            web = try WebSocket(url, userAgent: LibraryVersion.userAgent, random: &random)
        } catch {
            throw EngineError(error)
        }
        stream = ServerStream(
            host: url.host,
            port: url.port,
            trust: url.scheme == .wss ? trust : nil,
            behind: proxy,
            streams
        )
    }

    /// Whose addresses are looked up.
    var dialedHost: String { stream.dialedHost }

    /// Why it ended, behind everything in `arrived`.
    var failure: EngineError? { ownFailure ?? stream.failure }

    // MARK: What happens

    func resolved(_ result: Result<[SocketAddress.IP], EngineError>, now: Instant) {
        stream.resolved(result, now: now)
        advance()
    }

    func owns(_ number: UInt32) -> Bool { stream.owns(number) }

    func ready(_ number: UInt32, isReadable: Bool, isWritable: Bool, now: Instant) {
        stream.ready(number, isReadable: isReadable, isWritable: isWritable, now: now)
        advance()
    }

    var deadline: Instant { stream.deadline }

    func timerFired(now: Instant) {
        stream.timerFired(now: now)
        advance()
    }

    /// The next thing that came, in order.
    func next() -> WebSocket.Event? {
        defer { letRead() }
        return arrived.popFirst()
    }

    private func letRead() {
        stream.pause(arrived.count >= Self.waitingEvents)
    }

    // MARK: Reading and writing

    /// Moves what came up, and what is to be sent down.
    private func advance() {
        pass()
        let plain = stream.takeReceived()
        guard !plain.isEmpty, ownFailure == nil else { return }
        var events = FIFO<WebSocket.Event>()
        web.receive(plain.span, into: &events)
        pass()
        while let event = events.popFirst() {
            if case .failed(let error) = event {
                ownFailure = EngineError(error)
                stream.drop()
            } else {
                arrived.append(event)
            }
        }
        letRead()
    }

    func send(_ text: [UInt8]) {
        web.send(text: text)
        pass()
    }

    func ping() {
        web.ping()
        pass()
    }

    private func pass() {
        guard stream.isOpen, !web.output.isEmpty else { return }
        stream.send(web.takeOutput())
    }

    /// Says goodbye as far as that needs no waiting.
    func close() {
        web.close()
        pass()
        stream.close()
    }
}
