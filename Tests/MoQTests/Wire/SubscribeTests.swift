import BurrowBase
import BurrowMoQ
import Testing

@Suite struct SubscribeTests {
    @Test func captured05() throws {
        try expectBothWays(
            Subscribe(
                id: 0,
                broadcast: path("room/alice"),
                track: "chat",
                options: SubscribeOptions(priority: 9, maxAge: .milliseconds(2000))
            ),
            .lite05,
            hex("17 00 0a 726f6f6d2f616c696365 04 63686174  09 00 47d0 00 00")
        )
    }

    @Test func captured05Update() throws {
        try expectBothWays(
            SubscribeUpdate(
                options: SubscribeOptions(
                    priority: 200,
                    maxAge: .milliseconds(500),
                    startGroup: 6,
                    endGroup: 19
                )
            ),
            .lite05,
            hex("06 c8 00 41f4 07 14")
        )
    }

    @Test func captured03() throws {
        try expectBothWays(
            Subscribe(
                id: 1,
                broadcast: path("room/alice"),
                track: "audio",
                options: SubscribeOptions(ordered: true)
            ),
            .lite03,
            hex("17 01 0a 726f6f6d2f616c696365 05 617564696f  00 01 00 00 00")
        )
    }

    @Test func captured02() throws {
        try expectBothWays(
            Subscribe(
                id: 0,
                broadcast: path("room/bob"),
                track: "chat",
                options: SubscribeOptions(priority: 9)
            ),
            .lite02,
            hex("10 00 08 726f6f6d2f626f62 04 63686174 09")
        )
    }

    @Test(arguments: [
        (Version.lite02, "00", SubscribeResponse.ok(SubscribeOK())),
        (.lite03, "00 05 09 00 00 00 00", .ok(SubscribeOK(priority: 9))),
        (.lite04, "00 05 09 00 00 00 00", .ok(SubscribeOK(priority: 9))),
        (.lite03, "01 03 02 05 0d", .dropped(first: 2, last: 5, code: 13)),
        (.lite05, "00 01 04", .start(group: 4)),
        (.lite05, "01 01 06", .end(group: 6)),
        (.lite05, "02 03 02 02 00", .dropped(first: 2, last: 2, code: 0)),
    ])
    func responses(version: Version, bytes: String, response: SubscribeResponse) throws {
        #expect(response.encode(version) == hex(bytes))
        var buffer = MessageBuffer(hex(bytes))
        #expect(try SubscribeResponse.next(from: &buffer, version) == response)
        #expect(buffer.isEmpty)
        #expect(try SubscribeResponse.next(from: &buffer, version) == nil)
    }

    @Test func responsesAVersionDoesNotHave() {
        #expect(SubscribeResponse.ok(SubscribeOK()).encode(.lite05) == nil)
        for version in Version.allCases where version < .lite05 {
            #expect(SubscribeResponse.start(group: 1).encode(version) == nil)
            #expect(SubscribeResponse.end(group: 1).encode(version) == nil)
        }
        #expect(SubscribeResponse.dropped(first: 1, last: 1, code: 0).encode(.lite02) == nil)
    }

    @Test(arguments: [
        ("lite-02 with a body", Version.lite02, "01 00", DecodeError.malformed),
        ("unknown type in lite-03", .lite03, "02 03 01 01 01", .malformed),
        ("unknown type in lite-05", .lite05, "03 00", .malformed),
        ("DROP backwards", .lite05, "02 03 05 02 00", .malformed),
        ("DROP cut short", .lite05, "02 02 01 02", .truncated),
        ("START with surplus", .lite05, "00 02 01 02", .malformed),
        ("OK cut short", .lite04, "00 04 09 00 00 00", .truncated),
        ("ordered is neither 0 nor 1", .lite04, "00 05 09 02 00 00 00", .malformed),
        ("a gigantic body", .lite05, "00 ffffffffffffffff", .tooLarge),
    ])
    func hostileResponses(name: String, version: Version, bytes: String, error: DecodeError) {
        var buffer = MessageBuffer(hex(bytes))
        #expect(throws: error) { try SubscribeResponse.next(from: &buffer, version) }
    }

