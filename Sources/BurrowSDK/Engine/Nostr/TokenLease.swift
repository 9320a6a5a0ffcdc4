import BurrowBase
import BurrowMoQ
import BurrowNostr

/// A token a service is asked for, and for another before its time is over.
final class TokenLease {
    /// What a host asks for.
    struct Wish: Sendable {
        let host: HostIdentity
        /// As the host wrote it; the proof names it, and the service compares.
        let url: String
        let service: ServerURL
        let body: [UInt8]
        let options: NostrRelayOptions
    }

    /// How long one request may take.
    private static let patience = Interval.seconds(10)

    let request: UInt64
    let wish: Wish
    /// The call it is for; else it is for the host.
    let seat: CallSeat?
    var schedule = TokenSchedule()
    /// The newest.
    var token: String?
    /// When to ask for the next one.
    private(set) var due: Instant?
    private(set) var stream: ServerStream?
    private var exchange = HTTPExchange()
    private var question: [UInt8] = []
    private var until = Instant.distantFuture

    init(_ request: UInt64, _ wish: Wish, _ seat: CallSeat? = nil) {
        self.request = request
        self.wish = wish
        self.seat = seat
    }

    var deadline: Instant { min(due ?? .distantFuture, until, stream?.deadline ?? .distantFuture) }

    /// What is to be signed before the service can be asked. Nothing is due until that has come.
    func draft() throws(EngineError) -> Rumor {
        due = nil
        return try wish.host.proofDraft(url: wish.url, method: "POST", body: wish.body)
    }

    /// Begins a request over this stream.
    func begin(_ stream: ServerStream, proof: Event, now: Instant) {
        question = HTTPExchange.request(
            "POST",
            wish.url,
            at: wish.service,
            fields: [
                ("User-Agent", LibraryVersion.userAgent), ("Accept", "application/json, application/jwt"),
                ("Authorization", HTTPProof.header(proof)), ("Content-Type", "application/json"),
            ],
            body: wish.body
        )
        exchange = HTTPExchange()
        self.stream = stream
        until = now + Self.patience
    }

    /// What the service answered, or why it does not; `nil` as long as neither is known.
    func result(now: Instant) -> Result<IssuedToken, EngineError>? {
        guard let stream else { return nil }
        if stream.deadline <= now { stream.timerFired(now: now) }
        if stream.isOpen, !question.isEmpty {
            stream.send(question)
            question = []
        }
        do throws(EngineError) {
            guard let body = try answer(of: stream, now: now) else { return nil }
            do throws(AccessError) { return .success(try IssuedToken(answer: body)) } catch {
                throw EngineError(.peer, error.context)
            }
        } catch {
            return .failure(error)
        }
    }

    private func answer(of stream: ServerStream, now: Instant) throws(EngineError) -> [UInt8]? {
        do throws(WebSocketError) {
            let came = stream.takeReceived()
            if !came.isEmpty, let body = try exchange.receive(came) { return body }
            if stream.hasEnded { return try exchange.end() }
        } catch {
            throw EngineError(error)
        }
        if let failure = stream.failure { throw failure }
        guard now < until else {
            throw EngineError(.timeout, "\(wish.service.host) does not answer in time")
        }
        return nil
    }

    /// The request is over; the next is due then, if at all.
    func end(due: Instant? = nil) {
        stream?.close()
        stream = nil
        until = .distantFuture
        self.due = due
    }
}
