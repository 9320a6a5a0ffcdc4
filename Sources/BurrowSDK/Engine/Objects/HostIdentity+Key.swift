import BurrowBase
package import BurrowNostr

/// The one way to an identity's key. With a key that is here everything is done at once, on the thread that asks; for one
/// that is elsewhere the host is asked, its answers go on with the task on the host's thread, and what becomes of it goes
/// to whose it is. Nobody ever waits.
extension HostIdentity {
    enum Key {
        /// Before it is open and after it was closed.
        case none
        case local(Confined<LocalKey>)
        case remote(KeyRequests<KeyUse>)
    }

    /// What waits for a key that is elsewhere, before hosts are told that it is too much.
    private static let hostUses = 256
    static let allUses = 2048

    var isRemote: Bool {
        key.withLock { (key) in
            if case .remote = key { true } else { false }
        }
    }

    /// The secret key as `nsec`.
    package func exported() throws(EngineError) -> String {
        try key.withLock { (key) throws(EngineError) in
            switch key {
            case .none: throw EngineError(.closed, "the identity is not open")
            case .local(let local): return local.object.exported()
            case .remote: throw EngineError(.wrongKind, "the key is not here")
            }
        }
    }

    // MARK: Using it

    /// Does something with the key, if that is here.
    func immediate(_ task: KeyTask) throws(EngineError) -> KeyTask.Product? {
        try key.withLock { (key) throws(EngineError) in
            switch key {
            case .none: throw EngineError(.closed, "the identity is not open")
            case .local(let local):
                var random = SystemRandom()
                do throws(NostrError) {
                    return try local.object.perform(task, now: Self.unixTime, random: &random)
                } catch {
                    throw EngineError(error)
                }
            case .remote: return nil
            }
        }
    }

    /// Asks the host to do something with the key; the result goes where `use` says.
    func ask(_ task: KeyTask, for use: KeyUse) throws(EngineError) {
        let now = SystemCall.now()
        let (question, isFirst) = try withRemote { (remote) throws(EngineError) in
            guard use.request == 0 || remote.count < Self.hostUses else {
                throw EngineError(.limit, "\(Self.hostUses) requests wait for the holder of the key")
            }
            do throws(NostrError) {
                return (try remote.begin(task, for: use, now: now), remote.count == 1)
            } catch {
                throw EngineError(error)
            }
        }
        tell(question, of: use)
        if isFirst { engine.submit(.nostr(.watchKey(self))) }
    }

    /// The result, if the key is here; else the host is asked, and it goes where `use` says.
    func begin(_ task: KeyTask, for use: KeyUse) throws(EngineError) -> KeyTask.Product? {
        if let product = try immediate(task) { return product }
        try ask(task, for: use)
        return nil
    }

    /// Begins a request that needs the key first.
    func request(_ task: KeyTask, _ use: (UInt64) -> KeyUse) throws(EngineError) -> UInt64 {
        let product = try immediate(task)
        let request = try engine.newRequest()
        if let product {
            finish(use(request), .success(product))
        } else {
            do throws(EngineError) {
                try ask(task, for: use(request))
            } catch {
                engine.requestCompleted()
                throw error
            }
        }
        return request
    }

    // MARK: Answers

    /// Takes what the host says to a question. What is no answer to it ends the task, and is told here too.
    package func respond(_ number: UInt64, _ reply: KeyReply) throws(EngineError) {
        let now = SystemCall.now()
        let wallClock = Self.unixTime
        let outcome = try withRemote { (remote) throws(EngineError) in
            var random = SystemRandom()
            let outcome = remote.answer(number, reply, now: now, wallClock: wallClock, random: &random)
            guard let outcome else {
                throw EngineError(.notFound, "no key request of this number is open")
            }
            return outcome
        }
        switch outcome {
        case .ask(let question, let use): tell(question, of: use)
        case .ended(let ending):
            finish(ending)
            if case .failure(let error) = ending.result, error.code == .wrongKeyAnswer {
                throw EngineError(error)
            }
        }
    }

