import BurrowBase
import BurrowMoQ
import Testing

@Suite struct BroadcastPathTests {
    @Test(arguments: [
        ("", ""), ("/", ""), ("////", ""), ("room", "room"), ("/room/bob/", "room/bob"),
        ("room//bob", "room/bob"), ("//a///b//c//", "a/b/c"), ("a b/ü/\u{0}", "a b/ü/\u{0}"),
    ])
    func normalForm(text: String, normal: String) throws {
        let path = try BroadcastPath(text)
        #expect(path.description == normal)
        #expect(path == (try BroadcastPath(normal)))
        #expect(path == (try BroadcastPath(bytes: Array(text.utf8))))
        #expect(path.isEmpty == normal.isEmpty)
        #expect(path.segmentCount == path.segments.count)
        #expect(path.segments.joined(separator: "/") == normal)
    }

    @Test(
        arguments: [
            ("room/bob", "", "room/bob"), ("room/bob", "room", "bob"), ("room/bob", "room/", "bob"),
            ("room/bob", "room/bob", ""), ("room/bob", "ro", nil), ("room/bob", "room/bo", nil),
            ("room", "room/bob", nil), ("", "", ""), ("", "room", nil), ("room2/bob", "room", nil),
        ] as [(String, String, String?)]
    )
    func prefixes(text: String, prefix: String, rest: String?) throws {
        let (path, prefix) = (try BroadcastPath(text), try BroadcastPath(prefix))
        #expect(path.hasPrefix(prefix) == (rest != nil))
        #expect(path.removingPrefix(prefix)?.description == rest)
        if let rest = path.removingPrefix(prefix) { #expect(try prefix.appending(rest) == path) }
    }

    /// Swift strings call these equal; peers do not, so a broadcast would get lost.
    @Test func equalityIsByBytes() throws {
        #expect(try BroadcastPath("caf\u{e9}") != BroadcastPath("cafe\u{301}"))
    }

    /// A combining mark joins the slash into one `Character`, but it is a separator all the same.
    @Test func slashIsAByte() throws {
        #expect(try BroadcastPath("a/\u{301}b").segmentCount == 2)
    }

    @Test func limits() throws {
        let most = Array(repeating: "s", count: WireLimits.pathSegments).joined(separator: "/")
        #expect(try BroadcastPath(most).segmentCount == WireLimits.pathSegments)
        #expect(throws: DecodeError.tooLarge) { try BroadcastPath(most + "/s") }
        #expect(throws: DecodeError.tooLarge) { try BroadcastPath(most).appending(BroadcastPath("s")) }

        let long = String(repeating: "x", count: WireLimits.pathBytes)
        #expect(try BroadcastPath("/" + long + "/").utf8.count == WireLimits.pathBytes)
        #expect(throws: DecodeError.tooLarge) { try BroadcastPath(long + "x") }
        #expect(throws: DecodeError.tooLarge) { try BroadcastPath(long).appending(BroadcastPath("x")) }
        #expect(try BroadcastPath(long).appending(.root).description == long)
        let slashes = String(repeating: "/", count: WireLimits.rawPathBytes + 1)
        #expect(throws: DecodeError.tooLarge) { try BroadcastPath(slashes) }
    }

    @Test(arguments: ["ff", "c3 28", "61 2f ed a0 80", "c0 af"])
    func invalidUTF8(bytes: String) {
        #expect(throws: DecodeError.malformed) { try BroadcastPath(bytes: hex(bytes)) }
    }
}
