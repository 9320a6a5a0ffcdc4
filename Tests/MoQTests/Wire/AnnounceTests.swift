import BurrowBase
import BurrowMoQ
import Testing

@Suite struct AnnounceTests {
    private static let relay: UInt64 = 0x07_8e49_dc21_dcd1

    /// What a publisher sent on one stream.
    private func messages(_ version: Version, _ bytes: [UInt8]) throws -> [AnnounceMessage] {
        var buffer = MessageBuffer(bytes)
        var decoder = AnnounceDecoder(version)
        var result: [AnnounceMessage] = []
        while let message = try decoder.next(from: &buffer) { result.append(message) }
        try buffer.expectEnd()
        return result
    }

    @Test(
        arguments: [
            (Version.lite02, "01 00", "", 0), (.lite03, "01 00", "", 0), (.lite04, "03 00 5234", "", 0x1234),
            (.lite05, "03 00 5234", "", 0x1234), (.lite05, "06 04 726f6f6d 00", "room", 0),
        ] as [(Version, String, String, UInt64)]
    )
    func requests(version: Version, bytes: String, prefix: String, hop: UInt64) throws {
        try expectBothWays(AnnounceRequest(prefix: path(prefix), excludedHop: hop), version, hex(bytes))
    }

    @Test func captured02() throws {
        let bytes = hex("0a 01 08 726f6f6d2f626f62")
        let bob = try path("room/bob")
        #expect(try messages(.lite02, bytes) == [.initial([bob])])
        #expect(AnnounceMessage.initial([bob]).encode(.lite02) == bytes)

        let ended = AnnounceMessage.announce(Announcement(status: .ended, suffix: bob))
        #expect(ended.encode(.lite02) == hex("0a 00 08 726f6f6d2f626f62"))
        #expect(try messages(.lite02, bytes + ended.encode(.lite02)) == [.initial([bob]), ended])
        #expect(try messages(.lite02, hex("01 00")) == [.initial([])])
    }

    @Test func captured03() throws {
        let bob = try path("room/bob")
        let active = AnnounceMessage.announce(Announcement(status: .active, suffix: bob, hops: [0, 0]))
        let ended = AnnounceMessage.announce(Announcement(status: .ended, suffix: bob))
        let bytes = (hex("0b 01 08 726f6f6d2f626f62 02"), hex("0b 00 08 726f6f6d2f626f62 00"))
        #expect(try messages(.lite03, bytes.0 + bytes.1) == [active, ended])
        #expect(active.encode(.lite03) == bytes.0)
        #expect(ended.encode(.lite03) == bytes.1)
    }

    @Test func captured04() throws {
        let bytes = hex("1b 01 08 726f6f6d2f626f62 02 c00dc60583552e3e c0078e49dc21dcd1")
        let active = AnnounceMessage.announce(
            Announcement(
                status: .active,
                suffix: try path("room/bob"),
                hops: [0x0d_c605_8355_2e3e, Self.relay]
            )
        )
        #expect(try messages(.lite04, bytes) == [active])
        #expect(active.encode(.lite04) == bytes)
    }

    @Test func captured05() throws {
        let bob = try path("room/bob")
        let expected: [AnnounceMessage] = [
            .ok(hop: Self.relay, activeCount: 1),
            .announce(Announcement(status: .active, suffix: bob, hops: [0x1c_a90c_73a0_2123])),
            .announce(Announcement(status: .ended, suffix: bob)),
        ]
        let bytes = [
            hex("09 c0078e49dc21dcd1 01"), hex("13 01 08 726f6f6d2f626f62 01 c01ca90c73a02123"),
            hex("0b 00 08 726f6f6d2f626f62 00"),
        ]
        #expect(try messages(.lite05, Array(bytes.joined())) == expected)
        #expect(expected.map { $0.encode(.lite05) } == bytes)
    }

    @Test func accepted05() throws {
        let alice = Announcement(status: .active, suffix: try path("room/alice"))
        let expected: [AnnounceMessage] = [.ok(hop: 0x1234, activeCount: 1), .announce(alice)]
        let bytes = [hex("03 5234 01"), hex("0d 01 0a 726f6f6d2f616c696365 00")]
        #expect(try messages(.lite05, Array(bytes.joined())) == expected)
        #expect(expected.map { $0.encode(.lite05) } == bytes)
    }

    @Test func restartIsKnownFrom05() throws {
        let restarted = Announcement(status: .restarted, suffix: try path("a"))
        try expectBothWays(restarted, .lite05, hex("04 02 01 61 00"))
        for version in Version.allCases where version < .lite05 {
            #expect(throws: DecodeError.malformed) {
                try Announcement.decode(hex("02 01 61 00").span, version)
            }
            #expect(try only(Announcement.self, version, in: restarted.encode(version)).status == .active)
        }
    }

    /// Rust peers send paths in normal form; others need not.
    @Test func suffixesAreNormalised() throws {
        let announcement = try Announcement.decode(hex("01 05 2f612f2f62").span, .lite02)
        #expect(announcement.suffix == (try path("a/b")))
    }

    @Test(
        arguments: [
            (Version.lite03, "01 01 61 20", nil), (.lite03, "01 01 61 21", .tooLarge),
            (.lite03, "01 01 61 ffffffffffffffff", .tooLarge), (.lite03, "01 01 61", .truncated),
            (.lite03, "03 01 61 00", .malformed), (.lite03, "01 01 61 00 00", .malformed),
            (.lite03, "01 01 ff 00", .malformed), (.lite03, "01 7fff 61", .tooLarge),
            (.lite02, "", .truncated),
            (.lite04, "01 01 61 02 01", .truncated), (.lite04, "01 01 61 01 01 01", .malformed),
            (.lite02, "01 02 61", .truncated), (.lite02, "01 01 61 00", .malformed),
        ] as [(Version, String, DecodeError?)]
    )
    func hostileAnnouncements(version: Version, body: String, error: DecodeError?) throws {
        guard let error else {
            #expect(try Announcement.decode(hex(body).span, version).hops.count == WireLimits.hops)
            return
        }
        #expect(throws: error) { try Announcement.decode(hex(body).span, version) }
    }

    @Test(arguments: [
        (Version.lite02, "02 01 61", DecodeError.truncated), (.lite02, "01 01 61 00", .malformed),
        (.lite02, "ffffffffffffffff", .tooLarge), (.lite05, "01", .truncated),
        (.lite05, "01 01 01", .malformed),
    ])
    func hostileFirstMessages(version: Version, body: String, error: DecodeError) {
        var decoder = AnnounceDecoder(version)
        #expect(throws: error) { try decoder.decode(hex(body).span) }
    }

    @Test func onlyTheInitialMessageMayBeLong() throws {
        let paths = try (0..<2000).map { try path("burrow/\(String(repeating: "0", count: 60))/\($0)") }
        let initial = AnnounceMessage.initial(paths)
        #expect(try messages(.lite02, initial.encode(.lite02)) == [initial])
        let second = AnnounceMessage.initial([]).encode(.lite02) + initial.encode(.lite02)
        #expect(throws: DecodeError.tooLarge) { try messages(.lite02, second) }
    }

    @Test func hopsBeyondTheLimitAreNotSent() throws {
        let long = Announcement(status: .active, suffix: try path("a"), hops: Array(1...40))
        #expect(try only(Announcement.self, .lite05, in: long.encode(.lite05)).hops == Array(9...40))
    }
}
