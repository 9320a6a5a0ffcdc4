import BurrowBase
import BurrowMoQ
import Testing

@Suite struct IssuedTokenTests {
    private func token(_ payload: String) -> String {
        "\(Base64.url.encode(Array("{}".utf8))).\(Base64.url.encode(Array(payload.utf8))).AAAA"
    }

    private func read(_ answer: String) throws(AccessError) -> IssuedToken {
        try IssuedToken(answer: Array(answer.utf8))
    }

    @Test func allForms() throws {
        let text = Sample.sharedToken
        for answer in [
            text, "\n \(text)\r\n", #"{"token":"\#(text)","other":[1]}"#, #" {"token":"\#(text)"}"#,
        ] {
            let issued = try read(answer)
            #expect(issued.text == text)
            #expect(issued.expires == Sample.expires)
            #expect(issued.issued == Sample.issued)
        }
        #expect(try read(token("{}")).expires == nil)
        #expect(try read(token(#"{"exp":12.5}"#)).expires == 12)
    }

    @Test(arguments: [
        "", "a.b", "a.b.c.d", "{}", #"{"token":1}"#, "<html>a.b.c</html>", "!.e30.A", "e30.W10.A",
        "{\"token\":\"\(Sample.sharedToken) \"}", String(repeating: "a", count: 40_000),
        "e30." + String(repeating: "A", count: 9_000) + ".A",
    ])
    func refused(answer: String) {
        #expect(throws: AccessError.self) { try read(answer) }
    }

    @Test func askedForAgainAtFourFifths() throws {
        let now = Instant(microseconds: 5_000_000)
        var schedule = TokenSchedule()
        let byOurClock = try read(token(#"{"exp":1100}"#))
        var due = try schedule.received(byOurClock, now: now, unixSeconds: 1000)
        #expect(due == now + .seconds(80))
        // A clock of ours that is an hour wrong does not matter to whoever says when the token was made.
        let byTheirs = try read(token(#"{"iat":1000,"exp":1100}"#))
        due = try schedule.received(byTheirs, now: now, unixSeconds: 4600)
        #expect(due == now + .seconds(80))
        due = try schedule.received(read(token("{}")), now: now, unixSeconds: 1)
        #expect(due == nil)
        for late in [#"{"exp":1000}"#, #"{"iat":1001,"exp":1000}"#, #"{"exp":-9223372036854775807}"#] {
            let late = try read(token(late))
            #expect(throws: AccessError.self) { try schedule.received(late, now: now, unixSeconds: 1000) }
        }
        let endless = try read(token(#"{"exp":9223372036854775807,"iat":-9223372036854775807}"#))
        let again = try schedule.received(endless, now: now, unixSeconds: 1000)
        #expect(again == now + .seconds(292 * 86_400))
    }

    @Test func triesAgainAsLongAsThereIsSense() throws {
        var schedule = TokenSchedule()
        let start = Instant(microseconds: 0)
        let withoutToken = schedule.failed(now: start)
        #expect(withoutToken == nil)
        let due = try schedule.received(read(token(#"{"exp":1010}"#)), now: start, unixSeconds: 1000)
        #expect(due == start + .seconds(8))
        let first = schedule.failed(now: start + .seconds(8))
        #expect(first == start + .seconds(9))
        let second = schedule.failed(now: start + .seconds(9))
        #expect(second == nil)
    }
}
