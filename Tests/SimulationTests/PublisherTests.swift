import BurrowBase
import BurrowMoQ
import BurrowQUIC
import BurrowSimulation
import Testing

/// Publishers that come twice, go and come again, and how often they are asked.
@Suite struct PublisherTests {
    static let line = LinkConditions(delay: .milliseconds(20))

    private func leave(_ member: RoomMember) {
        let scene = member.scene
        member.peer.node.closeRoom(member.room, request: scene.newRequest(), now: scene.simulation.now)
        scene.simulation.settle(member.peer)
    }

    @Test(arguments: Version.preferred) func theNewestOfTwoPublishersIsHeard(version: Version) throws {
        let scene = try RoomScene(seed: 211, versions: [version])
        let first = try scene.join("first", path: "alice", conditions: Self.line)
        let old = try first.publish("t")
        let bob = try scene.join("bob", conditions: Self.line)
        let atBob = try bob.subscribe("alice", "t")
        first.stream(old, count: 500, every: .milliseconds(20), size: 100)
        scene.wait("the first is heard") { bob.frames(atBob).count > 20 }
        let second = try scene.join("second", path: "alice", conditions: Self.line)
        let new = try second.publish("t")
        second.stream(new, count: 100, every: .milliseconds(20), size: 333)
        scene.wait("the second is heard") { bob.frames(atBob).last?.payload.count == 333 }
        scene.simulation.run(for: .seconds(1))
        let sizes = bob.frames(atBob).map(\.payload.count)
        #expect(sizes.suffix(30).allSatisfy { $0 == 333 })
        leave(second)
        scene.wait("the first is heard again") { bob.frames(atBob).last?.payload.count == 100 }
        #expect(bob.participants == ["alice"])
    }

    @Test(arguments: Version.preferred, [true, false])
    func aSubscriptionOutlivesItsPublisher(version: Version, crashes: Bool) throws {
        let scene = try RoomScene(seed: 212, versions: [version])
        let alice = try scene.join("alice", path: "alice", conditions: Self.line)
        let bob = try scene.join("bob", conditions: Self.line)
        let atBob = try bob.subscribe("alice", "t", ordered: true)
        let track = try alice.publish("t")
        scene.simulation.run(for: .seconds(1))
        alice.stream(track, count: 100, every: .milliseconds(20))
        scene.wait("alice is heard") { bob.frames(atBob).count == 100 }
        if crashes {
            alice.peer.crash()
            scene.simulation.run(for: .seconds(1))
            alice.peer.boot()
        } else {
            leave(alice)
            scene.wait("alice is gone") { bob.participants.isEmpty }
        }
        let again = try scene.join("alice", path: "alice", on: alice.peer, conditions: Self.line)
        let anew = try again.publish("t")
        scene.simulation.run(for: .seconds(1))
        again.stream(anew, count: 50, every: .milliseconds(20))
        scene.wait("alice is heard again", seconds: 30) { bob.frames(atBob).count == 150 }
        #expect(bob.frames(atBob).contains { $0.isDiscontinuous })
        #expect(bob.numbers(atBob).suffix(20) == Array(30..<50)[...])
        #expect(bob.trackStates(atBob).last == .live)
    }

