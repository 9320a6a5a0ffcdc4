import BurrowBase
import BurrowNostr
import Testing

@Suite struct KeyRequestTests {
    private let start = Instant(microseconds: 1_000_000)

    @Test func answersAreChecked() throws {
        let alice = try People.alice()
        let bob = try People.bob()
        var requests = KeyRequests(publicKey: alice.publicKey)
        let rumor = try alice.event(content: "x").rumor
        func ask(_ request: KeyRequest) throws -> UInt64 { try requests.ask(request, purpose: 9, now: start) }

        let whole = try alice.sign(rumor)
        let first = try requests.answer(ask(.sign(rumor)), whole.json)
        #expect(first.purpose == 9)
        #expect(first.answer == .signed(whole))
        #expect(try requests.answer(ask(.sign(rumor)), whole.signature.bytes).answer == .signed(whole))

        func failure(_ request: KeyRequest, _ bytes: [UInt8]?) throws -> NostrError.Code? {
            guard case .failed(let error) = try requests.answer(ask(request), bytes).answer else {
                return nil
            }
            return error.code
        }
        #expect(try failure(.sign(rumor), alice.event(content: "y").json) == .wrongKeyAnswer)
        #expect(try failure(.sign(rumor), bob.event().signature.bytes) == .invalidSignature)
        #expect(try failure(.sign(rumor), nil) == .keyRefused)
        #expect(try failure(.sign(rumor), [1, 2, 3]) == .malformedJSON)
        #expect(try failure(.encrypt([1], for: bob.publicKey), Array("short".utf8)) == .invalidLength)
        #expect(try failure(.encrypt([1], for: bob.publicKey), [0xff]) == .wrongKeyAnswer)
        #expect(try failure(.decrypt("x", from: bob.publicKey), [0xff]) == .wrongKeyAnswer)
        #expect(
            try requests.answer(ask(.decrypt("x", from: bob.publicKey)), [0x61]).answer == .decrypted([0x61])
        )
        #expect(requests.count == 0)
    }

    @Test func timeAndNumbers() throws {
        let alice = try People.alice()
        let rumor = try alice.event().rumor
        let limits = KeyRequests.Limits(count: 2, patience: .seconds(5))
        var requests = KeyRequests(publicKey: alice.publicKey, limits: limits)
        #expect(requests.deadline == nil)
        let first = try requests.ask(.sign(rumor), purpose: 1, now: start)
        _ = try requests.ask(.sign(rumor), purpose: 2, now: start + .seconds(1))
        let third = code { () throws(NostrError) in
            try requests.ask(.sign(rumor), purpose: 3, now: start)
        }
        #expect(third == .tooMany)
        #expect(requests.deadline == start + .seconds(5))
        #expect(requests.expire(now: start + .seconds(4)).isEmpty)
        let expired = requests.expire(now: start + .seconds(5))
        #expect(expired.map(\.purpose) == [1])
        #expect(code { () throws(NostrError) in try requests.answer(first, nil) } == .wrongKeyAnswer)
        requests.cancel(purpose: 2)
        #expect(requests.count == 0)
        #expect(requests.deadline == nil)
    }
}
