import BurrowBase
import BurrowNostr
import Testing

/// A key that is elsewhere: what is asked, what is believed, and that every task ends once.
@Suite struct KeyRequestTests {
    private static let start = Instant(microseconds: 1_000_000)
    private static let wallClock = UnixTime(1_767_225_600)

    typealias Requests = KeyRequests<Int>

    private func requests(_ key: LocalKey, limit: Int = 16) -> Requests {
        Requests(publicKey: key.publicKey, limit: limit, patience: .seconds(5))
    }

    private static func answer(
        _ number: UInt64,
        _ reply: KeyReply,
        in requests: inout Requests,
        now: Instant = Self.start
    ) -> Requests.Outcome? {
        var random = SystemRandom()
        return requests.answer(number, reply, now: now, wallClock: wallClock, random: &random)
    }

    /// What a good holder of the key says.
    private static func reply(_ request: KeyRequest, _ key: LocalKey) -> KeyReply {
        var random = SystemRandom()
        switch key.answer(request, random: &random) {
        case .signed(let event): return .bytes(event.json)
        case .encrypted(let payload): return .bytes(Array(payload.utf8))
        case .decrypted(let text): return .bytes(text)
        case .failed: return .unreadable
        }
    }

    @Test func answersAreChecked() throws {
        let alice = try People.alice()
        let bob = try People.bob()
        var requests = requests(alice)
        let rumor = try alice.event(content: "x").rumor
        var random = SystemRandom()
        let wrap = try bob.wrap(
            bob.event(content: "y").rumor,
            for: alice.publicKey,
            now: Self.wallClock,
            random: &random
        )

        func outcome(_ task: KeyTask, _ reply: KeyReply) throws -> Result<KeyTask.Product, NostrError>? {
            let question = try requests.begin(task, for: 7, now: Self.start)
            switch Self.answer(question.number, reply, in: &requests) {
            case .ended(let ending):
                #expect(ending.use == 7)
                return ending.result
            case .ask(let next, _):
                // Nothing ends there, and the next question is another one.
                #expect(next.number > question.number)
                return nil
            case nil:
                Issue.record("the question was not open")
                return nil
            }
        }
        func failure(_ task: KeyTask, _ reply: KeyReply) throws -> NostrError? {
            guard case .failure(let error) = try outcome(task, reply) else { return nil }
            return error
        }

        let whole = try alice.sign(rumor)
        #expect(try outcome(.signing(rumor), .bytes(whole.json)) == .success(.event(whole)))
        #expect(try outcome(.signing(rumor), .bytes(whole.signature.bytes)) == .success(.event(whole)))
        let wrong: [(KeyReply, String)] = [
            (.bytes(try alice.event(content: "y").json), "another event"),
            (.bytes(try bob.event(content: "x").json), "somebody else"),
            (.bytes(try bob.event(content: "x").signature.bytes), "signature"),
            (.bytes([1, 2, 3]), "JSON"),
            (.bytes([]), "JSON"),
            (.bytes([UInt8](repeating: 0xff, count: 200_000)), ""),
            (.unreadable, "nothing to decrypt"),
        ]
        for (reply, reason) in wrong {
            let error = try #require(try failure(.signing(rumor), reply))
            #expect(error.code == .wrongKeyAnswer)
            #expect(reason.isEmpty || error.context.contains(reason), "\(error.context)")
        }
        #expect(try failure(.signing(rumor), .refused)?.code == .keyRefused)

        let wrapping = KeyTask.wrapping(try Wrapping(rumor, for: bob.publicKey))
        for bytes in [Array("short".utf8), [0xff], [], [UInt8](repeating: 0x41, count: 1 << 20)] {
            #expect(try failure(wrapping, .bytes(bytes))?.code == .wrongKeyAnswer)
        }
        let opening = KeyTask.opening(try Unwrapping(wrap, recipient: alice.publicKey))
        for bytes in [[0xff], [UInt8](repeating: 0x41, count: 1 << 16)] {
            #expect(try failure(opening, .bytes(bytes))?.code == .wrongKeyAnswer)
        }
        // The form is right, and what it says is no seal: that is not told from a bad wrap.
        #expect(try failure(opening, .bytes(Array("{}".utf8)))?.code == .missingMember)
        #expect(try failure(opening, .bytes([]))?.code == .malformedJSON)
        #expect(try failure(opening, .unreadable)?.code == .invalidMAC)
        guard case .ask(let first) = opening.start() else {
            Issue.record("nothing is asked")
            return
        }
        #expect(try outcome(opening, Self.reply(first, alice)) == nil)
        #expect(requests.count == 1)
    }

    @Test func timeAndNumbers() throws {
        let alice = try People.alice()
        let signing = KeyTask.signing(try alice.event().rumor)
        var requests = requests(alice, limit: 2)
        #expect(requests.deadline == nil)
        let first = try requests.begin(signing, for: 1, now: Self.start)
        _ = try requests.begin(signing, for: 2, now: Self.start + .seconds(1))
        let third = code { () throws(NostrError) in try requests.begin(signing, for: 3, now: Self.start) }
        #expect(third == .tooMany)
        #expect(requests.deadline == Self.start + .seconds(5))
        #expect(requests.expire(now: Self.start + .seconds(4)).isEmpty)
        let expired = requests.expire(now: Self.start + .seconds(5))
        #expect(expired.map(\.use) == [1])
        guard case .failure(let error) = expired.first?.result else {
            Issue.record("no failure")
            return
        }
        #expect(error.code == .keyTimeout)
        for number in [0, first.number, 99, UInt64.max] {
            #expect(Self.answer(number, .refused, in: &requests) == nil)
        }
        #expect(requests.forget { $0 == 2 } == [2])
        #expect(requests.count == 0)
        #expect(requests.deadline == nil)
    }

