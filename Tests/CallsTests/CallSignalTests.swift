import BurrowBase
import BurrowCalls
import BurrowNostr
import Testing

@Suite struct CallSignalTests {
    private func rumor(_ kind: UInt16, _ content: String, tags: [Tag] = [["call-id", "id-1"]]) throws -> Rumor
    {
        try Rumor(
            publicKey: person(1),
            createdAt: UnixTime(epoch),
            kind: EventKind(kind),
            tags: tags,
            content: content
        )
    }

    private func read(_ kind: UInt16, _ content: String, tags: [Tag] = [["call-id", "id-1"]]) throws
        -> CallSignal?
    {
        try CallSignal.read(rumor(kind, content, tags: tags))
    }

    private let plain =
        #""call_type":"video","moq_relay":"moq://moq.example:4443","broadcast_path":"burrow/4be1/9c3f","room":"4be1""#

    // MARK: Writing

    @Test func offerHasTheMembersAndTagsOfTheReference() throws {
        let room = try #require(RoomPath(room: "4be1", path: "burrow/4be1/9c3f/01"))
        var offer = CallOffer(
            media: .video,
            relays: [try url("moq://moq.burrow.chat:4443")],
            room: room,
            path: "burrow/4be1/9c3f/01"
        )
        offer.device = DeviceID("a1b2c3d4e5f60718")
        offer.epoch = 12
        offer.protection = CallOffer.protection
        offer.capabilities = ["opus", "h264"]
        let id = try CallID.named("7b0f1c1e-6b0e-4f57-9d1a-0d3d2f7c9a11")
        let signal = CallSignal(id, .offer(offer))
        let bob = try person(2)
        let sent = try signal.rumor(
            from: person(1),
            to: .person(bob, expires: UnixTime(epoch + 60)),
            at: UnixTime(epoch)
        )
        #expect(
            sent.content
                == #"{"v":2,"call_id":"7b0f1c1e-6b0e-4f57-9d1a-0d3d2f7c9a11","call_type":"video","#
                + #""moq_relay":"moq://moq.burrow.chat:4443","broadcast_path":"burrow/4be1/9c3f/01","room":"4be1","#
                + #""device":"a1b2c3d4e5f60718","epoch":12,"e2ee":"burrow-frame-1","caps":["opus","h264"]}"#
        )
        #expect(
            sent.tags == [
                ["p", bob.hex], ["call-id", id.text], ["expiration", "\(epoch + 60)"],
                ["call-type", "video"],
            ]
        )
        #expect(sent.kind == EventKind(25050))
        #expect(try CallSignal.read(sent) == signal)
    }

    @Test func groupsRumorsNameNoGroupAndNoRecipient() throws {
        let id = try CallID.named("c")
        let signals: [CallSignal] = [
            CallSignal(id, .end(CallEnd(.hangup, scope: .own))), CallSignal(id, .update(CallUpdate(.joined))),
        ]
        for signal in signals {
            let rumor = try signal.rumor(from: person(1), to: .group, at: UnixTime(epoch))
            #expect(rumor.tags == [["call-id", "c"]])
        }
    }

    @Test func updatesAlwaysHaveTheKeysOfTodaysClients() throws {
        let id = try CallID.named("c")
        var update = CallUpdate(.accepted)
        #expect(
            CallSignal(id, .update(update)).content
                == #"{"v":2,"call_id":"c","is_muted":null,"is_video_enabled":null,"state":"accepted"}"#
        )
        update = CallUpdate()
        update.isMuted = true
        update.hasVideo = false
        update.sequence = 7
        #expect(
            CallSignal(id, .update(update)).content
                == #"{"v":2,"call_id":"c","is_muted":true,"is_video_enabled":false,"seq":7}"#
        )
    }

    @Test func endsNameReasonScopeAndSuccessor() throws {
        var end = CallEnd(.glare, scope: .call, device: DeviceID("a1b2c3d4"))
        end.successor = CallID("other")
        let signal = CallSignal(try .named("c"), .end(end))
        #expect(
            signal.content
                == #"{"v":2,"call_id":"c","device":"a1b2c3d4","reason":"glare","scope":"call","superseded_by":"other"}"#
        )
        #expect(try CallSignal.read(signal.rumor(from: person(1), to: .group, at: UnixTime(epoch))) == signal)
    }

    // MARK: Reading offers

    @Test func thePlansLiteralFormIsAnOffer() throws {
        let signal = try #require(try read(25050, "{\"call_id\":\"id-1\",\(plain)}"))
        guard case .offer(let offer) = signal.body else {
            Issue.record("no offer")
            return
        }
        #expect(offer.media == .video)
        #expect(offer.relays.map(\.text) == ["moq://moq.example:4443"])
        #expect(offer.room.prefix == "burrow/4be1")
        #expect(offer.rings)
        #expect(offer.device == nil && offer.epoch == nil && offer.protection == nil)
    }

    @Test(arguments: [
        // Nothing that says which call, and two that differ.
        ("{PLAIN}", [], false), (#"{"call_id":"other",PLAIN}"#, ["id-1"], false),
        (#"{"call_id":"id-1",PLAIN}"#, ["id-1", "id-2"], false), (#"{"call_id":"a b",PLAIN}"#, [], false),
        (#"{"call_id":"",PLAIN}"#, [], false), ("{PLAIN}", [""], false),
        // The wrong type is as absent, so the tag counts.
        (#"{"call_id":7,PLAIN}"#, ["id-1"], true), ("{PLAIN}", ["id-1"], true),
        // A name twice is never the last one.
        (#"{"call_id":"id-1","call_id":"id-1",PLAIN}"#, [], false),
        (#"{"ring":true,"ring":false,PLAIN}"#, ["i"], false),
        ("[]", ["i"], false), ("", ["i"], false), ("{", ["i"], false),
        (#"{"unknown":{"a":[1]},PLAIN}"#, ["i"], true),
    ])
    func offersAreCheckedStrictly(_ content: String, _ ids: [String], _ isValid: Bool) throws {
        let content = content.split(separator: "PLAIN", omittingEmptySubsequences: false).joined(
            separator: plain
        )
        let rumor = try rumor(25050, content, tags: ids.map { ["call-id", $0] })
        if isValid {
            #expect(try CallSignal.read(rumor) != nil)
        } else {
            #expect(throws: CallError.self) { try CallSignal.read(rumor) }
        }
    }

    @Test(arguments: [
        ("moq://moq.example", "burrow/r/me", "r", true), ("moq.example", "burrow/r/me", "r", false),
        ("https://u@moq.example", "burrow/r/me", "r", false),
        ("ftp://moq.example", "burrow/r/me", "r", false),
        ("moq://moq.example", "burrow/r", "r", false), ("moq://moq.example", "burrow/x/me", "r", false),
        ("moq://moq.example", "/r/me", "r", false), ("moq://moq.example", "r/../me", "r", false),
        ("moq://moq.example", "r//me", "r", false), ("moq://moq.example", "r/me/", "r", false),
        ("moq://moq.example", "r/m e", "r", false), ("moq://moq.example", "1/2/3/4/5/6/r/8", "r", true),
        ("moq://moq.example", "1/2/3/4/5/6/7/r/9", "r", false), ("moq://moq.example", "a/b/c", "a/b", false),
        ("moq://moq.example", "rr/me", "r", false), ("moq://moq.example", "r/ü", "r", false),
    ])
    func placesAreCheckedStrictly(_ relay: String, _ path: String, _ room: String, _ isValid: Bool) throws {
        let content =
            #"{"call_type":"audio","moq_relay":"\#(relay)","broadcast_path":"\#(path)","room":"\#(room)"}"#
        let rumor = try rumor(25050, content)
        if isValid {
            #expect(try CallSignal.read(rumor) != nil)
        } else {
            #expect(throws: CallError.self) { try CallSignal.read(rumor) }
        }
    }

    @Test func tokensOfOthersAreNotKept() throws {
        let content =
            #"{"call_type":"audio","moq_relay":"moq://m.example/a?jwt=x&b=1","broadcast_path":"r/me","room":"r"}"#
        guard case .offer(let offer) = try read(25050, content)?.body else {
            Issue.record("no offer")
            return
        }
        #expect(offer.relays.map(\.text) == ["moq://m.example/a?b=1"])
    }

    @Test func contentIsLimited() throws {
        let padding = CallLimits.contentBytes - "{\(plain),\"x\":\"\"}".utf8.count
        let text = { (count: Int) in "{\(plain),\"x\":\"\(String(repeating: "x", count: count))\"}" }
        #expect(try read(25050, text(padding)) != nil)
        #expect(throws: CallError.self) { try read(25050, text(padding + 1)) }
    }

    // MARK: Old clients

    @Test(arguments: [
        #"{"sdp":"v=0","call_type":"video"}"#, #"{"sdp":""}"#, "v=0\r\no=- 1 1 IN IP4 127.0.0.1",
    ])
    func webRTCOffersAreKnown(_ content: String) throws {
        let signal = try read(25050, content, tags: [["call-id", "abc"], ["call-type", "video"]])
        #expect(signal?.body == .legacyOffer(.video))
    }

    @Test func answersAndCandidatesMeanNothing() throws {
        #expect(try read(25051, #"{"sdp":"v=0"}"#) == nil)
        #expect(try read(25052, #"{"candidate":"x","sdp_mid":"0","sdp_m_line_index":null}"#) == nil)
        #expect(try read(25055, "{}") == nil)
    }

    @Test(arguments: [
        ("hangup", CallEndReason.hangup, nil), ("declined", .declined, nil), ("busy", .busy, nil),
        ("", .unknown, nil), ("went away", .unknown, "went away"), ("missed", .unknown, "missed"),
        (#"{"reason":"timeout"}"#, .timeout, nil), (#"{"reason":7}"#, .unknown, nil), ("{}", .unknown, nil),
        (#"{"reason":"remote_hangup"}"#, .unknown, "remote_hangup"),
    ])
    func endsAreTextsOrObjects(_ content: String, _ reason: CallEndReason, _ text: String?) throws {
        guard case .end(let end) = try read(25053, content)?.body else {
            Issue.record("no end")
            return
        }
        #expect(end.reason == reason)
        #expect(end.text == text)
        #expect(end.scope == nil)
    }

    @Test func updatesOfTodaysClientsAreRead() throws {
        guard case .update(let update) = try read(25054, #"{"is_muted":true,"is_video_enabled":null}"#)?.body
        else {
            Issue.record("no update")
            return
        }
        #expect(update.isMuted == true && update.hasVideo == nil && update.progress == nil)
        #expect(throws: CallError.self) { try read(25054, "muted") }
    }

    @Test func aSignalInsideAMessageIsFound() throws {
        let inner = try rumor(25053, "hangup")
        let outer = try rumor(1, String(decoding: inner.json, as: UTF8.self), tags: [])
        #expect(CallSignal.nested(in: outer) == inner)
        // Of somebody else, of another kind, in another kind.
        let foreign = try Rumor(
            publicKey: person(2),
            createdAt: UnixTime(epoch),
            kind: EventKind(1),
            content: String(decoding: inner.json, as: UTF8.self)
        )
        #expect(CallSignal.nested(in: foreign) == nil)
        let text = try rumor(7, "+")
        #expect(CallSignal.nested(in: try rumor(1, String(decoding: text.json, as: UTF8.self))) == nil)
        #expect(CallSignal.nested(in: try rumor(9, String(decoding: inner.json, as: UTF8.self))) == nil)
    }

    // MARK: Names

    @Test func idsAreRandomUUIDs() throws {
        var random = SeededRandom(seed: 1)
        let ids = (0..<100).map { _ in CallID(random: &random) }
        #expect(Set(ids).count == 100)
        for id in ids {
            let text = Array(id.text)
            #expect(text.count == 36 && text[14] == "4" && "89ab".contains(text[19]))
            #expect(CallID(id.text) == id)
        }
    }

    @Test(arguments: [
        ("", false), ("a", true), ("A-z_9", true), ("a b", false), ("ä", false), ("a/b", false),
    ])
    func callIDsHaveAnAlphabet(_ text: String, _ isValid: Bool) {
        #expect((CallID(text) != nil) == isValid)
        #expect(CallID(String(repeating: "x", count: 128)) != nil)
        #expect(CallID(String(repeating: "x", count: 129)) == nil)
    }

    @Test(arguments: [
        ("a1b2c3d", false), ("a1b2c3d4", true), ("A1B2C3D4", true), ("g1b2c3d4", false),
    ])
    func devicesAreHexadecimal(_ text: String, _ isValid: Bool) {
        #expect((DeviceID(text) != nil) == isValid)
        #expect(DeviceID(String(repeating: "a", count: 64)) != nil)
        #expect(DeviceID(String(repeating: "a", count: 65)) == nil)
    }
}
