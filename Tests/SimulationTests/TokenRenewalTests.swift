import BurrowBase
import BurrowMoQ
import BurrowQUIC
import BurrowSimulation
import Testing

/// Another token for a room that is open: nobody notices, and nothing is lost.
@Suite struct TokenRenewalTests {
    private static let key = """
        {"alg":"HS256","key_ops":["sign","verify"],"kty":"oct",\
        "k":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8","kid":"test-key"}
        """

    private func scene(seed: UInt64) throws -> RoomScene {
        let verifier = try TokenVerifier(try TokenKeyFile(Array(Self.key.utf8)))
        return try RoomScene(seed: seed, access: AccessPolicy(verifier: verifier))
    }

    private func token(seconds: Int64?, root: String = "room/1") throws -> String {
        let key = try #require(try TokenKeyFile(Array(Self.key.utf8)).keys.first)
        let all = [try BroadcastPath("")]
        let scope = SessionScope(root: try BroadcastPath(root), publish: all, subscribe: all)
        return try TokenSigner(key).sign(
            TokenClaims(scope: scope, expires: seconds.map { 1_800_000_000 + $0 })
        )
    }

    private func entrance(seconds: Int64?) throws -> String {
        "/room/1?jwt=\(try token(seconds: seconds))"
    }

    private func renew(_ member: RoomMember, _ token: String) -> RequestID {
        let request = member.scene.newRequest()
        let simulation = member.scene.simulation
        member.peer.node.replaceToken(of: member.room, with: token, request: request, now: simulation.now)
        simulation.settle(member.peer)
        return request
    }

    private func outcome(_ member: RoomMember, _ request: RequestID) -> MoQError?? {
        for (_, event) in member.peer.events {
            if case .done(request, let error) = event { return .some(error) }
        }
        return nil
    }

    private func history(_ member: RoomMember, since count: Int) -> [String] {
        Array(member.history.dropFirst(count))
    }

    @Test(arguments: [
        (211, 5, 0.0, 1), (212, 40, 0.0, 1), (213, 40, 0.0, 25), (214, 30, 0.02, 1), (215, 150, 0.0, 10),
    ])
    func nothingIsLost(seed: UInt64, delay: Int64, loss: Double, groupLength: Int) throws {
        let scene = try scene(seed: seed)
        var line = LinkConditions(delay: .milliseconds(delay))
        line.loss = loss
        let alice = try scene.join(
            "alice",
            path: "alice",
            urlPath: try entrance(seconds: 6),
            conditions: line
        )
        let bob = try scene.join("bob", path: "bob", urlPath: try entrance(seconds: 7), conditions: line)
        let track = try alice.publish("t")
        let ordered = try bob.subscribe("alice", "t", ordered: true)
        let other = try bob.subscribe("alice", "t")
        scene.wait("all are there") { bob.participants == ["alice"] && alice.participants == ["bob"] }
        alice.stream(track, count: 450, every: .milliseconds(20), groupLength: groupLength)
        scene.simulation.run(for: .milliseconds(1010))
        let seen = (alice.history.count, bob.history.count)
        // Who speaks comes with another token, then who listens.
        let first = renew(alice, try token(seconds: nil))
        scene.wait("alice is let in again") { outcome(alice, first) != nil }
        scene.simulation.run(for: .milliseconds(1700))
        let second = renew(bob, try token(seconds: nil))
        scene.wait("bob is let in again") { outcome(bob, second) != nil }
        scene.simulation.run(for: .seconds(9))
        #expect(outcome(alice, first) == .some(nil) && outcome(bob, second) == .some(nil))
        #expect(history(alice, since: seen.0) == [])
        #expect(history(bob, since: seen.1) == [])
        for heard in [ordered, other] {
            let numbers = bob.numbers(heard)
            #expect(numbers.count == Set(numbers).count, "some came twice")
            let first = numbers.min() ?? 450
            #expect(Set(numbers) == Set(first..<450), "some are missing")
            #expect(bob.trackStates(heard).filter { $0 != .waiting } == [.live])
        }
        #expect(bob.numbers(ordered) == bob.numbers(ordered).sorted())
        #expect(scene.relay.node.statistics(of: scene.relayID)?.broadcasts == 2)
        let counters = scene.relay.node.statistics(of: scene.relayID)?.counters
        #expect(counters?.sessionsExpired == 0 && counters?.sessionsAccepted == 4)
    }

    /// The present token is good for a while yet.
    @Test func aBadTokenChangesNothing() throws {
        let scene = try scene(seed: 221)
        let alice = try scene.join("alice", path: "alice", urlPath: try entrance(seconds: nil))
        scene.wait("alice is there") { alice.state == .connected }
        for bad in [try token(seconds: -100), try token(seconds: nil, root: "room/2"), "bad", "a b", ""] {
            let request = renew(alice, bad)
            scene.wait("it is refused") { outcome(alice, request) != nil }
            #expect(outcome(alice, request) != .some(nil))
        }
        scene.simulation.run(for: .seconds(30))
        #expect(alice.history == ["connecting", "connected"])
        // The next connection is made with what was good.
        scene.relay.node.stopRelay(scene.relayID, request: scene.newRequest(), now: scene.simulation.now)
        scene.simulation.run(for: .seconds(2))
        let verifier = try TokenVerifier(try TokenKeyFile(Array(Self.key.utf8)))
        try scene.startRelay(access: AccessPolicy(verifier: verifier))
        scene.wait("alice is back", seconds: 30) { alice.history.last == "restored" }
    }

    /// The token comes before there is a connection, long before or just before the first one runs out, and afterwards.
    @Test(arguments: [0, 40, 3000, 4980, 5010, 5030, 5050, 5070, 5090, 5200])
    func whenever(milliseconds: Int64) throws {
        let scene = try scene(seed: 231)
        let line = LinkConditions(delay: .milliseconds(20))
        let alice = try scene.join(
            "alice",
            path: "alice",
            urlPath: try entrance(seconds: 6),
            conditions: line
        )
        scene.simulation.run(for: .milliseconds(milliseconds))
        let isTooLate = alice.history.last == "closed"
        let request = renew(alice, try token(seconds: nil))
        scene.simulation.run(for: .seconds(8))
        guard !isTooLate else { return #expect(outcome(alice, request)??.code == .closed) }
        #expect(outcome(alice, request) == .some(nil))
        #expect(alice.state == .connected)
        #expect(!alice.history.contains("closed"))
        #expect(milliseconds > 4980 || !alice.history.contains("reconnecting"))
        #expect(scene.relay.node.statistics(of: scene.relayID)?.broadcasts == 1)
    }

    @Test func newerTokensTakeThePlaceOfOlderOnes() throws {
        let scene = try scene(seed: 241)
        let line = LinkConditions(delay: .milliseconds(50))
        let alice = try scene.join(
            "alice",
            path: "alice",
            urlPath: try entrance(seconds: 9),
            conditions: line
        )
        scene.wait("alice is there") { alice.state == .connected }
        let requests = try (0..<5).map { (number) in
            defer { scene.simulation.run(for: .milliseconds(30)) }
            return renew(alice, try token(seconds: Int64(1000 + number)))
        }
        scene.simulation.run(for: .seconds(20))
        #expect(requests.dropLast().allSatisfy { outcome(alice, $0)??.code == .cancelled })
        #expect(requests.last.map { outcome(alice, $0) } == .some(.some(nil)))
        #expect(alice.history == ["connecting", "connected"])
    }
}
