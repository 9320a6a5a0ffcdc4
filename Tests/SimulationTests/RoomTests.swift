import BurrowBase
import BurrowMoQ
import BurrowQUIC
import BurrowSimulation
import Testing

@Suite struct RoomTests {
    static let line = LinkConditions(delay: .milliseconds(25))

    @Test(arguments: Version.preferred) func framesReachEverybody(version: Version) throws {
        let scene = try RoomScene(seed: 1, versions: [version])
        let alice = try scene.join("alice", path: "room/alice", conditions: Self.line)
        let bob = try scene.join("bob", path: "room/bob", conditions: Self.line)
        let carol = try scene.join("carol", conditions: Self.line)
        let audio = try alice.publish("audio")
        scene.wait("participants are announced") {
            bob.participants == ["room/alice"] && carol.participants.sorted() == ["room/alice", "room/bob"]
                && alice.participants == ["room/bob"]
        }
        let atBob = try bob.subscribe("room/alice", "audio", ordered: true)
        let atCarol = try carol.subscribe("room/alice", "audio")
        scene.wait("subscriptions are accepted") {
            version.hasSubscribeStart
                || bob.trackStates(atBob) == [.live] && carol.trackStates(atCarol) == [.live]
        }
        scene.simulation.run(for: .milliseconds(500))
        alice.stream(audio, count: 100, every: .milliseconds(20))
        scene.wait("all frames arrive") {
            bob.frames(atBob).count >= 100 && carol.frames(atCarol).count >= 100
        }
        #expect(bob.numbers(atBob) == Array(0..<100))
        #expect(carol.numbers(atCarol).sorted() == Array(0..<100))
        for frame in bob.frames(atBob) {
            #expect(frame.payload == RoomMember.payload(Int(frame.group), size: 100))
        }
    }

    @Test(arguments: Version.preferred) func aLargeFrameArrivesWhole(version: Version) throws {
        let scene = try RoomScene(seed: 2, versions: [version])
        let alice = try scene.join("alice", path: "alice", conditions: Self.line)
        let bob = try scene.join("bob", conditions: Self.line)
        let track = try alice.publish("big")
        let atBob = try bob.subscribe("alice", "big")
        scene.simulation.run(for: .seconds(1))
        let payload = RoomMember.payload(9, size: 5_000_000)
        try alice.push(track, payload)
        scene.wait("the frame arrives", seconds: 60) { bob.frames(atBob).count == 1 }
        #expect(bob.frames(atBob).first?.payload == payload)
    }

    @Test(arguments: Version.preferred) func leavingIsSeenByOthers(version: Version) throws {
        let scene = try RoomScene(seed: 3, versions: [version])
        let alice = try scene.join("alice", path: "room/alice", conditions: Self.line)
        let bob = try scene.join("bob", conditions: Self.line)
        scene.wait("alice is seen") { bob.participants == ["room/alice"] }
        alice.peer.node.closeRoom(alice.room, request: scene.newRequest(), now: scene.simulation.now)
        scene.simulation.settle(alice.peer)
        scene.wait("alice is gone") { bob.participants.isEmpty }
        #expect(bob.history == ["connecting", "connected", "+room/alice", "-room/alice"])
        #expect(alice.history.last == "closed")
    }

    @Test(arguments: Version.preferred) func anEndedTrackDeliversWhatIsUnderWay(version: Version) throws {
        let scene = try RoomScene(seed: 4, versions: [version])
        let alice = try scene.join("alice", path: "alice", conditions: Self.line)
        let bob = try scene.join("bob", conditions: Self.line)
        let track = try alice.publish("t")
        let atBob = try bob.subscribe("alice", "t")
        scene.simulation.run(for: .seconds(1))
        for number in 0..<20 { try alice.push(track, RoomMember.payload(number, size: 3000)) }
        alice.peer.node.closeTrack(track, now: scene.simulation.now)
        scene.simulation.settle(alice.peer)
        scene.wait("the track ends") { bob.trackStates(atBob).last == .ended }
        #expect(bob.numbers(atBob).sorted() == Array(0..<20))
    }

    @Test func aLateJoinerBeginsWithTheNewestGroup() throws {
        let scene = try RoomScene(seed: 5)
        let alice = try scene.join("alice", path: "alice", conditions: Self.line)
        let track = try alice.publish("video")
        let bob = try scene.join("bob", conditions: Self.line)
        let atBob = try bob.subscribe("alice", "video")
        alice.stream(track, count: 100, every: .milliseconds(40), groupLength: 50)
        scene.simulation.run(for: .milliseconds(2900))
        let carol = try scene.join("carol", conditions: Self.line)
        let atCarol = try carol.subscribe("alice", "video", ordered: true)
        scene.wait("carol has it all") { carol.frames(atCarol).count == 50 }
        #expect(carol.numbers(atCarol) == Array(50..<100))
        #expect(bob.frames(atBob).count == 100)
        let first = try #require(carol.frames(atCarol).first)
        #expect(first.time < alice.peer.events[0].time + .seconds(4))
    }

