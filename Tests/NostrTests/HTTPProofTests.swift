import BurrowBase
import BurrowNostr
import Testing

@Suite struct HTTPProofTests {
    static let cases = VectorFile.list("nip98.json", "cases")

    @Test(.enabled(if: VectorFile.areThere, VectorFile.absence), arguments: cases)
    func published(vector: JSON) throws {
        let file = try VectorFile.json("nip98.json")
        let request = try #require(file["request"])
        let now = UnixTime(try #require(file["now"]?.integerValue))
        let header = try vector.text("authorization")
        let verdict = try vector.text("expect")
        let asked = HTTPProofChecker.Request(
            url: try request.text("url"),
            method: try request.text("method"),
            body: Array(try request.text("body_utf8").utf8)
        )
        let name = try vector.text("name")
        let needsPayload = verdict.contains("unless the server demands payload")
        for requiresPayload in [false, true] {
            var checker = HTTPProofChecker(requiresPayload: requiresPayload)
            let found = code { () throws(NostrError) in try checker.check([header], for: asked, now: now) }
            let isAccepted = verdict.hasPrefix("accept") && !(needsPayload && requiresPayload)
            #expect((found == nil) == isAccepted, "\(name): \(verdict)")
            guard isAccepted else { continue }
            #expect(
                code { () throws(NostrError) in try checker.check([header], for: asked, now: now) }
                    == .replayed
            )
        }
        #expect(Self.cases.count == 23)
    }

    static let now = UnixTime(1_767_225_600)
    static let url = "https://relay.example.com/session"

    private func header(url: String = url, method: String = "GET", body: [UInt8]? = nil) throws -> String {
        let key = try People.alice()
        return HTTPProof.header(
            try key.sign(
                HTTPProof.draft(url: url, method: method, body: body, publicKey: key.publicKey, now: Self.now)
            )
        )
    }

    private func request(_ method: String = "GET", body: [UInt8]? = nil) -> HTTPProofChecker.Request {
        HTTPProofChecker.Request(url: Self.url, method: method, body: body)
    }

    @Test func roundTrip() throws {
        var checker = HTTPProofChecker()
        let plain = try header()
        #expect(try checker.check([plain], for: request(), now: Self.now) == (try People.alice().publicKey))
        let body: [UInt8] = [1, 2, 3]
        let withBody = try header(method: "POST", body: body)
        _ = try checker.check([withBody], for: request("POST", body: body), now: Self.now)
        let other = try header(method: "POST", body: [4])
        let found = code { () throws(NostrError) in
            try checker.check([other], for: request("POST", body: body), now: Self.now)
        }
        #expect(found == .wrongPayload)
    }

    @Test func headers() throws {
        var checker = HTTPProofChecker()
        let good = try header()
        for headers in [
            [], [good, good], ["Nostr"], ["Nostr "], ["Bearer x"],
            [good + String(repeating: "A", count: 8192)],
        ] {
            let found = code { () throws(NostrError) in
                try checker.check(headers, for: request(), now: Self.now)
            }
            #expect(found == .invalidHeader)
        }
    }

    @Test func memoryEnds() throws {
        var checker = HTTPProofChecker(capacity: 1)
        let first = try header()
        _ = try checker.check([first], for: request(), now: Self.now)
        let second = try header(method: "PUT")
        let found = code { () throws(NostrError) in
            try checker.check([second], for: request("PUT"), now: Self.now + 60)
        }
        #expect(found == .tooMany)
        let late = code { () throws(NostrError) in
            try checker.check([first], for: request(), now: Self.now + 121)
        }
        #expect(late == .notInTime)
    }
}

@Suite struct RelayAuthenticationTests {
    @Test(.enabled(if: VectorFile.areThere, VectorFile.absence)) func published() throws {
        let file = try VectorFile.json("nip42.json")
        let relay = try ServerURL(file.text("relay"), policy: .ownRelays)
        let challenge = try file.text("challenge")
        let now = UnixTime(try #require(file["now"]?.integerValue))
        let valid = try Event(json: try #require(file["valid"]).encoded)
        try RelayAuthentication.check(valid, relay: relay, challenge: challenge, now: now)
        let list = try #require(file["invalid"]?.arrayValue)
        let expected: [NostrError.Code] = [.wrongChallenge, .wrongRelay, .notInTime, .wrongKind]
        #expect(list.count == expected.count)
        for (vector, expected) in zip(list, expected) {
            let event = try Event(json: try #require(vector["event"]).encoded)
            let found = code { () throws(NostrError) in
                try RelayAuthentication.check(event, relay: relay, challenge: challenge, now: now)
            }
            #expect(found == expected)
        }
    }

    @Test func ownDraft() throws {
        let key = try People.alice()
        let now = UnixTime(1000)
        let relay = try ServerURL("WSS://Relay.Example:443/", policy: .relays)
        let event = try key.sign(
            RelayAuthentication.draft(relay: relay, challenge: "c\"1", publicKey: key.publicKey, now: now)
        )
        try RelayAuthentication.check(event, relay: relay, challenge: "c\"1", now: now + 600)
        let found = code { () throws(NostrError) in
            try RelayAuthentication.check(event, relay: relay, challenge: "c\"1", now: now + 601)
        }
        #expect(found == .notInTime)
    }
}
