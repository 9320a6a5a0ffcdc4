import BurrowBase
import BurrowMoQ
import BurrowQUIC
import BurrowSimulation
import Testing

/// What goes first, what is given up and who is spared when a line is too narrow.
@Suite struct DeliveryTests {
    static let line = LinkConditions(delay: .milliseconds(20))

    private static func narrow(_ bitsPerSecond: Int64, queue: Int = 20_000) -> LinkConditions {
        LinkConditions(
            delay: .milliseconds(20),
            rateLimit: .init(bitsPerSecond: bitsPerSecond, queueBytes: queue)
        )
    }

    /// Milliseconds from pushing to arriving, in ascending order. The publisher's timestamps are the virtual clock.
    private func delays(_ frames: some Sequence<SimulatedFrame>) -> [Int64] {
        frames.map { ($0.time.microseconds - $0.timestamp) / 1000 }.sorted()
    }

    @Test(arguments: [Version.lite05]) func audioIsNeverBehindVideo(version: Version) throws {
        let scene = try RoomScene(seed: 231, versions: [version])
        let alice = try scene.join("alice", path: "alice", conditions: Self.line)
        let bob = try scene.join("bob", conditions: Self.narrow(1_000_000))
        let audio = try alice.publish("audio")
        let video = try alice.publish("video")
        let audioAtBob = try bob.subscribe("alice", "audio", priority: 200, maxAge: .milliseconds(500))
        let videoAtBob = try bob.subscribe("alice", "video", priority: 100, maxAge: .milliseconds(500))
        scene.simulation.run(for: .seconds(1))
        // Three times what the line carries.
        alice.stream(video, count: 300, every: .milliseconds(40), size: 15_000, groupLength: 10)
        alice.stream(audio, count: 600, every: .milliseconds(20), size: 160)
        scene.simulation.run(for: .seconds(14))
        let heard = delays(bob.frames(audioAtBob))
        #expect(heard.count >= 590)
        // The way itself, a queue of 160 ms at the bottleneck at the most, and what was lost there once more.
        #expect(heard[heard.count * 95 / 100] < 40 + 160 + 100)
        #expect(bob.frames(videoAtBob).count > 20)
        #expect(bob.frames(videoAtBob).count < 200)
    }

    @Test(arguments: Version.preferred.filter(\.hasSubscribeOptions))
    func oldGroupsAreGivenUpAndTheNewestAlwaysArrives(version: Version) throws {
        let scene = try RoomScene(seed: 232, versions: [version])
        let alice = try scene.join("alice", path: "alice", conditions: Self.line)
        let bob = try scene.join("bob", conditions: Self.narrow(2_000_000))
        let video = try alice.publish("video")
        let atBob = try bob.subscribe("alice", "video", maxAge: .milliseconds(400))
        scene.simulation.run(for: .seconds(1))
        // Half as much again as the line carries.
        alice.stream(video, count: 400, every: .milliseconds(25), size: 9600, groupLength: 20)
        scene.simulation.run(for: .seconds(14))
        let numbers = bob.numbers(atBob)
        #expect(numbers.max() == 399)
        #expect(numbers.count > 100 && numbers.count < 350)
        let expired = try #require(scene.relay.node.statistics(of: scene.relayID)).total.groupsExpired
        #expect(expired > 5)
        // Most groups begin, and in time, whatever became of the one before.
        let begun = Set(bob.frames(atBob).filter { $0.index == 0 }.map(\.group))
        #expect(begun.count >= 12)
        if version.hasTimestamps {
            let late = delays(bob.frames(atBob).filter { $0.index == 0 })
            #expect(late[late.count / 2] < 300)
        }
    }

    @Test(arguments: Version.preferred) func aSlowSubscriberHarmsNobodyElse(version: Version) throws {
        let scene = try RoomScene(seed: 233, versions: [version])
        let alice = try scene.join("alice", path: "alice", conditions: Self.line)
        let slow = try scene.join("slow", conditions: Self.narrow(100_000))
        let fast = try scene.join("fast", conditions: Self.line)
        let video = try alice.publish("video")
        let atSlow = try slow.subscribe("alice", "video", maxAge: .milliseconds(300))
        let atFast = try fast.subscribe("alice", "video", maxAge: .milliseconds(300))
        scene.simulation.run(for: .seconds(1))
        alice.stream(video, count: 250, every: .milliseconds(40), size: 4000, groupLength: 5)
        scene.simulation.run(for: .seconds(12))
        #expect(fast.frames(atFast).count == 250)
        if version.hasTimestamps {
            #expect((delays(fast.frames(atFast)).last ?? 0) < 80)
        }
        #expect(slow.frames(atSlow).count < 100)
    }

