import BurrowEngine
import BurrowNostr
import Testing

/// Whose broadcast is where.
@Suite struct RoomRosterTests {
    private static let alice = String(repeating: "a1", count: 32)
    private static let bob = String(repeating: "b2", count: 32)
    private static let room = String(repeating: "0f", count: 32)

    private static func key(_ text: String) throws -> PublicKey { try #require(PublicKey(hex: text)) }

    @Test(arguments: [
        ("burrow/\(room)/\(alice)", alice),
        ("burrow/\(room)/\(alice)/00000007", alice),
        (alice, alice),
        ("burrow/\(alice)/\(bob)", bob),
        ("burrow/\(bob)/x/\(alice)/y/z", alice),
    ])
    func aPathNamesItsMember(_ path: String, _ member: String) throws {
        let roster = RoomRoster(members: [try Self.key(Self.alice), try Self.key(Self.bob)])
        #expect(roster.member(at: path)?.hex == member)
    }

    @Test(arguments: [
        "", "burrow", "burrow/\(room)", "burrow/\(alice)/\(room)", "/\(alice)", "\(alice)/",
        "burrow//\(alice)",
        "burrow/./\(alice)", "burrow/../\(alice)", "burrow/\(alice.uppercased())", "burrow/\(alice)0",
        "burrow/\(alice.dropLast())", "b rrow/\(alice)", "bürrow/\(alice)", "burrow\u{0}/\(alice)",
        "1/2/3/4/5/6/7/8/\(alice)", String(repeating: "x", count: 192) + "/" + alice,
    ])
    func otherPathsAreNobodys(_ path: String) throws {
        let roster = RoomRoster(members: [try Self.key(Self.alice)])
        #expect(roster.member(at: path) == nil)
    }

    @Test func whatIsSignedForCountsMoreThanWhatAPathNames() throws {
        let (alice, bob) = (try Self.key(Self.alice), try Self.key(Self.bob))
        var roster = RoomRoster(members: [alice], claims: ["room/label": alice, "room/\(Self.alice)": bob])
        #expect(roster.member(at: "room/label") == alice)
        #expect(roster.member(at: "room/\(Self.alice)") == nil)
        roster.members = [bob]
        #expect(roster.member(at: "room/label") == nil)
        #expect(roster.member(at: "room/\(Self.alice)") == bob)
    }

    @Test(arguments: [(1, ""), (2, "/0000000b")])
    func ourOwnPathSaysWhichDeviceItIsIfThereAreSeveral(_ devices: Int, _ end: String) throws {
        let alice = try Self.key(Self.alice)
        let prefix = RoomRoster.prefix(nostrID: [UInt8](repeating: 0x0f, count: 32))
        #expect(prefix == "burrow/\(Self.room)")
        let path = RoomRoster.path(below: prefix, alice, leaf: 11, devices: devices)
        #expect(path == "burrow/\(Self.room)/\(Self.alice)" + end)
        #expect(RoomRoster(members: [alice]).member(at: path) == alice)
        #expect(RoomRoster.path(below: "", alice, leaf: 11, devices: devices) == Self.alice + end)
    }
}
