import BurrowBase
import BurrowNostr
import Testing

@Suite struct RelayMessageTests {
    private static let id = String(repeating: "ab", count: 32)

    private func message(_ text: String) throws(NostrError) -> RelayMessage {
        try RelayMessage(Array(text.utf8))
    }

    @Test func known() throws {
        let id = try #require(EventID(hex: Self.id))
        #expect(
            try message(#"["OK","\#(Self.id)",true,""]"#) == .ok(id, isAccepted: true, RelayReason(""))
        )
        #expect(try message(#"["OK","\#(Self.id)",false]"#) == .ok(id, isAccepted: false, RelayReason("")))
        #expect(try message(#"["EOSE","s1"]"#) == .endOfStored(subscription: "s1"))
        #expect(
            try message(#"["CLOSED","s1","auth-required: who are you"]"#)
                == .closed(subscription: "s1", RelayReason("auth-required: who are you"))
        )
        #expect(try message(#"["CLOSED","s1"]"#) == .closed(subscription: "s1", RelayReason("")))
        #expect(try message(#"["NOTICE","h\u0000i",1]"#) == .notice("h\0i"))
        #expect(try message(#"["AUTH","c"]"#) == .authenticate(challenge: "c"))
        let event = try People.alice().event(content: "x")
        let text = #"["EVENT","s1",\#(String(decoding: event.json, as: UTF8.self))]"#
        guard case .event("s1", let brought) = try message(text) else {
            Issue.record("no event")
            return
        }
        #expect(try brought.verified() == event)
    }

    @Test(arguments: [
        ("", NostrError.Code.malformedJSON), ("[]", .invalidMessage), ("{}", .invalidMessage),
        ("[1]", .invalidMessage), (#"["HELLO"]"#, .invalidMessage), (#"["EVENT"]"#, .invalidMessage),
        (#"["EVENT","s1"]"#, .invalidMessage), (#"["EVENT","s1",[]]"#, .invalidMessage),
        (#"["EVENT","s1",{}]"#, .missingMember), (#"["EVENT",1,{}]"#, .invalidMessage),
        (#"["OK","\#(id)","true",""]"#, .invalidMessage), (#"["OK","ab",true,""]"#, .invalidMessage),
        (#"["OK","\#(id)",true,1]"#, .invalidMessage), (#"["EOSE"]"#, .invalidMessage),
        (#"["CLOSED",null]"#, .invalidMessage), (#"["AUTH",""]"#, .invalidMessage),
        (#"["AUTH"]"#, .invalidMessage), (#"["NOTICE",{}]"#, .invalidMessage),
        (#"["EOSE","\#(String(repeating: "x", count: 65))"]"#, .invalidMessage),
        (#"["AUTH","\#(String(repeating: "x", count: 513))"]"#, .invalidMessage),
        (#"["EVENT","s1",{"a":{"b":{"c":{"d":{"e":{}}}}}}]"#, .tooLarge),
    ])
    func broken(text: String, expected: NostrError.Code) {
        #expect(code { () throws(NostrError) in try message(text) } == expected)
    }

    @Test(arguments: [
        ("duplicate: x", RelayReason.Kind.duplicate), ("pow: 20", .proofOfWork), ("blocked: x", .blocked),
        ("rate-limited: x", .rateLimited), ("invalid: x", .invalid), ("restricted: x", .restricted),
        ("mute: x", .mute), ("error: x", .error), ("auth-required: x", .authenticationRequired),
        ("unsupported: x", .unsupported), ("", .other), ("blocked", .other), ("strange: x", .other),
        ("Blocked: x", .other),
    ])
    func reasons(text: String, kind: RelayReason.Kind) {
        #expect(RelayReason(text).kind == kind)
        #expect(RelayReason(text).text == text)
    }

    @Test func longReasons() {
        #expect(RelayReason(String(repeating: "x", count: 5000)).text.utf8.count == 1024)
        #expect(
            RelayReason(String(repeating: "\u{1f468}\u{200d}\u{1f469}", count: 500)).text.utf8.count <= 1024
        )
    }

    @Test func ours() throws {
        let event = try People.alice().event(content: "x")
        let json = String(decoding: event.json, as: UTF8.self)
        func text(_ message: ClientMessage) -> String { String(decoding: message.json, as: UTF8.self) }
        #expect(text(.event(event)) == #"["EVENT",\#(json)]"#)
        #expect(text(.authenticate(event)) == #"["AUTH",\#(json)]"#)
        #expect(text(.close(subscription: "a\"b")) == #"["CLOSE","a\"b"]"#)
        #expect(
            text(.request(subscription: "s1", [Filter(kinds: [EventKind(1)]), Filter(limit: 0)]))
                == #"["REQ","s1",{"kinds":[1]},{"limit":0}]"#
        )
    }
}
