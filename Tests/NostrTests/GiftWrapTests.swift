import BurrowBase
import BurrowNostr
import Testing

@Suite struct GiftWrapTests {
    static let valid = VectorFile.list("nip59.json", "valid")
    static let invalid = VectorFile.list("nip59.json", "invalid")

    @Test(.enabled(if: VectorFile.areThere, VectorFile.absence), arguments: valid)
    func published(vector: JSON) throws {
        let outer = try Event(json: try #require(vector["gift_wrap"]).encoded)
        let rumor = try People.bob().unwrap(outer)
        #expect(rumor == (try Rumor(json: try #require(vector["rumor"]).encoded)))
        #expect(rumor.publicKey == (try People.alice().publicKey))
    }

    static let expected: [String: NostrError.Code] = [
        "rumor author differs from seal author": .senderMismatch,
        "seal signature invalid": .invalidSignature,
        "seal id wrong": .wrongID,
        "seal kind 14": .invalidSeal,
        "seal with tags": .invalidSeal,
        "rumor carries sig": .unexpectedSignature,
        "rumor id wrong": .wrongID,
        "encrypted to somebody else": .invalidMAC,
        "kind 1 as outer": .notAWrap,
    ]

    @Test(.enabled(if: VectorFile.areThere, VectorFile.absence), arguments: invalid)
    func publishedInvalid(vector: JSON) throws {
        let outer = try Event(json: try #require(vector["gift_wrap"]).encoded)
        let name = try vector.text("name")
        let bob = try People.bob()
        #expect(code { () throws(NostrError) in try bob.unwrap(outer) } == Self.expected[name], "\(name)")
        #expect(Self.invalid.count == Self.expected.count)
    }

    static let now = UnixTime(1_767_225_600)

    private func rumor(_ key: LocalKey, content: String = "hello") throws -> Rumor {
        try Rumor(
            publicKey: key.publicKey,
            createdAt: Self.now,
            kind: EventKind(25050),
            tags: [["call-id", "x"]],
            content: content
        )
    }

    @Test(arguments: [EventKind.giftWrap, .ephemeralGiftWrap])
    func roundTrip(kind: EventKind) throws {
        let alice = try People.alice()
        let bob = try People.bob()
        let rumor = try rumor(alice)
        var random = SystemRandom()
        let outer = try alice.wrap(rumor, for: bob.publicKey, kind: kind, now: Self.now, random: &random)
        #expect(outer.kind == kind)
        #expect(outer.tags == [["p", bob.publicKey.hex]])
        #expect(outer.publicKey != alice.publicKey)
        let opened = try bob.unwrap(Event(json: outer.json))
        #expect(opened == rumor)
        #expect(opened.json == rumor.json)
        #expect(code { () throws(NostrError) in try alice.unwrap(outer) } == .notForUs)
    }

    @Test func timesAreRandomAndPast() throws {
        let alice = try People.alice()
        let bob = try People.bob()
        let rumor = try rumor(alice)
        var random = SeededRandom(seed: 7)
        var keys: Set<PublicKey> = []
        var ages: Set<Int64> = []
        for _ in 0..<50 {
            let outer = try alice.wrap(
                rumor,
                for: bob.publicKey,
                lifetime: 60,
                now: Self.now,
                random: &random
            )
            let age = Self.now - outer.createdAt
            #expect((0...GiftWrap.backdatingSeconds).contains(age))
            #expect(outer.rumor.expiration == outer.createdAt + GiftWrap.backdatingSeconds + 60)
            #expect(!outer.rumor.isExpired(at: Self.now))
            keys.insert(outer.publicKey)
            ages.insert(age)
        }
        #expect(keys.count == 50)
        #expect(ages.count > 45)
        #expect(try #require(ages.max()) > GiftWrap.backdatingSeconds / 2)
    }

    @Test func sizes() throws {
        let alice = try People.alice()
        let bob = try People.bob()
        var random = SystemRandom()
        let overhead = try rumor(alice, content: "").json.count
        let longest = try rumor(alice, content: String(repeating: "x", count: GiftWrap.rumorBytes - overhead))
        let outer = try alice.wrap(longest, for: bob.publicKey, now: Self.now, random: &random)
        #expect(try bob.unwrap(outer) == longest)
        let longer = try rumor(
            alice,
            content: String(repeating: "x", count: GiftWrap.rumorBytes - overhead + 1)
        )
        let found = code { () throws(NostrError) in try Wrapping(longer, for: bob.publicKey) }
        #expect(found == .messageTooLong)
    }

    /// The steps one by one, as with a key that is elsewhere.
    @Test func stepByStep() throws {
        let alice = try People.alice()
        let bob = try People.bob()
        let rumor = try rumor(alice)
        var random = SystemRandom()
        var wrapping = try Wrapping(rumor, for: bob.publicKey)
        guard case .ask(.encrypt(let text, let other)) = wrapping.start() else {
            Issue.record("no encryption first")
            return
        }
        #expect(text == rumor.json)
        #expect(other == bob.publicKey)
        let payload = try alice.conversation(with: other).encrypt(text, random: &random)
        let second = try wrapping.proceed(.encrypted(payload), now: Self.now, random: &random)
        guard case .ask(.sign(let seal)) = second else {
            Issue.record("no signature second")
            return
        }
        #expect(seal.kind == .seal)
        #expect(seal.tags.isEmpty)
        let third = try wrapping.proceed(.signed(try alice.sign(seal)), now: Self.now, random: &random)
        guard case .done(let outer) = third else {
            Issue.record("not done")
            return
        }
        #expect(try bob.unwrap(outer) == rumor)
        #expect(
            code { () throws(NostrError) in
                try wrapping.proceed(.encrypted(payload), now: Self.now, random: &random)
            } == .wrongKeyAnswer
        )
    }

    @Test func wrongAnswers() throws {
        let alice = try People.alice()
        let bob = try People.bob()
        let rumor = try rumor(alice)
        var random = SystemRandom()
        let other = try alice.event()
        var first = try Wrapping(rumor, for: bob.publicKey)
        let early = code { () throws(NostrError) in
            try first.proceed(.signed(other), now: Self.now, random: &random)
        }
        #expect(early == .wrongKeyAnswer)
        var second = try Wrapping(rumor, for: bob.publicKey)
        _ = try second.proceed(.encrypted("x"), now: Self.now, random: &random)
        let foreign = code { () throws(NostrError) in
            try second.proceed(.signed(other), now: Self.now, random: &random)
        }
        #expect(foreign == .wrongKeyAnswer)
        let outer = try alice.wrap(rumor, for: bob.publicKey, now: Self.now, random: &random)
        var third = try Unwrapping(outer, recipient: bob.publicKey)
        let refused = code { () throws(NostrError) in
            try third.proceed(.failed(NostrError(.keyRefused, "")))
        }
        #expect(refused == .keyRefused)
        var fourth = try Unwrapping(outer, recipient: bob.publicKey)
        let nonsense = code { () throws(NostrError) in try fourth.proceed(.decrypted([1, 2])) }
        #expect(nonsense == .malformedJSON)
    }
}
