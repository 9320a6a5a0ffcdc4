import BurrowBase
import BurrowNostr
import Testing

@Suite struct FilterTests {
    static let other = PublicKey(hex: String(repeating: "ab", count: 32))

    @Test func conditions() throws {
        let key = try People.alice()
        let event = try key.event(
            EventKind(7),
            at: 100,
            tags: [["p", "x"], ["t", "caf\u{e9}", "second"], []]
        )
        let other = try #require(Self.other)
        #expect(Filter().matches(event))
        #expect(Filter(ids: [event.id]).matches(event))
        #expect(!Filter(ids: [EventID(other.value)]).matches(event))
        #expect(Filter(authors: [other, key.publicKey]).matches(event))
        #expect(!Filter(authors: [other]).matches(event))
        #expect(Filter(kinds: [EventKind(7)]).matches(event))
        #expect(!Filter(kinds: [EventKind(8)]).matches(event))
        #expect(Filter(since: UnixTime(100), until: UnixTime(100)).matches(event))
        #expect(!Filter(since: UnixTime(101)).matches(event))
        #expect(!Filter(until: UnixTime(99)).matches(event))
        func tag(_ letter: Character, _ values: String...) throws -> Filter {
            Filter(tags: [try #require(Filter.TagCondition(letter, values))])
        }
        #expect(try tag("p", "y", "x").matches(event))
        #expect(try !tag("p", "y").matches(event))
        #expect(try !tag("e", "x").matches(event))
        #expect(try tag("t", "caf\u{e9}").matches(event))
        // The same word to people, other bytes to relays; and only the first value counts.
        #expect(try !tag("t", "cafe\u{301}").matches(event))
        #expect(try !tag("t", "second").matches(event))
        #expect(try UnverifiedEvent(json: event.json).id == event.id)
        #expect(try tag("p", "x").matches(UnverifiedEvent(json: event.json)))
    }

    @Test func emptyListsMatchNothing() throws {
        let event = try People.alice().event()
        for filter in [
            Filter(ids: []), Filter(authors: []), Filter(kinds: []),
            Filter(tags: [try #require(Filter.TagCondition("p", []))]),
        ] {
            #expect(filter.isImpossible)
            #expect(!filter.matches(event))
        }
        #expect(Filter(since: UnixTime(2), until: UnixTime(1)).isImpossible)
        #expect(!Filter().isImpossible)
    }

    @Test(arguments: [
        "{}",
        #"{"ids":["\#(String(repeating: "ab", count: 32))"],"kinds":[1,65535],"#
            + ##""#p":["\##(String(repeating: "cd", count: 32))"],"since":1,"until":2,"limit":0}"##,
        ##"{"authors":[],"#t":["a","b \"c\""],"#T":[]}"##,
    ])
    func roundTrip(text: String) throws {
        let filter = try Filter(json: Array(text.utf8))
        #expect(String(decoding: filter.json, as: UTF8.self) == text)
        #expect(try Filter(json: filter.json) == filter)
    }

    @Test(arguments: [
        (#"{"ids":["ab"]}"#, NostrError.Code.wrongType), (#"{"kinds":[65536]}"#, .wrongType),
        (#"{"kinds":["1"]}"#, .wrongType), (#"{"since":-1}"#, .wrongType), (#"{"limit":1.5}"#, .wrongType),
        (#"{"limit":-1}"#, .wrongType), (#"{"search":"x"}"#, .wrongType), (##"{"#pp":["x"]}"##, .wrongType),
        (##"{"#1":["x"]}"##, .wrongType), (##"{"#p":["x"]}"##, .invalidHex), ("[]", .wrongType),
        (#"{"ids":1}"#, .wrongType), (#"{"kinds":[1],"kinds":[2]}"#, .duplicateMember),
    ])
    func broken(text: String, expected: NostrError.Code) {
        #expect(code { () throws(NostrError) in try Filter(json: Array(text.utf8)) } == expected)
    }

    @Test func longLists() {
        let text = "{\"kinds\":[" + [String](repeating: "1", count: 1001).joined(separator: ",") + "]}"
        #expect(code { () throws(NostrError) in try Filter(json: Array(text.utf8)) } == .tooLarge)
    }
}