    @Test func datagramsArriveAsDatagrams() throws {
        let scene = try RoomScene(seed: 6)
        let alice = try scene.join("alice", path: "alice", conditions: Self.line)
        let bob = try scene.join("bob", conditions: Self.line)
        let track = try alice.publish("d")
        let atBob = try bob.subscribe("alice", "d")
        scene.simulation.run(for: .seconds(1))
        for number in 0..<10 { try alice.push(track, RoomMember.payload(number, size: 500), datagram: true) }
        scene.wait("datagrams arrive") { bob.frames(atBob).count == 10 }
        #expect(bob.frames(atBob).allSatisfy { $0.isDatagram })
        #expect(bob.numbers(atBob) == Array(0..<10))
    }

    @Test func aGroupCanBeFetched() throws {
        let scene = try RoomScene(seed: 7, versions: [.lite05])
        let alice = try scene.join("alice", path: "alice", conditions: Self.line)
        let bob = try scene.join("bob", conditions: Self.line)
        let track = try alice.publish("t", maxAge: .seconds(30))
        for number in 0..<10 { try alice.push(track, RoomMember.payload(number, size: 2000)) }
        let atBob = try bob.subscribe("alice", "t")
        scene.wait("the newest group arrives") { bob.numbers(atBob) == [9] }
        let request = scene.newRequest()
        bob.peer.node.fetch(atBob, group: 4, request: request, now: scene.simulation.now)
        scene.simulation.settle(bob.peer)
        scene.wait("the fetch completes") { bob.isDone(request) }
        #expect(bob.frames(atBob).filter(\.isFetched).map(\.group) == [4])
        let missing = scene.newRequest()
        bob.peer.node.fetch(atBob, group: 400, request: missing, now: scene.simulation.now)
        scene.simulation.settle(bob.peer)
        scene.wait("the other fetch is refused") { bob.isDone(missing) }
    }

    @Test func aTrackThatDoesNotExistFailsInTheEnd() throws {
        let scene = try RoomScene(seed: 8)
        _ = try scene.join("alice", path: "alice", conditions: Self.line)
        let bob = try scene.join("bob", conditions: Self.line)
        let atBob = try bob.subscribe("alice", "nothing")
        scene.wait("it fails", seconds: 30) { bob.trackStates(atBob).last == .failed }
    }

    @Test func twoHundredTracksAtOnce() throws {
        let scene = try RoomScene(seed: 9)
        let alice = try scene.join("alice", path: "alice", conditions: Self.line)
        let bob = try scene.join("bob", conditions: Self.line)
        let tracks = try (0..<200).map { try alice.publish("t\($0)") }
        let atBob = try (0..<200).map { try bob.subscribe("alice", "t\($0)") }
        scene.simulation.run(for: .seconds(1))
        for (number, track) in tracks.enumerated() {
            try alice.push(track, RoomMember.payload(number, size: 300))
        }
        scene.wait("each track delivers") { atBob.allSatisfy { bob.frames($0).count == 1 } }
        for (number, track) in atBob.enumerated() { #expect(bob.numbers(track) == [number]) }
    }

    @Test(arguments: Version.preferred, [1, 2, 3]) func aBurstBeforeTheEndArrivesWhole(
        version: Version,
        seed: UInt64
    ) throws {
        let scene = try RoomScene(seed: seed, versions: [version])
        var conditions = LinkConditions(delay: .milliseconds(10), loss: 0.1)
        conditions.jitter = .milliseconds(10)
        conditions.keepsOrder = false
        let alice = try scene.join("alice", path: "alice", conditions: conditions)
        let bob = try scene.join("bob", conditions: conditions)
        let track = try alice.publish("t")
        let atBob = try bob.subscribe("alice", "t")
        scene.simulation.run(for: .seconds(2))
        for number in 0..<5 { try alice.push(track, RoomMember.payload(number, size: 20_000)) }
        alice.peer.node.closeTrack(track, now: scene.simulation.now)
        scene.simulation.settle(alice.peer)
        scene.wait("the track ends", seconds: 30) { bob.trackStates(atBob).last == .ended }
        #expect(bob.numbers(atBob).sorted() == Array(0..<5))
    }
}
