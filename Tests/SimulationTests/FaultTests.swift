import BurrowBase
import BurrowMoQ
import BurrowQUIC
import BurrowSimulation
import Testing

@Suite struct FaultTests {
    static let line = LinkConditions(delay: .milliseconds(25))

    /// A call of three over a line of this kind: everything published is received by everybody.
    private func call(
        seed: UInt64,
        version: Version = .lite05,
        _ conditions: LinkConditions,
        frames: Int = 200,
        event: (RoomScene, [RoomMember]) -> Void = { _, _ in }
    ) throws -> (scene: RoomScene, received: [[Int]]) {
        let scene = try RoomScene(seed: seed, versions: [version])
        let names = ["alice", "bob", "carol"]
        let members = try names.map { try scene.join($0, path: $0, conditions: conditions) }
        let tracks = try members.map { try $0.publish("audio", maxAge: .seconds(30)) }
        var subscriptions: [(RoomMember, TrackID)] = []
        for (index, member) in members.enumerated() {
            for other in names.indices where other != index {
                subscriptions.append(
                    (member, try member.subscribe(names[other], "audio", maxAge: .seconds(30)))
                )
            }
        }
        scene.wait("everybody sees everybody") { members.allSatisfy { $0.participants.count == 2 } }
        scene.simulation.run(for: .seconds(1))
        for (member, track) in zip(members, tracks) {
            member.stream(track, count: frames, every: .milliseconds(20), size: 160)
        }
        event(scene, members)
        scene.wait("all frames arrive", seconds: 60) {
            subscriptions.allSatisfy { $0.0.frames($0.1).count >= frames }
        }
        return (scene, subscriptions.map { $0.0.numbers($0.1).sorted() })
    }

    @Test(arguments: [1, 5, 10]) func lossDelaysButLosesNothing(percent: Int) throws {
        let conditions = LinkConditions(delay: .milliseconds(25), loss: Double(percent) / 100)
        let (_, received) = try call(seed: UInt64(percent), conditions)
        for numbers in received { #expect(numbers == Array(0..<200)) }
    }

    @Test func reorderingAndDuplicationLoseNothing() throws {
        var conditions = LinkConditions(delay: .milliseconds(20), duplication: 0.05)
        conditions.jitter = .milliseconds(30)
        conditions.keepsOrder = false
        let (_, received) = try call(seed: 11, conditions)
        for numbers in received { #expect(numbers == Array(0..<200)) }
    }

    @Test func corruptionIsDropped() throws {
        let (_, received) = try call(seed: 12, LinkConditions(delay: .milliseconds(10), corruption: 0.03))
        for numbers in received { #expect(numbers == Array(0..<200)) }
    }

    @Test func aRebindingGoesUnnoticed() throws {
        let (scene, received) = try call(seed: 13, Self.line) { (scene, members) in
            scene.simulation.at(scene.simulation.now + .seconds(1)) {
                scene.simulation.rebind(members[0].peer)
            }
            scene.simulation.at(scene.simulation.now + .seconds(2)) {
                scene.simulation.rebind(members[1].peer)
            }
        }
        for numbers in received { #expect(numbers == Array(0..<200)) }
        #expect(!scene.simulation.peers.contains { $0.events.contains { $0.event.isReconnecting } })
    }

    @Test func aShortBlackoutGoesUnnoticed() throws {
        let (scene, received) = try call(seed: 14, Self.line) { (scene, members) in
            let begin = scene.simulation.now + .seconds(1)
            scene.simulation.addBlackout(begin..<(begin + .milliseconds(1500)), of: members[2].peer)
        }
        for numbers in received { #expect(numbers == Array(0..<200)) }
        #expect(!scene.simulation.peers.contains { $0.events.contains { $0.event.isReconnecting } })
    }

    @Test func aChangedNetworkMovesTheConnection() throws {
        let (scene, received) = try call(seed: 15, Self.line) { (scene, members) in
            scene.simulation.at(scene.simulation.now + .seconds(1)) {
                members[0].peer.node.networkChanged(now: scene.simulation.now)
            }
        }
        for numbers in received { #expect(numbers == Array(0..<200)) }
        #expect(!scene.simulation.peers.contains { $0.events.contains { $0.event.isReconnecting } })
    }

    @Test(arguments: Version.preferred) func aRestartedRelayIsFoundAgain(version: Version) throws {
        let scene = try RoomScene(seed: 16, versions: [version])
        let alice = try scene.join("alice", path: "alice", conditions: Self.line)
        let bob = try scene.join("bob", conditions: Self.line)
        let track = try alice.publish("t")
        let atBob = try bob.subscribe("alice", "t")
        scene.wait("alice is seen") { bob.participants == ["alice"] }
        alice.stream(track, count: 500, every: .milliseconds(20))
        scene.simulation.run(for: .seconds(2))
        let before = bob.frames(atBob).count
        #expect(before > 80)
        scene.relay.node.stopRelay(scene.relayID, request: scene.newRequest(), now: scene.simulation.now)
        scene.simulation.settle(scene.relay)
        scene.wait("the relay is gone") { scene.relay.node.statistics(of: scene.relayID) == nil }
        try scene.startRelay(versions: [version])
        scene.wait("both are back") {
            alice.history.contains("restored") && bob.history.contains("restored")
        }
        scene.wait("frames flow again") { bob.frames(atBob).count > before + 100 }
        #expect(bob.history.filter { $0 == "+alice" }.count == 1)
        #expect(!bob.history.contains("-alice"))
        let numbers = bob.numbers(atBob)
        #expect(Set(numbers).count == numbers.count)
    }

    /// Lost datagrams are not repeated, so nothing else may wait for them to be acknowledged.
    @Test func datagramsFlowAgainAfterABlackout() throws {
        let scene = try RoomScene(seed: 17)
        let alice = try scene.join("alice", path: "alice", conditions: Self.line)
        let bob = try scene.join("bob", path: "bob", conditions: Self.line)
        let track = try alice.publish("d")
        let back = try bob.publish("d")
        let atBob = try bob.subscribe("alice", "d")
        _ = try alice.subscribe("bob", "d")
        scene.simulation.run(for: .seconds(1))
        alice.stream(track, count: 600, every: .milliseconds(20), size: 800, datagrams: true)
        bob.stream(back, count: 600, every: .milliseconds(20), size: 800, datagrams: true)
        let begin = scene.simulation.now + .seconds(1)
        scene.simulation.addBlackout(begin..<(begin + .seconds(4)), of: bob.peer)
        scene.simulation.run(for: .seconds(5))
        let before = bob.frames(atBob).count
        scene.wait("datagrams arrive again", seconds: 5) { bob.frames(atBob).count > before + 100 }
    }

    @Test func theSameSeedGivesTheSameRun() throws {
        var conditions = LinkConditions(delay: .milliseconds(20), loss: 0.05)
        conditions.rateLimit = .init(bitsPerSecond: 500_000, queueBytes: 30_000)
        let first = try call(seed: 99, conditions, frames: 100)
        let second = try call(seed: 99, conditions, frames: 100)
        #expect(first.received == second.received)
        let times = [first, second].map { (run) in
            run.scene.simulation.peers.map { $0.events.map { "\($0.time) \($0.event)" } }
        }
        let difference = zip(times[0].joined(), times[1].joined()).first { $0 != $1 }
        #expect(difference == nil)
        #expect(first.scene.simulation.network.shape == second.scene.simulation.network.shape)
    }
}

extension NodeEvent {
    fileprivate var isReconnecting: Bool {
        if case .room(_, .reconnecting, _) = self { return true }
        return false
    }
}
