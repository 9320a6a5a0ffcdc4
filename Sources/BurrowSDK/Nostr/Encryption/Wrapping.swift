package import BurrowBase

/// Seals and wraps one rumor with a key that may be elsewhere: asks for the encryption, then for the seal's signature.
package struct Wrapping: Sendable {
    package enum Step: Equatable, Sendable {
        case ask(KeyRequest)
        case done(Event)
    }

    private enum State: Sendable {
        case encrypting
        case signing(Rumor)
        case finished
    }

    private var state = State.encrypting
    private let rumor: Rumor
    private let recipient: PublicKey
    private let kind: EventKind
    private let lifetime: Int64?

    /// Refuses a rumor that does not fit. Relays may forget the wrap once `lifetime` seconds are over for certain; the
    /// expiration counts from the time written on the wrap, so that it does not tell the real one.
    package init(
        _ rumor: Rumor,
        for recipient: PublicKey,
        kind: EventKind = .giftWrap,
        lifetime: Int64? = nil
    ) throws(NostrError) {
        guard kind.isGiftWrap else { throw NostrError(.notAWrap, "wraps have the kinds 1059 and 21059") }
        guard rumor.json.count <= GiftWrap.rumorBytes else {
            throw NostrError(.messageTooLong, "rumor has more than \(GiftWrap.rumorBytes) bytes")
        }
        self.rumor = rumor
        self.recipient = recipient
        self.kind = kind
        self.lifetime = lifetime
    }

    package func start() -> Step {
        .ask(.encrypt(rumor.json, for: recipient))
    }

    /// Takes the answer to the last question. After an error it is over.
    package mutating func proceed(
        _ answer: KeyAnswer,
        now: UnixTime,
        random: inout some RandomSource
    ) throws(NostrError) -> Step {
        let previous = state
        state = .finished
        switch (previous, answer) {
        case (_, .failed(let error)): throw error
        case (.encrypting, .encrypted(let payload)):
            let seal = try GiftWrap.seal(payload, from: rumor.publicKey, now: now, random: &random)
            state = .signing(seal)
            return .ask(.sign(seal))
        case (.signing(let asked), .signed(let seal)):
            guard seal.id == asked.id else {
                throw NostrError(.wrongKeyAnswer, "holder of the key signed another event")
            }
            return .done(
                try GiftWrap.wrap(
                    seal,
                    for: recipient,
                    kind: kind,
                    lifetime: lifetime,
                    now: now,
                    random: &random
                )
            )
        default: throw NostrError(.wrongKeyAnswer, "holder of the key answered another question")
        }
    }
}

/// Opens one gift wrap with a key that may be elsewhere: asks for two decryptions.
package struct Unwrapping: Sendable {
    package enum Step: Equatable, Sendable {
        case ask(KeyRequest)
        /// The rumor; its author is who sealed it, its id is what replays are known by.
        case done(Rumor)
    }

    private enum State: Sendable {
        case outer
        case inner(sender: PublicKey)
        case finished
    }

    private var state = State.outer
    private let outer: Event

    package init(_ outer: Event, recipient: PublicKey) throws(NostrError) {
        try GiftWrap.check(outer, recipient: recipient)
        self.outer = outer
    }

    package func start() -> Step {
        .ask(.decrypt(outer.content, from: outer.publicKey))
    }

    /// Takes the answer to the last question. After an error it is over.
    package mutating func proceed(_ answer: KeyAnswer) throws(NostrError) -> Step {
        let previous = state
        state = .finished
        switch (previous, answer) {
        case (_, .failed(let error)): throw error
        case (.outer, .decrypted(let json)):
            let seal = try GiftWrap.seal(json)
            state = .inner(sender: seal.publicKey)
            return .ask(.decrypt(seal.content, from: seal.publicKey))
        case (.inner(let sender), .decrypted(let json)):
            return .done(try GiftWrap.rumor(json, sealedBy: sender))
        default: throw NostrError(.wrongKeyAnswer, "holder of the key answered another question")
        }
    }
}