    @Test(arguments: Version.preferred.filter(\.hasSubscribeUpdate))
    func prioritiesMayChange(version: Version) throws {
        let scene = try RoomScene(seed: 234, versions: [version])
        let alice = try scene.join("alice", path: "alice", conditions: Self.line)
        let bob = try scene.join("bob", conditions: Self.narrow(800_000))
        let tracks = try ["a", "b"].map { try alice.publish($0) }
        let low = SubscribeOptions(priority: 10, maxAge: .milliseconds(300))
        let high = SubscribeOptions(priority: 200, maxAge: .milliseconds(300))
        let a = try bob.subscribe("alice", "a", priority: 10, maxAge: .milliseconds(300))
        let b = try bob.subscribe("alice", "b", priority: 200, maxAge: .milliseconds(300))
        scene.simulation.run(for: .seconds(1))
        // Each alone fills most of the line.
        for track in tracks { alice.stream(track, count: 400, every: .milliseconds(40), size: 3500) }
        scene.simulation.run(for: .seconds(8))
        let before = (bob.frames(a).count, bob.frames(b).count)
        #expect(before.1 > 2 * before.0)
        try bob.peer.node.updateSubscription(a, high, now: scene.simulation.now)
        try bob.peer.node.updateSubscription(b, low, now: scene.simulation.now)
        scene.simulation.settle(bob.peer)
        scene.simulation.run(for: .seconds(8))
        let after = (bob.frames(a).count - before.0, bob.frames(b).count - before.1)
        #expect(after.0 > 2 * after.1)
    }

    @Test(arguments: Version.preferred.filter(\.hasSubscribeOptions))
    func aSubscriptionHasABeginningAndAnEnd(version: Version) throws {
        let scene = try RoomScene(seed: 235, versions: [version])
        let alice = try scene.join("alice", path: "alice", conditions: Self.line)
        let bob = try scene.join("bob", conditions: Self.line)
        let track = try alice.publish("t", maxAge: .seconds(30))
        for number in 0..<10 { try alice.push(track, RoomMember.payload(number, size: 50)) }
        let atBob = try bob.subscribe("alice", "t", ordered: true, maxAge: .seconds(30), start: 4, end: 14)
        scene.wait("what there is arrives") { bob.numbers(atBob) == Array(4..<10) }
        for number in 10..<20 { try alice.push(track, RoomMember.payload(number, size: 50)) }
        scene.simulation.run(for: .seconds(2))
        #expect(bob.numbers(atBob) == Array(4...14))
        let more = SubscribeOptions(
            priority: 127,
            ordered: true,
            maxAge: .seconds(30),
            startGroup: 4,
            endGroup: 17
        )
        try bob.peer.node.updateSubscription(atBob, more, now: scene.simulation.now)
        scene.simulation.settle(bob.peer)
        scene.wait("more arrives") { bob.numbers(atBob) == Array(4...17) }
        scene.simulation.run(for: .seconds(1))
        #expect(bob.numbers(atBob) == Array(4...17))
    }

    @Test func aGroupComesFromTheCacheOfTheRelay() throws {
        let scene = try RoomScene(seed: 236, versions: [.lite05])
        let alice = try scene.join("alice", path: "alice", conditions: Self.line)
        let carol = try scene.join("carol", conditions: Self.line)
        let track = try alice.publish("t", maxAge: .seconds(30))
        let atCarol = try carol.subscribe("alice", "t")
        scene.simulation.run(for: .seconds(1))
        for number in 0..<10 { try alice.push(track, RoomMember.payload(number, size: 50_000)) }
        scene.wait("carol has it all") { carol.frames(atCarol).count == 10 }
        let bob = try scene.join("bob", conditions: Self.line)
        let atBob = try bob.subscribe("alice", "t")
        scene.wait("bob has the newest") { bob.numbers(atBob) == [9] }
        let before = try #require(alice.peer.node.statistics(of: alice.room)?.connection).sentBytes
        let request = scene.newRequest()
        bob.peer.node.fetch(atBob, group: 4, request: request, now: scene.simulation.now)
        scene.simulation.settle(bob.peer)
        scene.wait("the fetch completes") { bob.isDone(request) }
        let fetched = try #require(bob.frames(atBob).first { $0.isFetched })
        #expect(fetched.payload == RoomMember.payload(4, size: 50_000))
        let after = try #require(alice.peer.node.statistics(of: alice.room)?.connection).sentBytes
        #expect(after - before < 5000)
    }

    @Test(arguments: Version.preferred.filter(\.hasProbe)) func aRelayTellsWhatALineCarries(version: Version)
        throws
    {
        let scene = try RoomScene(seed: 237, versions: [version])
        let alice = try scene.join("alice", path: "alice", conditions: Self.line)
        let bob = try scene.join("bob", conditions: Self.narrow(2_000_000, queue: 50_000))
        let track = try alice.publish("t")
        _ = try bob.subscribe("alice", "t", maxAge: .milliseconds(300))
        scene.simulation.run(for: .seconds(1))
        alice.stream(track, count: 250, every: .milliseconds(40), size: 10_000)
        scene.simulation.run(for: .seconds(10))
        let bandwidth = try #require(bob.peer.node.statistics(of: bob.room)).peerBandwidth
        #expect(bandwidth > 500_000 && bandwidth < 20_000_000)
    }
}