    @Test func largestNumbers() throws {
        let options = SubscribeOptions(
            priority: 255,
            ordered: true,
            maxAge: .milliseconds(.max),
            startGroup: Varint.max - 1,
            endGroup: .max
        )
        let update = SubscribeUpdate(options: options).encode(.lite05)
        let read = try only(SubscribeUpdate.self, .lite05, in: update).options
        // What an `Interval` can hold, in whole milliseconds.
        #expect(read.maxAge.milliseconds == Interval.milliseconds(.max).milliseconds)
        #expect(read.startGroup == Varint.max - 1)
        #expect(read.endGroup == Varint.max - 1)

        let most = try SubscribeUpdate.decode(hex("01 00 ffffffffffffffff 00 ffffffffffffffff").span, .lite05)
        #expect(most.options.maxAge == Interval(microseconds: .max))
        #expect(most.options.endGroup == Varint.max - 1)
    }

    @Test func negativeAgeIsNone() throws {
        let update = SubscribeUpdate(options: SubscribeOptions(maxAge: .milliseconds(-5)))
        #expect(update.encode(.lite05) == hex("05 00 00 00 00 00"))
    }

    @Test func longTrackNamesAreRefused() throws {
        let name = String(repeating: "t", count: WireLimits.trackNameBytes)
        let longest = TrackRequest(broadcast: .root, track: name)
        #expect(try only(TrackRequest.self, .lite05, in: longest.encode(.lite05)) == longest)
        let longer = TrackRequest(broadcast: .root, track: name + "t")
        #expect(throws: DecodeError.tooLarge) {
            try only(TrackRequest.self, .lite05, in: longer.encode(.lite05))
        }
    }
}

@Suite struct TrackMessageTests {
    @Test func capturedRequest() throws {
        try expectBothWays(
            TrackRequest(broadcast: path("room/bob"), track: "chat"),
            .lite05,
            hex("0e 08 726f6f6d2f626f62 04 63686174")
        )
    }

    @Test func capturedInfo() throws {
        let info = TrackInfo(priority: 127, ordered: false, maxAge: .seconds(5), timescale: 1_000_000)
        try expectBothWays(info, .lite05, hex("08 7f 00 5388 800f4240"))
        #expect(TrackInfo() == info)
    }

    @Test(arguments: [
        ("timescale 0", "7f 00 5388 00", DecodeError.malformed), ("ordered 2", "7f 02 5388 01", .malformed),
        ("no timescale", "7f 00 5388", .truncated), ("surplus", "7f 00 5388 01 00", .malformed),
        ("the layout of lite-06", "7f 5388 800f4240", .malformed),
    ])
    func refused(name: String, body: String, error: DecodeError) {
        #expect(throws: error) { try TrackInfo.decode(hex(body).span, .lite05) }
    }
}

@Suite struct OtherRequestTests {
    @Test func capturedFetch() throws {
        try expectBothWays(
            Fetch(broadcast: path("room/bob"), track: "chat", priority: 0, group: 2),
            .lite05,
            hex("10 08 726f6f6d2f626f62 04 63686174 00 02")
        )
    }

    @Test func capturedFetchReply() throws {
        let reply = hex("801e8480 05 6f6e652d32 80009c40 05 74776f2d32")
        #expect(
            try frames(timestamped: true, pieces: [reply]) == [
                Frame(1_000_000, "one-2"), Frame(20_000, "two-2"),
            ]
        )
    }

    @Test func capturedProbes() throws {
        try expectBothWays(Probe(bitrate: 59_093_022, rtt: 1), .lite04, hex("05 8385b01e 01"))
        try expectBothWays(Probe(bitrate: 0x020a_2fb2, rtt: nil), .lite03, hex("04 820a2fb2"))
        #expect(Probe(bitrate: 7, rtt: nil).encode(.lite05) == hex("02 07 00"))
    }

    @Test func goaway() throws {
        try expectBothWays(Goaway(uri: ""), .lite05, hex("01 00"))
        try expectBothWays(Goaway(uri: "moqt://b"), .lite04, hex("09 08 6d6f71743a2f2f62"))
        let long = Goaway(uri: String(repeating: "u", count: WireLimits.goawayURIBytes + 1))
        #expect(throws: DecodeError.tooLarge) { try only(Goaway.self, .lite05, in: long.encode(.lite05)) }
    }
}
