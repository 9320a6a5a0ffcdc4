import BurrowBase
import BurrowNostr
import Testing

@Suite struct EventTests {
    static let valid = VectorFile.list("nip01-events.json", "valid")
    static let invalid = VectorFile.list("nip01-events.json", "invalid")

    @Test(.enabled(if: VectorFile.areThere, VectorFile.absence), arguments: valid)
    func published(vector: JSON) throws {
        let event = try Event(json: try #require(vector["event"]).encoded)
        #expect(Hex.encode(event.rumor.canonicalForm) == (try vector.text("serialized_hex")))
        let again = try Event(json: event.json)
        #expect(again == event)
        #expect(again.rumor.canonicalForm == event.rumor.canonicalForm)
    }

    @Test(.enabled(if: VectorFile.areThere, VectorFile.absence)) func controlCharacters() throws {
        let vector = try #require(try VectorFile.json("nip01-events.json")["control_characters"]?["event"])
        let event = try Event(json: vector.encoded)
        #expect(event.content == "nul\0 esc\u{1b} us\u{1f}")
        #expect(try Event(json: event.json).id == event.id)
    }

    static let expected: [String: NostrError.Code] = [
        "content changed": .wrongID,
        "id changed": .wrongID,
        "signature zero": .invalidSignature,
        "signature by another key": .invalidSignature,
        "pubkey not on the curve": .wrongID,
        "upper-case pubkey": .invalidHex,
        "short sig": .invalidHex,
        "kind too large": .kindOutOfRange,
        "negative created_at": .timeOutOfRange,
        "tag with a number": .invalidTag,
        "tag not an array": .invalidTag,
        "missing sig": .missingMember,
    ]

    @Test(.enabled(if: VectorFile.areThere, VectorFile.absence), arguments: invalid)
    func publishedInvalid(vector: JSON) throws {
        let json = try #require(vector["event"]).encoded
        let name = try vector.text("name")
        #expect(code { () throws(NostrError) in try Event(json: json) } == Self.expected[name], "\(name)")
        #expect(Self.invalid.count == Self.expected.count)
    }

    /// A well-formed event whose parts are replaced.
    static let shape =
        #"{"id":"\#(String(repeating: "1", count: 64))","pubkey":"\#(String(repeating: "2", count: 64))","#
        + #""created_at":1,"kind":1,"tags":[],"content":"","sig":"\#(String(repeating: "3", count: 128))"}"#

    @Test(arguments: [
        (#""content":"""#, #""content":"","content":"x""#, NostrError.Code.duplicateMember),
        (#""created_at":1"#, #""created_at":1.0"#, .wrongType),
        (#""created_at":1"#, #""created_at":1e3"#, .wrongType),
        (#""created_at":1"#, #""created_at":"1""#, .wrongType),
        (#""created_at":1"#, #""created_at":9223372036854775808"#, .malformedJSON),
        (#""kind":1"#, #""kind":-1"#, .kindOutOfRange),
        (#""kind":1"#, #""kind":true"#, .wrongType),
        (#""kind":1,"#, "", .missingMember),
        (#""tags":[]"#, #""tags":{}"#, .invalidTag),
        (#""tags":[]"#, #""tags":[[null]]"#, .invalidTag),
        (#""tags":[]"#, #""tags":[["a",["b"]]]"#, .invalidTag),
        (#""tags":[]"#, #""tags":[[[[[[[]]]]]]]"#, .tooLarge),
        (#""content":"""#, #""content":null"#, .wrongType),
        (#""content":"""#, #""content":"\ud800""#, .malformedJSON),
        (#""content":"""#, #""content":"a"#, .malformedJSON),
        (#""id":"1"#, #""id":"A"#, .invalidHex),
        ("}", "} x", .malformedJSON),
        ("{", "[{", .malformedJSON),
    ])
    func brokenShape(part: String, replacement: String, expected: NostrError.Code) throws {
        #expect(code { () throws(NostrError) in try UnverifiedEvent(json: Array(Self.shape.utf8)) } == nil)
        let range = try #require(Self.shape.firstRange(of: part))
        let text = Self.shape.replacingCharacters(in: range, with: replacement)
        #expect(code { () throws(NostrError) in try UnverifiedEvent(json: Array(text.utf8)) } == expected)
    }

    @Test func badText() {
        let json = Array(Self.shape.utf8)
        let broken = json.dropLast(2) + [0xc3, 0x28] + json.suffix(2)
        #expect(code { () throws(NostrError) in try UnverifiedEvent(json: Array(broken)) } == .invalidUTF8)
        #expect(code { () throws(NostrError) in try UnverifiedEvent(json: Array("[]".utf8)) } == .wrongType)
        #expect(code { () throws(NostrError) in try UnverifiedEvent(json: []) } == .malformedJSON)
    }

    @Test func sizes() throws {
        let key = try People.alice()
        let manyTags = try key.event(tags: [Tag](repeating: ["a"], count: 2001))
        #expect(code { () throws(NostrError) in try Event(json: manyTags.json) } == .tooLarge)
        let longTag = try key.event(tags: [["a", String(repeating: "x", count: 8193)]])
        #expect(code { () throws(NostrError) in try Event(json: longTag.json) } == .tooLarge)
        let longEvent = try key.event(content: String(repeating: "x", count: 128 << 10))
        #expect(code { () throws(NostrError) in try Event(json: longEvent.json) } == .tooLarge)
        let fits = try key.event(
            tags: [Tag](repeating: ["a"], count: 2000) + [],
            content: String(repeating: "x", count: 100_000)
        )
        #expect(try Event(json: fits.json) == fits)
    }

    @Test func emptyTagsCount() throws {
        let event = try People.alice().event(tags: [[], ["d"], ["", "x"]])
        let again = try Event(json: event.json)
        #expect(again.tags == [[], ["d"], ["", "x"]])
        #expect(again.tags.value(of: "d") == nil)
    }

    @Test func unknownMembersAreIgnored() throws {
        let event = try People.alice().event(content: "x")
        var json = event.json
        json.removeLast()
        json += Array(#","seen":[{"a":1}]}"#.utf8)
        #expect(try Event(json: json) == event)
    }

    @Test func expiration() throws {
        let key = try People.alice()
        let event = try key.event(tags: [["expiration", "100"]])
        #expect(event.rumor.expiration == UnixTime(100))
        #expect(event.rumor.isExpired(at: UnixTime(100)))
        #expect(!event.rumor.isExpired(at: UnixTime(99)))
        for text in ["", "-1", "+1", "1.5", "99999999999999999999", "ten"] {
            #expect(try key.event(tags: [["expiration", text]]).rumor.expiration == nil)
        }
        #expect(try key.event(tags: [["-"]]).rumor.isProtected)
    }

    @Test func signingForOthersIsRefused() throws {
        let bob = try People.bob()
        let alice = try People.alice()
        let rumor = try Rumor(publicKey: bob.publicKey, createdAt: UnixTime(1), kind: EventKind(1))
        #expect(code { () throws(NostrError) in try alice.sign(rumor) } == .wrongAuthor)
        let foreign = try alice.event().signature
        #expect(code { () throws(NostrError) in try Event(rumor, signature: foreign) } == .invalidSignature)
    }
}

extension String {
    func replacingCharacters(in range: Range<String.Index>, with text: String) -> String {
        String(self[..<range.lowerBound]) + text + String(self[range.upperBound...])
    }
}