    private func tell(_ question: KeyRequests<KeyUse>.Question, of use: KeyUse) {
        var event = HostEvent(.keyRequest(question.request.phase), subject: handle, time: SystemCall.now())
        event.value = Int64(clamping: question.number)
        event.request = use.request
        switch question.request {
        case .sign(let rumor):
            event.text = String(decoding: rumor.json, as: UTF8.self)
            event.data = rumor.id.value.bytes
        case .encrypt(let text, let other):
            event.text = String(decoding: text, as: UTF8.self)
            event.data = other.bytes
        case .decrypt(let payload, let other):
            event.text = payload
            event.data = other.bytes
        }
        engine.submit(.nostr(.tell(event)))
    }

    // MARK: Ends

    private func finish(_ ending: KeyRequests<KeyUse>.Ending) {
        finish(ending.use, ending.result.mapError { EngineError($0) })
    }

    /// Hands a result to whose it is.
    private func finish(_ use: KeyUse, _ result: Result<KeyTask.Product, EngineError>) {
        switch use {
        case .publish(let target, let request):
            switch result {
            case .success(.event(let event)): engine.submit(.nostr(.publish(event, target, request: request)))
            case .success(.rumor): complete(request, EngineError(.internalError, "a task of another kind"))
            case .failure(let error): complete(request, error)
            }
        case .open(let request), .proof(let request):
            switch result {
            case .success(let product): complete(request, nil, text: Self.text(of: product))
            case .failure(let error): complete(request, error)
            }
        case .list, .token, .authenticate: engine.submit(.nostr(.keyUsed(self, use, result)))
        case .draft, .invitation, .signal: engine.state.post(.keyUsed(self, use, result))
        }
    }

    /// What hosts get of something done with a key: the inside of a wrap, or a proof.
    static func text(of product: KeyTask.Product) -> String {
        switch product {
        case .event(let event): HTTPProof.header(event)
        case .rumor(let rumor): String(decoding: rumor.json, as: UTF8.self)
        }
    }

    func complete(_ request: UInt64, _ error: EngineError?, text: String = "") {
        var event = HostEvent(.done, subject: handle, time: SystemCall.now(), error: error)
        event.request = request
        if error == nil { event.text = text }
        engine.submit(.nostr(.tell(event)))
        engine.requestCompleted()
    }

    /// When the host's time for an answer is over; `nil` while nothing is asked.
    var keyDeadline: Instant? {
        key.withLock { (key) in
            if case .remote(let remote) = key { remote.deadline } else { nil }
        }
    }

    func expireKeyRequests(now: Instant) {
        let expired = try? withRemote { (remote) throws(EngineError) in remote.expire(now: now) }
        for ending in expired ?? [] { finish(ending) }
    }

    /// Nobody waits for these any more. Returns them.
    @discardableResult
    func forgetKeyUses(where isUnwanted: (KeyUse) -> Bool) -> [KeyUse] {
        (try? withRemote { (remote) throws(EngineError) in remote.forget(where: isUnwanted) }) ?? []
    }

    func end(_ uses: [KeyUse], _ error: EngineError) {
        for use in uses { finish(use, .failure(error)) }
    }

    private func withRemote<Result>(
        _ body: (inout KeyRequests<KeyUse>) throws(EngineError) -> Result
    ) throws(EngineError) -> Result {
        try key.withLock { (key) throws(EngineError) in
            switch key {
            case .none: throw EngineError(.closed, "the identity is not open")
            case .local: throw EngineError(.wrongKind, "the key is here, so nothing was asked")
            case .remote(var remote):
                // One owner at a time, so that nothing is copied.
                key = .none
                defer { key = .remote(remote) }
                return try body(&remote)
            }
        }
    }

    static var unixTime: UnixTime { UnixTime(SystemCall.unixMicroseconds() / 1_000_000) }
}

/// What a host is asked to do with a key.
package enum KeyRequestKind: UInt32, Sendable {
    case sign = 1
    case encrypt, decrypt
}

extension KeyRequest {
    fileprivate var phase: KeyRequestKind {
        switch self {
        case .sign: .sign
        case .encrypt: .encrypt
        case .decrypt: .decrypt
        }
    }
}