    /// Many tasks at once, answered in any order: well, badly, not at all, twice; given up, and forgotten. Each ends once,
    /// and what comes out well is right.
    @Test(arguments: 0..<20 as Range<UInt64>) func everyTaskEndsOnce(seed: UInt64) throws {
        let alice = try People.alice()
        let bob = try People.bob()
        var random = SeededRandom(seed: seed)
        var requests = requests(alice, limit: 40)
        var now = Self.start
        var open: [(question: Requests.Question, use: Int)] = []
        var running: Set<Int> = []
        var spoiled: Set<Int> = []
        var contents: [Int: String] = [:]
        var successes = 0
        var last: UInt64 = 0

        func end(_ use: Int, _ result: Result<KeyTask.Product, NostrError>) throws {
            #expect(running.remove(use) != nil, "\(use) ended twice")
            open.removeAll { $0.use == use }
            guard case .success(let product) = result else {
                #expect(spoiled.contains(use))
                return
            }
            #expect(!spoiled.contains(use))
            successes += 1
            switch product {
            case .event(let event) where event.kind.isGiftWrap:
                #expect(try bob.unwrap(event).content == contents[use])
            case .event(let event):
                #expect(event.content == contents[use] && event.publicKey == alice.publicKey)
            case .rumor(let rumor):
                #expect(rumor.content == contents[use] && rumor.publicKey == bob.publicKey)
            }
        }

        for use in 0..<60 {
            let content = "message \(use)"
            contents[use] = content
            let task: KeyTask
            switch use % 3 {
            case 0: task = .signing(try alice.event(content: content).rumor)
            case 1: task = .wrapping(try Wrapping(alice.event(content: content).rumor, for: bob.publicKey))
            default:
                let rumor = try bob.event(content: content).rumor
                let wrap = try bob.wrap(rumor, for: alice.publicKey, now: Self.wallClock, random: &random)
                task = .opening(try Unwrapping(wrap, recipient: alice.publicKey))
            }
            if requests.count < 40 {
                let question = try requests.begin(task, for: use, now: now)
                #expect(question.number > last)
                last = question.number
                running.insert(use)
                open.append((question, use))
            }
            for _ in 0..<Int.random(in: 0...3, using: &random) where !open.isEmpty {
                let index = Int.random(in: 0..<open.count, using: &random)
                let (question, use) = open[index]
                switch Int.random(in: 0..<12, using: &random) {
                case 0:
                    #expect(requests.forget { $0 == use } == [use])
                    spoiled.insert(use)
                    try end(use, .failure(NostrError(.keyRefused, "forgotten")))
                    continue
                case 1: now = now + .seconds(Int64.random(in: 0...2, using: &random))
                case 2: spoiled.insert(use)
                default: break
                }
                for ending in requests.expire(now: now) {
                    spoiled.insert(ending.use)
                    try end(ending.use, ending.result)
                }
                let isOpen = open.contains { $0.question.number == question.number }
                let reply = spoiled.contains(use) ? KeyReply.refused : Self.reply(question.request, alice)
                let outcome = Self.answer(question.number, reply, in: &requests, now: now)
                #expect((outcome != nil) == isOpen)
                #expect(Self.answer(question.number, reply, in: &requests, now: now) == nil, "answered twice")
                switch outcome {
                case .ended(let ending): try end(ending.use, ending.result)
                case .ask(let next, let other):
                    #expect(other == use && next.number > last)
                    last = next.number
                    open.removeAll { $0.question.number == question.number }
                    open.append((next, use))
                case nil: break
                }
            }
        }
        for ending in requests.expire(now: now + .seconds(6)) {
            spoiled.insert(ending.use)
            try end(ending.use, ending.result)
        }
        #expect(running.isEmpty)
        #expect(requests.count == 0)
        #expect(successes > 5)
    }

    /// A key that is here does the same tasks.
    @Test func aKeyThatIsHereDoesItAtOnce() throws {
        let alice = try People.alice()
        let bob = try People.bob()
        let rumor = try alice.event(content: "x").rumor
        var random = SystemRandom()
        func perform(_ task: KeyTask, _ key: LocalKey) throws -> KeyTask.Product {
            try key.perform(task, now: Self.wallClock, random: &random)
        }
        guard case .event(let wrap) = try perform(.wrapping(Wrapping(rumor, for: bob.publicKey)), alice)
        else {
            Issue.record("no wrap")
            return
        }
        let opening = KeyTask.opening(try Unwrapping(wrap, recipient: bob.publicKey))
        #expect(try perform(opening, bob) == .rumor(rumor))
        #expect(
            code { () throws(NostrError) in
                try alice.perform(opening, now: Self.wallClock, random: &random)
            } == .invalidMAC
        )
    }

    @Test func identitiesAsText() throws {
        let alice = try People.alice()
        guard case .remote(let key) = try Identity(text: Identity.remote(alice.publicKey).text) else {
            Issue.record("not remote")
            return
        }
        #expect(key == alice.publicKey)
        guard case .local(let local) = try Identity(text: Identity.local(alice).text) else {
            Issue.record("not local")
            return
        }
        #expect(local.publicKey == alice.publicKey)
        #expect(code { () throws(NostrError) in try Identity(text: "npub1") } == .invalidBech32)
        #expect(alice.publicKey.isOnCurve)
        let nobody = try #require(Bytes32([UInt8](repeating: 0xff, count: 32)))
        #expect(!PublicKey(nobody).isOnCurve)
    }
}
