import BurrowBase
import BurrowNostr
import Testing

/// The short way of reading events beside Jansson's.
@Suite struct EventScannerTests {
    private static let texts: [String] = {
        guard let key = try? People.alice(), let other = try? People.bob() else { return [] }
        let tags: [[Tag]] = [
            [], [[]], [["", "\u{0}"]],
            [["e", key.publicKey.hex, "wss://relay.example"], ["p", other.publicKey.hex], ["-"]],
        ]
        let contents = ["", "plain", "\"\\\n\t\r\u{8}\u{c}/", "\u{1}", "☎ é 𝄞", "a\u{7f}b\u{2028}"]
        var texts: [String] = []
        for tags in tags {
            for content in contents {
                guard let event = try? key.event(tags: tags, content: content) else { continue }
                texts.append(String(decoding: event.json, as: UTF8.self))
            }
        }
        return texts
    }()

    private func slow(_ json: [UInt8]) -> UnverifiedEvent? {
        let limits = JSON.Limits(
            bytes: NostrLimits.eventBytes,
            depth: NostrLimits.eventDepth,
            allowsNUL: true
        )
        guard case .object(let object)? = try? JSON.parse(json, limits: limits) else { return nil }
        return try? UnverifiedEvent(object)
    }

    private func fast(_ text: String) throws -> UnverifiedEvent? {
        let bytes = Array(text.utf8)
        return try EventScanner.event(bytes.span)
    }

    /// What relays send is read, with the value that Jansson reads; only escapes by number are left to it.
    @Test func agreesOnWhatRelaysSend() throws {
        #expect(Self.texts.count == 24)
        for text in Self.texts {
            let event = try fast(text)
            #expect((event == nil) == text.contains("\\u00"), "\(text)")
            if let event { #expect(event == slow(Array(text.utf8))) }
            #expect(try UnverifiedEvent(json: Array(text.utf8)).verified().json == Array(text.utf8))
            let message = Array(("[\"EVENT\",\"s1\"," + text + "]").utf8)
            let found = try EventScanner.message(message.span)
            #expect(found?.event == event)
            #expect(found == nil || found?.subscription == "s1")
        }
    }

    /// Whatever is changed in a text: what is read here Jansson reads the same way.
    @Test func agreesOnWhatIsBroken() throws {
        let alphabet =
            Array("\"\\{}[],:0123456789abcdefnrtu/ .-+\n".utf8) + [
                0, 0x1f, 0x7f, 0x80, 0xc0, 0xed, 0xf4, 0xff,
            ]
        var random = SeededRandom(seed: 5)
        var taken = 0
        for number in 0..<4000 {
            var bytes = Array(Self.texts[number % Self.texts.count].utf8)
            for _ in 0..<Int.random(in: 1...2, using: &random) {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                let byte = alphabet.randomElement(using: &random) ?? 0
                switch Int.random(in: 0..<4, using: &random) {
                case 0: bytes[place] = byte
                case 1: bytes.insert(byte, at: place)
                case 2: bytes.remove(at: place)
                default:
                    let end = min(place + Int.random(in: 1...80, using: &random), bytes.count)
                    bytes.insert(contentsOf: Array(bytes[place..<end]), at: end)
                }
            }
            guard let event = try EventScanner.event(bytes.span) else { continue }
            taken += 1
            #expect(event == slow(bytes), "\(String(decoding: bytes, as: UTF8.self))")
        }
        // A change inside of a string or a number is no mistake.
        #expect(taken > 150)
    }

    private static let shape = EventTests.shape

    @Test(arguments: [
        (#""created_at":1"#, #""created_at":01"#), (#""created_at":1"#, #""created_at":-0"#),
        (#""created_at":1"#, #""created_at":1000000000000000"#), (#""created_at":1"#, #""created_at":1.0"#),
        (#""kind":1"#, #""kind":65536"#), (#""kind":1"#, #""kind":""#),
        (#""kind":1,"#, #""kind":1,"kind":2,"#),
        (#""kind":1,"#, ""), (#""kind":1,"#, #""kind":1,"relay":"x","#), (#""kind":1,"#, #""kind":1, "#),
        (#""content":"""#, #""content":"\/""#), (#""content":"""#, #""content":"\u0041""#),
        (#""content":"""#, "\"content\":\"\u{1}\""), (#""content":"""#, #""content":"\"#),
        (#""tags":[]"#, #""tags":[[],]"#), (#""tags":[]"#, #""tags":[[1]]"#),
        (#""tags":[]"#, #""tags":["a"]"#),
        ("}", ""), ("}", "}}"), ("}", "} "),
    ])
    func leavesTheRestToJansson(part: String, replacement: String) throws {
        #expect(try fast(Self.shape) != nil)
        let range = try #require(Self.shape.firstRange(of: part))
        #expect(try fast(Self.shape.replacingCharacters(in: range, with: replacement)) == nil)
    }

    /// Each limit is Jansson's to judge, which is asked when it is exceeded.
    @Test func limits() throws {
        func event(tags: String = "[]", content: String = "") -> String {
            var text = Self.shape.replacing("\"tags\":[]", with: "\"tags\":\(tags)")
            text = text.replacing("\"content\":\"\"", with: "\"content\":\"\(content)\"")
            return text
        }
        let most = "[" + Array(repeating: "[]", count: NostrLimits.tags).joined(separator: ",") + "]"
        #expect(try fast(event(tags: most)) != nil)
        #expect(try fast(event(tags: most.dropLast() + ",[]]")) == nil)
        let longest = String(repeating: "x", count: NostrLimits.tagStringBytes)
        #expect(try fast(event(tags: "[[\"\(longest)\"]]")) != nil)
        #expect(try fast(event(tags: "[[\"\(longest)y\"]]")) == nil)
        let room = NostrLimits.eventBytes - Self.shape.utf8.count
        #expect(try fast(event(content: String(repeating: "x", count: room))) != nil)
        #expect(try fast(event(content: String(repeating: "x", count: room + 1))) == nil)
        let name = String(repeating: "s", count: NostrLimits.subscriptionIDBytes)
        let known = Array("[\"EVENT\",\"\(name)\",\(Self.shape)]".utf8)
        #expect(try EventScanner.message(known.span) != nil)
        let long = Array("[\"EVENT\",\"\(name)s\",\(Self.shape)]".utf8)
        #expect(try EventScanner.message(long.span) == nil)
        let more = Array("[\"EVENT\",\"s\",\(Self.shape),1]".utf8)
        #expect(try EventScanner.message(more.span) == nil)
    }
}
