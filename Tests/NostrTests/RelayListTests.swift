import BurrowBase
import BurrowNostr
import Testing

@Suite struct RelayListTests {
    private let start = Instant(microseconds: 5_000_000)
    private let now = UnixTime(1_767_225_600)

    private func urls(_ texts: String...) throws -> [ServerURL] {
        try texts.map { try ServerURL($0, policy: .media) }
    }

    @Test func readAndWrite() throws {
        let event = try People.alice().event(
            .relayList,
            tags: [
                ["r", "wss://both.example"], ["r", "wss://read.example", "read"],
                ["r", "wss://write.example", "write"], ["r", "wss://other.example", "strange"],
                ["r", "http://bad.example"], ["r"], ["x", "wss://x.example"],
                ["r", "wss://BOTH.example/", "read"],
            ]
        )
        let list = try RelayList(event)
        #expect(list.read == (try urls("wss://both.example", "wss://read.example")))
        #expect(list.write == (try urls("wss://both.example", "wss://write.example")))
        let again = try People.alice().event(.relayList, tags: list.tags)
        #expect(try RelayList(again) == list)
        #expect(code { () throws(NostrError) in try RelayList(People.wrongKind()) } == .wrongKind)
    }

    @Test func preferences() throws {
        let event = try People.alice().event(
            .mediaRelays,
            tags: [
                ["relay", "moq://b.example", "ignored"], ["r", "moq://not.example"],
                ["relay", "https://a.example/x?jwt=secret"], ["relay", "nonsense"],
                ["relay", "moq://B.example:443/"],
                ["relay", "moq://192.168.1.1"],
            ],
            content: "ignored"
        )
        let list = try ServerList(event)
        #expect(list.urls == (try urls("moq://b.example", "https://a.example/x")))
    }

    @Test func otherSpelling() throws {
        let event = try People.alice().event(.mediaRelays, tags: [["r", "moq://a.example"]])
        #expect(try ServerList(event).urls == (try urls("moq://a.example")))
        let inbox = try People.alice().event(.inboxRelays, tags: [["r", "wss://a.example"]])
        #expect(try ServerList(inbox).urls.isEmpty)
    }

    @Test func longLists() throws {
        let tags = (0..<1000).map { Tag(["relay", "moq://r\($0).example"]) }
        let list = try ServerList(People.alice().event(.mediaRelays, tags: tags))
        #expect(list.urls.count == 8)
        #expect(list.urls.first?.text == "moq://r0.example")
    }

    @Test func publishing() throws {
        let list = try ServerList(
            kind: .mediaRelays,
            texts: ["moq://a.example", "moq://A.example/", "wss://b.example"]
        )
        #expect(list.tags == [["relay", "moq://a.example"], ["relay", "wss://b.example"]])
        for (texts, expected) in [
            (["moq://a.example/?jwt=x"], NostrError.Code.invalidURL), (["moq://10.0.0.1"], .invalidURL),
            (["a.example"], .invalidURL), ((0..<9).map { "moq://r\($0).example" }, .tooMany),
        ] {
            #expect(
                code { () throws(NostrError) in try ServerList(kind: .mediaRelays, texts: texts) } == expected
            )
        }
        #expect(code { () throws(NostrError) in try ServerList(kind: .relayList, texts: []) } == .wrongKind)
    }

    @Test func directory() throws {
        let alice = try People.alice()
        let person = alice.publicKey
        var directory = RelayDirectory()
        #expect(directory.list(.mediaRelays, of: person, now: start) == .unknown)
        directory.noteFetched(person, now: start)
        #expect(directory.list(.mediaRelays, of: person, now: start) == .absent)

        let first = try alice.event(.mediaRelays, at: 1000, tags: [["relay", "moq://a.example"]])
        let second = try alice.event(.mediaRelays, at: 1001, tags: [])
        #expect(directory.take(second, now: now) == true)
        #expect(directory.take(first, now: now) == false)
        let empty = try ServerList(second)
        #expect(directory.list(.mediaRelays, of: person, now: start) == .known(empty, isStale: false))
        let later = start + .seconds(24 * 3600 + 1)
        #expect(directory.list(.mediaRelays, of: person, now: later) == .known(empty, isStale: true))

        let future = try alice.event(.mediaRelays, at: now.seconds + 901)
        #expect(directory.take(future, now: now) == false)
        #expect(try directory.take(alice.event(), now: now) == false)
    }

    @Test func deletion() throws {
        let alice = try People.alice()
        let bob = try People.bob()
        var directory = RelayDirectory()
        let list = try alice.event(.mediaRelays, at: 1000, tags: [["relay", "moq://a.example"]])
        #expect(directory.take(list, now: now) == true)
        directory.noteFetched(alice.publicKey, now: start)
        let address = "10053:\(alice.publicKey.hex):"
        #expect(
            try directory.take(
                bob.event(.deletion, at: 1001, tags: [["e", list.id.hex], ["a", address]]),
                now: now
            ) == false
        )
        #expect(
            try directory.take(alice.event(.deletion, at: 999, tags: [["a", address]]), now: now) == false
        )
        #expect(
            try directory.take(alice.event(.deletion, at: 1001, tags: [["e", list.id.hex]]), now: now) == true
        )
        #expect(directory.list(.mediaRelays, of: alice.publicKey, now: start) == .absent)
        #expect(directory.take(list, now: now) == false)
        let next = try alice.event(.mediaRelays, at: 1002, tags: [["relay", "moq://b.example"]])
        #expect(directory.take(next, now: now) == true)
        #expect(
            try directory.take(alice.event(.deletion, at: 1002, tags: [["a", address]]), now: now) == true
        )
    }

    @Test func whereToSend() throws {
        let alice = try People.alice()
        let person = alice.publicKey
        var directory = RelayDirectory()
        #expect(directory.inbox(of: person, now: start).isEmpty)
        let general = try alice.event(
            .relayList,
            tags: [["r", "wss://r.example", "read"], ["r", "wss://w.example", "write"]]
        )
        #expect(directory.take(general, now: now) == true)
        #expect(directory.inbox(of: person, now: start) == (try urls("wss://r.example")))
        #expect(directory.writeRelays(of: person, now: start) == (try urls("wss://w.example")))
        #expect(
            try directory.take(alice.event(.inboxRelays, tags: [["relay", "wss://i.example"]]), now: now)
                == true
        )
        #expect(directory.inbox(of: person, now: start) == (try urls("wss://i.example")))
        #expect(
            try directory.take(
                alice.event(.keyPackageRelays, tags: [["relay", "wss://k.example"]]),
                now: now
            ) == true
        )
        #expect(
            directory.keyPackageRelays(of: person, now: start)
                == (try urls("wss://k.example", "wss://w.example"))
        )
    }
}

extension People {
    static func wrongKind() throws(NostrError) -> Event {
        let key = try LocalKey.importing(aliceSecret)
        return try key.sign(Rumor(publicKey: key.publicKey, createdAt: UnixTime(1), kind: EventKind(1)))
    }
}
