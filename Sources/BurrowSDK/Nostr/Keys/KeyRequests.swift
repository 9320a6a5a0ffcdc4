package import BurrowBase

/// The questions to a holder of a key that are not answered yet. Answers are checked before anything believes them.
package struct KeyRequests: Sendable {
    package struct Limits: Sendable {
        package var count: Int
        package var patience: Interval

        package init(count: Int = 256, patience: Interval = .seconds(30)) {
            self.count = count
            self.patience = patience
        }
    }

    /// What a question was for; whoever asked knows what the number means.
    package typealias Purpose = UInt64

    package struct Outcome: Equatable, Sendable {
        package let request: UInt64
        package let purpose: Purpose
        package let answer: KeyAnswer
    }

    private struct Pending: Sendable {
        let number: UInt64
        let request: KeyRequest
        let purpose: Purpose
        let deadline: Instant
    }

    package let publicKey: PublicKey
    private let limits: Limits
    /// In the order of their numbers, and so of their deadlines.
    private var pending: [Pending] = []
    private var next: UInt64 = 1

    package init(publicKey: PublicKey, limits: Limits = Limits()) {
        self.publicKey = publicKey
        self.limits = limits
    }

    package var count: Int { pending.count }

    /// When the oldest question is given up.
    package var deadline: Instant? { pending.first?.deadline }

    /// Notes a question and gives it the number under which it is answered.
    package mutating func ask(
        _ request: KeyRequest,
        purpose: Purpose,
        now: Instant
    ) throws(NostrError) -> UInt64 {
        guard pending.count < limits.count else {
            throw NostrError(.tooMany, "\(limits.count) requests wait for the holder of the key")
        }
        let number = next
        next += 1
        pending.append(
            Pending(number: number, request: request, purpose: purpose, deadline: now + limits.patience)
        )
        return number
    }

    /// Takes what the host gave: the JSON of the signed event, or just its signature in 64 bytes, for `sign`; a payload
    /// for `encrypt`; a text for `decrypt`; and `nil` for a refusal. A number that is not open is an error and changes
    /// nothing; an answer that does not fit ends the question as failed.
    package mutating func answer(_ number: UInt64, _ bytes: [UInt8]?) throws(NostrError) -> Outcome {
        guard let index = pending.firstIndex(where: { $0.number == number }) else {
            throw NostrError(.wrongKeyAnswer, "no request to the key has this number")
        }
        let question = pending.remove(at: index)
        return Outcome(
            request: number,
            purpose: question.purpose,
            answer: Self.checked(bytes, for: question.request)
        )
    }

    private static func checked(_ bytes: [UInt8]?, for request: KeyRequest) -> KeyAnswer {
        guard let bytes else {
            return .failed(NostrError(.keyRefused, "holder of the key refused"))
        }
        do throws(NostrError) {
            switch request {
            case .sign(let rumor):
                if let signature = EventSignature(bytes) {
                    return .signed(try Event(rumor, signature: signature))
                }
                let event = try Event(json: bytes)
                guard event.id == rumor.id else {
                    throw NostrError(.wrongKeyAnswer, "holder of the key signed another event")
                }
                return .signed(event)
            case .encrypt:
                guard let payload = String(validating: bytes, as: UTF8.self) else {
                    throw NostrError(.wrongKeyAnswer, "payload is no text")
                }
                // What others could not read is not sent.
                _ = try Payload.decode(payload, limit: Payload.encodedBytes)
                return .encrypted(payload)
            case .decrypt:
                guard String(validating: bytes, as: UTF8.self) != nil else {
                    throw NostrError(.wrongKeyAnswer, "decrypted text is not UTF-8")
                }
                return .decrypted(bytes)
            }
        } catch {
            return .failed(error)
        }
    }

    /// The questions whose time is over, as failed.
    package mutating func expire(now: Instant) -> [Outcome] {
        var expired: [Outcome] = []
        while let oldest = pending.first, oldest.deadline <= now {
            pending.removeFirst()
            let error = NostrError(.keyTimeout, "holder of the key did not answer")
            expired.append(Outcome(request: oldest.number, purpose: oldest.purpose, answer: .failed(error)))
        }
        return expired
    }

    /// Forgets questions nobody waits for any more.
    package mutating func cancel(purpose: Purpose) {
        pending.removeAll { $0.purpose == purpose }
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
}
