package import BurrowBase
internal import BurrowCrypto

/// What is being done with a key that is elsewhere: each task waits for the answer to one question. Answers may come in
/// any order, and are checked before anything believes them.
///
/// `Use` says what becomes of a task, for whoever began it.
package struct KeyRequests<Use: Sendable>: Sendable {
    package struct Question: Equatable, Sendable {
        /// Under which it is answered.
        package let number: UInt64
        package let request: KeyRequest
    }

    /// How a task ended.
    package struct Ending: Sendable {
        package let use: Use
        package let result: Result<KeyTask.Product, NostrError>
    }

    package enum Outcome: Sendable {
        /// There is something else to ask for the same task.
        case ask(Question, Use)
        case ended(Ending)
    }

    private struct Pending: Sendable {
        let question: Question
        let task: KeyTask
        let use: Use
        let deadline: Instant
    }

    package let publicKey: PublicKey
    private let limit: Int
    private let patience: Interval
    /// In the order of their numbers, and so of their deadlines.
    private var pending: [Pending] = []
    private var next: UInt64 = 1

    /// `limit` is how many tasks there are at a time, `patience` how long each question waits for its answer.
    package init(publicKey: PublicKey, limit: Int, patience: Interval) {
        self.publicKey = publicKey
        self.limit = limit
        self.patience = patience
    }

    package var count: Int { pending.count }

    /// When the oldest question is given up.
    package var deadline: Instant? { pending.first?.deadline }

    /// Begins a task with its first question.
    package mutating func begin(
        _ task: KeyTask,
        for use: Use,
        now: Instant
    ) throws(NostrError) -> Question {
        guard pending.count < limit else {
            throw NostrError(.tooMany, "\(limit) requests wait for the holder of the key")
        }
        guard case .ask(let request) = task.start() else {
            throw NostrError(.failure, "a task that asks nothing")
        }
        return ask(request, task, use, now)
    }

    private mutating func ask(
        _ request: KeyRequest,
        _ task: KeyTask,
        _ use: Use,
        _ now: Instant
    ) -> Question {
        let question = Question(number: next, request: request)
        next += 1
        pending.append(Pending(question: question, task: task, use: use, deadline: now + patience))
        return question
    }

    /// Takes what the host gave. `nil` when no question with this number is open, which changes nothing; an answer that
    /// does not fit ends the task.
    package mutating func answer(
        _ number: UInt64,
        _ reply: KeyReply,
        now: Instant,
        wallClock: UnixTime,
        random: inout some RandomSource
    ) -> Outcome? {
        guard let index = pending.firstIndex(where: { $0.question.number == number }) else { return nil }
        let open = pending.remove(at: index)
        do throws(NostrError) {
            let answer = try Self.checked(reply, for: open.question.request)
            var task = open.task
            switch try task.proceed(answer, now: wallClock, random: &random) {
            case .ask(let request): return .ask(ask(request, task, open.use, now), open.use)
            case .done(let product): return .ended(Ending(use: open.use, result: .success(product)))
            }
        } catch {
            return .ended(Ending(use: open.use, result: .failure(error)))
        }
    }

    private static func checked(_ reply: KeyReply, for request: KeyRequest) throws(NostrError) -> KeyAnswer {
        let bytes: [UInt8]
        switch (reply, request) {
        case (.bytes(let given), _): bytes = given
        case (.refused, _): throw NostrError(.keyRefused, "holder of the key refused")
        case (.unreadable, .decrypt):
            throw NostrError(.invalidMAC, "holder of the key cannot decrypt the payload")
        case (.unreadable, _): throw NostrError(.wrongKeyAnswer, "there was nothing to decrypt")
        }
        do throws(NostrError) {
            switch request {
            case .sign(let rumor): return .signed(try signed(rumor, bytes))
            case .encrypt:
                guard let payload = String(validating: bytes, as: UTF8.self) else {
                    throw NostrError(.invalidUTF8, "payload is no text")
                }
                // What others could not read is not sent.
                _ = try Payload.decode(payload, limit: Payload.encodedBytes)
                return .encrypted(payload)
            case .decrypt:
                guard bytes.count <= Payload.shortBytes else {
                    throw NostrError(.messageTooLong, "decrypted text is longer than any payload holds")
                }
                guard String(validating: bytes, as: UTF8.self) != nil else {
                    throw NostrError(.invalidUTF8, "decrypted text is not UTF-8")
                }
                return .decrypted(bytes)
            }
        } catch {
            throw NostrError(.wrongKeyAnswer, "answer for the key: \(error.context)")
        }
    }

    private static func signed(_ rumor: Rumor, _ bytes: [UInt8]) throws(NostrError) -> Event {
        if let signature = EventSignature(bytes) { return try Event(rumor, signature: signature) }
        let event = try UnverifiedEvent(json: bytes)
        guard event.publicKey == rumor.publicKey else {
            throw NostrError(.wrongAuthor, "somebody else signed the event")
        }
        guard event.id == rumor.id else { throw NostrError(.wrongID, "another event was signed") }
        // Nothing but the signature is taken from there.
        return try Event(rumor, signature: event.signature)
    }

    /// The tasks whose question was open for too long.
    package mutating func expire(now: Instant) -> [Ending] {
        var expired: [Ending] = []
        while let oldest = pending.first, oldest.deadline <= now {
            pending.removeFirst()
            let error = NostrError(.keyTimeout, "holder of the key did not answer")
            expired.append(Ending(use: oldest.use, result: .failure(error)))
        }
        return expired
    }

    /// Forgets tasks nobody waits for any more, and says what they were for.
    package mutating func forget(where isUnwanted: (Use) -> Bool) -> [Use] {
        let forgotten = pending.filter { isUnwanted($0.use) }.map(\.use)
        if !forgotten.isEmpty { pending.removeAll { isUnwanted($0.use) } }
        return forgotten
    }
}

extension PublicKey {
    /// Whether it is the key of anybody (BIP-340).
    package var isOnCurve: Bool {
        let point = bytes
        return Secp256k1.isPublicKey(point.span)
    }
}

/// Whose name events are made in: a key that is here, or only its public half.
package enum Identity {
    case local(LocalKey)
    case remote(PublicKey)

    package var publicKey: PublicKey {
        switch self {
        case .local(let key): key.publicKey
        case .remote(let key): key
        }
    }

    /// Reads an `nsec` or an `npub`.
    package init(text: String) throws(NostrError) {
        if text.utf8.starts(with: "npub".utf8) {
            self = .remote(try TextForm.publicKey(text))
        } else {
            self = .local(try LocalKey.importing(text))
        }
    }

    /// The `nsec` or `npub`.
    package var text: String {
        switch self {
        case .local(let key): key.exported()
        case .remote(let key): TextForm.publicKey(key).text
        }
    }
}