    /// Frame protection relies on it: a frame opens only where it was sealed for.
    @Test(arguments: Version.preferred) func aPublisherKnowsWhereItsNextFrameWillStand(version: Version)
        throws
    {
        let scene = try RoomScene(seed: 218, versions: [version])
        let alice = try scene.join("alice", path: "alice", conditions: Self.line)
        let bob = try scene.join("bob", conditions: Self.line)
        let atBob = try bob.subscribe("alice", "t", ordered: true)
        let track = try alice.publish("t")
        scene.simulation.run(for: .seconds(1))
        var random = SeededRandom(seed: 218)
        var expected: [FramePlace] = []
        var datagrams: [Bool] = []
        for number in 0..<100 {
            let choice = random.next() % 10
            let frame = OutgoingFrame(
                timestamp: 0,
                isKey: choice < 3,
                endsGroup: choice == 3,
                isDatagram: choice == 4
            )
            expected.append(try #require(alice.peer.node.place(of: frame, on: track)))
            datagrams.append(frame.isDatagram)
            let payload = RoomMember.payload(number, size: 20)
            try alice.push(
                track,
                payload,
                key: frame.isKey,
                ends: frame.endsGroup,
                datagram: frame.isDatagram
            )
        }
        #expect(Set(expected.map { "\($0)" }).count == expected.count)
        // So many datagrams at once do not all fit.
        let certain = datagrams.count { !$0 }
        scene.wait("what must come has come") {
            bob.numbers(atBob).count { !datagrams[$0] } == certain
        }
        for (number, frame) in zip(bob.numbers(atBob), bob.frames(atBob)) {
            #expect(frame.group == expected[number].group && frame.index == expected[number].index)
        }
        #expect(bob.numbers(atBob).contains { datagrams[$0] })
    }

    @Test(arguments: Version.preferred) func manySubscribersCostAPublisherOneSubscription(version: Version)
        throws
    {
        let scene = try RoomScene(seed: 213, versions: [version])
        let alice = try scene.join("alice", path: "alice", conditions: Self.line)
        let track = try alice.publish("t")
        let others = try (0..<8).map { try scene.join("m\($0)", conditions: Self.line) }
        let theirs = try others.map { try $0.subscribe("alice", "t") }
        scene.simulation.run(for: .seconds(1))
        alice.stream(track, count: 100, every: .milliseconds(20))
        scene.wait("everybody hears alice") { zip(others, theirs).allSatisfy { $0.frames($1).count == 100 } }
        #expect(alice.peer.node.statistics(of: track)?.subscribers == 1)
        let session = alice.peer.node.statistics(of: alice.room)?.session
        #expect(session?.subscriptionsServed == 1)
        #expect(session?.groupsSent == 100)
        let relay = scene.relay.node.statistics(of: scene.relayID)
        #expect(relay?.tracks == 1)
        #expect(relay?.subscriptions == 8)
    }

    @Test(arguments: Version.preferred) func whenTheLastSubscriberGoesThePublisherSendsNothing(
        version: Version
    ) throws {
        let scene = try RoomScene(seed: 214, versions: [version])
        let alice = try scene.join("alice", path: "alice", conditions: Self.line)
        let track = try alice.publish("t")
        let bob = try scene.join("bob", conditions: Self.line)
        let atBob = try bob.subscribe("alice", "t")
        alice.stream(track, count: 500, every: .milliseconds(20))
        scene.wait("bob hears alice") { bob.frames(atBob).count > 20 }
        bob.peer.node.closeTrack(atBob, now: scene.simulation.now)
        scene.simulation.settle(bob.peer)
        scene.wait("nobody is served") { alice.peer.node.statistics(of: track)?.subscribers == 0 }
        let sent = try #require(alice.peer.node.statistics(of: alice.room)).session.groupsSent
        let heard = bob.frames(atBob).count
        scene.simulation.run(for: .seconds(2))
        #expect(alice.peer.node.statistics(of: alice.room)?.session.groupsSent == sent)
        #expect(bob.frames(atBob).count == heard)
        let later = try bob.subscribe("alice", "t")
        scene.wait("bob hears alice again") { bob.frames(later).count > 20 }
    }

    @Test(arguments: Version.preferred, Version.preferred)
    func versionsMix(publisher: Version, subscriber: Version) throws {
        let scene = try RoomScene(seed: 215)
        let alice = try scene.join("alice", path: "alice", conditions: Self.line) {
            $0.versions = [publisher]
        }
        let bob = try scene.join("bob", path: "bob", conditions: Self.line) { $0.versions = [subscriber] }
        let track = try alice.publish("t")
        let atBob = try bob.subscribe("alice", "t", ordered: true)
        scene.wait("both see each other") { alice.participants == ["bob"] && bob.participants == ["alice"] }
        scene.simulation.run(for: .seconds(1))
        alice.stream(track, count: 60, every: .milliseconds(20), size: 400, groupLength: 3)
        scene.wait("everything arrives") { bob.frames(atBob).count == 60 }
        #expect(bob.numbers(atBob) == Array(0..<60))
        for (number, frame) in bob.frames(atBob).enumerated() {
            #expect(frame.payload == RoomMember.payload(number, size: 400))
        }
        #expect(bob.peer.node.information(of: bob.room)?.version == subscriber)
    }
}
