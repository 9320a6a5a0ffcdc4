import BurrowBase
import BurrowMoQ
import BurrowQUIC
import BurrowSimulation
import Testing

/// Who may enter a relay by which token, and what they may do there.
@Suite struct TokenTests {
    static let line = LinkConditions(delay: .milliseconds(10))
    private static let key = """
        {"alg":"HS256","key_ops":["sign","verify"],"kty":"oct",\
        "k":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8","kid":"test-key"}
        """

    private func scene(seed: UInt64) throws -> RoomScene {
        let verifier = try TokenVerifier(try TokenKeyFile(Array(Self.key.utf8)))
        return try RoomScene(seed: seed, access: AccessPolicy(verifier: verifier))
    }

    /// The path and query of a URL with a token for `room/1`.
    private func entrance(publish: [String], subscribe: [String], expires: Int64? = nil) throws -> String {
        let key = try #require(try TokenKeyFile(Array(Self.key.utf8)).keys.first)
        let scope = SessionScope(
            root: try BroadcastPath("room/1"),
            publish: try publish.map { try BroadcastPath($0) },
            subscribe: try subscribe.map { try BroadcastPath($0) }
        )
        let token = try TokenSigner(key).sign(TokenClaims(scope: scope, expires: expires))
        return "/room/1?jwt=\(token)"
    }

    @Test func grantsDecideWhoIsHeardAndWhoHears() throws {
        let scene = try scene(seed: 201)
        let speaker = try entrance(publish: ["alice"], subscribe: [])
        let listener = try entrance(publish: [], subscribe: [""])
        let alice = try scene.join("alice", path: "alice", urlPath: speaker, conditions: Self.line)
        let bob = try scene.join("bob", path: "bob", urlPath: listener, conditions: Self.line)
        let carol = try scene.join("carol", urlPath: listener, conditions: Self.line)
        let track = try alice.publish("t")
        let atCarol = try carol.subscribe("alice", "t")
        scene.wait("alice is seen") { bob.participants == ["alice"] && carol.participants == ["alice"] }
        alice.stream(track, count: 20, every: .milliseconds(20))
        scene.wait("alice is heard") { carol.frames(atCarol).count == 20 }
        #expect(alice.participants.isEmpty)
        #expect(carol.participants == ["alice"])
        #expect(scene.relay.node.statistics(of: scene.relayID)?.broadcasts == 1)
    }

    @Test func aSubscriptionWithoutAGrantIsRefused() throws {
        let scene = try scene(seed: 202)
        let all = try entrance(publish: [""], subscribe: [""])
        let some = try entrance(publish: [], subscribe: ["public"])
        let alice = try scene.join("alice", path: "secret/alice", urlPath: all, conditions: Self.line)
        let bob = try scene.join("bob", urlPath: some, conditions: Self.line)
        let track = try alice.publish("t")
        let atBob = try bob.subscribe("secret/alice", "t")
        alice.stream(track, count: 50, every: .milliseconds(20))
        scene.simulation.run(for: .seconds(5))
        #expect(bob.participants.isEmpty)
        #expect(bob.frames(atBob).isEmpty)
    }

    @Test func aSessionEndsWithItsToken() throws {
        let scene = try scene(seed: 203)
        let short = try entrance(publish: [""], subscribe: [""], expires: 1_800_000_006)
        let long = try entrance(publish: [""], subscribe: [""])
        let alice = try scene.join("alice", path: "alice", urlPath: short, conditions: Self.line)
        let bob = try scene.join("bob", urlPath: long, conditions: Self.line)
        scene.wait("alice is seen") { bob.participants == ["alice"] }
        scene.simulation.run(for: .seconds(10))
        #expect(alice.history.last == "closed")
        #expect(!alice.history.contains("reconnecting"))
        #expect(alice.error?.code == .unauthorized)
        #expect(bob.participants.isEmpty)
        #expect(bob.state == .connected)
        #expect(scene.relay.node.statistics(of: scene.relayID)?.counters.sessionsExpired == 1)
    }

    @Test(arguments: ["", "/room/1", "/room/1?jwt=nonsense", "expired", "elsewhere"])
    func whoeverHasNoRightIsSentAwayForGood(kind: String) throws {
        let scene = try scene(seed: 204)
        var way = kind
        if kind == "expired" {
            way = try entrance(publish: [""], subscribe: [""], expires: 1_700_000_000)
        } else if kind == "elsewhere" {
            let token = try entrance(publish: [""], subscribe: [""]).split(separator: "?")[1]
            way = "/room/2?\(token)"
        }
        let alice = try scene.join("alice", path: "alice", urlPath: way, conditions: Self.line)
        scene.simulation.run(for: .seconds(30))
        #expect(alice.history.last == "closed")
        #expect(!alice.history.contains("reconnecting"))
        #expect(alice.error?.code == .unauthorized)
        #expect(alice.isDone(alice.request))
        let counters = scene.relay.node.statistics(of: scene.relayID)?.counters
        #expect(counters?.sessionsRefused == 1)
        #expect(counters?.sessionsAccepted == 1)
    }
}
