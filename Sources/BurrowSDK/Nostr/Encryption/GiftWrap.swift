package import BurrowBase

/// The layers of NIP-59, each as a function of its parts.
package enum GiftWrap {
    /// By how much a layer is dated back at most, so that nobody sees when it was sent.
    package static let backdatingSeconds: Int64 = 2 * 86400
    /// The longest rumor: its seal must fit into one payload.
    package static let rumorBytes = 40960

    static func backdated(_ now: UnixTime, _ random: inout some RandomSource) -> UnixTime {
        UnixTime(max(0, (now - Int64.random(in: 0...backdatingSeconds, using: &random)).seconds))
    }

    /// The middle layer, still to be signed by the sender.
    static func seal(
        _ payload: String,
        from sender: PublicKey,
        now: UnixTime,
        random: inout some RandomSource
    ) throws(NostrError) -> Rumor {
        try Rumor(
            publicKey: sender,
            createdAt: backdated(now, &random),
            kind: .seal,
            content: payload
        )
    }

    /// The outer layer, signed by a key that exists only here.
    static func wrap(
        _ seal: Event,
        for recipient: PublicKey,
        kind: EventKind,
        lifetime: Int64?,
        now: UnixTime,
        random: inout some RandomSource
    ) throws(NostrError) -> Event {
        let once = try LocalKey.random()
        let payload = try once.conversation(with: recipient, remembers: false)
            .encrypt(seal.json, random: &random)
        let createdAt = backdated(now, &random)
        var tags: [Tag] = [["p", recipient.hex]]
        if let lifetime {
            let end = createdAt + backdatingSeconds + max(lifetime, 0)
            tags.append(["expiration", String(end.seconds)])
        }
        return try once.sign(
            Rumor(
                publicKey: once.publicKey,
                createdAt: createdAt,
                kind: kind,
                tags: tags,
                content: payload
            )
        )
    }

    /// Refuses an outer layer that is no gift wrap or for others.
    static func check(_ outer: Event, recipient: PublicKey) throws(NostrError) {
        guard outer.kind.isGiftWrap else { throw NostrError(.notAWrap, "event is no gift wrap") }
        let own = recipient.hex
        guard outer.tags.contains(where: { $0.name.isSame(as: "p") && $0.value?.isSame(as: own) == true })
        else {
            throw NostrError(.notForUs, "gift wrap is addressed to others")
        }
    }

    /// The middle layer, verified.
    static func seal(_ json: [UInt8]) throws(NostrError) -> Event {
        let seal = try UnverifiedEvent(json: json)
        guard seal.kind == .seal else { throw NostrError(.invalidSeal, "seal has another kind") }
        guard seal.tags.isEmpty else { throw NostrError(.invalidSeal, "seal has tags") }
        return try seal.verified()
    }

    /// The inner layer: nobody's but the seal's author.
    static func rumor(_ json: [UInt8], sealedBy sender: PublicKey) throws(NostrError) -> Rumor {
        let rumor = try Rumor(json: json)
        guard rumor.publicKey == sender else {
            throw NostrError(.senderMismatch, "rumor has another author than its seal")
        }
        return rumor
    }
}

extension LocalKey {
    /// Seals and wraps a rumor in one go, for a key that is here.
    package func wrap(
        _ rumor: Rumor,
        for recipient: PublicKey,
        kind: EventKind = .giftWrap,
        lifetime: Int64? = nil,
        now: UnixTime,
        random: inout some RandomSource
    ) throws(NostrError) -> Event {
        let wrapping = try Wrapping(rumor, for: recipient, kind: kind, lifetime: lifetime)
        return try finish(wrapping, now: now, random: &random)
    }

    func finish(
        _ begun: Wrapping,
        now: UnixTime,
        random: inout some RandomSource
    ) throws(NostrError) -> Event {
        var wrapping = begun
        var step = wrapping.start()
        while true {
            switch step {
            case .ask(let request):
                step = try wrapping.proceed(answer(request, random: &random), now: now, random: &random)
            case .done(let event): return event
            }
        }
    }

    /// Opens a gift wrap in one go, for a key that is here.
    package func unwrap(_ outer: Event) throws(NostrError) -> Rumor {
        try finish(Unwrapping(outer, recipient: publicKey))
    }

    func finish(_ begun: Unwrapping) throws(NostrError) -> Rumor {
        var random = SystemRandom()
        var unwrapping = begun
        var step = unwrapping.start()
        var isOuter = true
        while true {
            switch step {
            case .ask(let request):
                // The key outside is used once, the one inside is somebody's.
                step = try unwrapping.proceed(answer(request, remembers: !isOuter, random: &random))
                isOuter = false
            case .done(let rumor): return rumor
            }
        }
    }
}
