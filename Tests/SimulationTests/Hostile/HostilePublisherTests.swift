import BurrowBase
import BurrowMoQ
import BurrowQUIC
import BurrowSimulation
import Testing

/// A client that announces and publishes what no honest one would.
@Suite struct HostilePublisherTests {
    /// Answers the relay's announce stream; returns it for more.
    private func beginAnnouncing(_ scene: HostileScene, _ raw: RawConnection, _ version: Version) throws
        -> Stream
    {
        scene.room.wait("the relay asks") { raw.announceStream != nil }
        let stream = try #require(raw.announceStream)
        raw.send(announceFront(version), on: stream)
        scene.run()
        return stream
    }

    private func encode(_ announcement: Announcement, _ version: Version) -> [UInt8] {
        AnnounceMessage.announce(announcement).encode(version)
    }

    @Test(arguments: Version.preferred) func tooManyPathsEndTheSession(version: Version) throws {
        let scene = try HostileScene(seed: 521) { $0.sessionLimits.announcements = 500 }
        scene.startCall(seconds: 3)
        let raw = try scene.attack(version)
        let stream = try beginAnnouncing(scene, raw, version)
        for number in 0..<2000 { raw.send(encode(try .active("x/\(number)"), version), on: stream) }
        scene.run(.seconds(2))
        #expect(raw.closed?.code == .application(SessionCode.protocolViolation.rawValue))
        scene.expectCallUndisturbed()
        #expect(scene.bob.history.filter { $0.hasPrefix("+x/") }.count <= 500)
        scene.expectNothingLeft()
    }

    /// Two clients together announce more than a third takes from its relay, which is no reason to leave the relay.
    @Test(arguments: Version.preferred) func manyPathsOfOthersDoNotEndARoom(version: Version) throws {
        let scene = try RoomScene(seed: 522) { $0.sessionLimits.announcements = 300 }
        let line = LinkConditions(delay: .milliseconds(5))
        let attacker = scene.simulation.addRawPeer("attacker")
        scene.simulation.setConditions(line, between: attacker, and: scene.relay)
        let remote = SocketAddress(ip: scene.relay.ip, port: RoomScene.relayPort)
        for part in 0..<2 {
            let raw = try attacker.connect(to: remote, alpn: ["moq-lite-04"], now: scene.simulation.now)
            scene.simulation.settle(attacker)
            scene.wait("the relay asks") { raw.announceStream != nil }
            let stream = try #require(raw.announceStream)
            for number in 0..<300 { raw.send(encode(try .active("x\(part)/\(number)"), .lite04), on: stream) }
            scene.simulation.settle(attacker)
            scene.simulation.run(for: .seconds(2))
        }
        #expect(scene.relay.node.statistics(of: scene.relayID)?.broadcasts == 600)
        let bob = try scene.join("bob", path: "bob", conditions: line) {
            $0.versions = [version]
            $0.sessionLimits.announcements = 500
        }
        scene.simulation.run(for: .seconds(3))
        #expect(bob.state == .connected)
        #expect(bob.history.contains { $0.hasPrefix("reconnecting") } == false)
        #expect(bob.participants.count == 500)
    }

    @Test(arguments: Version.preferred) func oddPaths(version: Version) throws {
        let scene = try HostileScene(seed: 523)
        scene.startCall(seconds: 2)
        let odd: [[UInt8]] = [
            [], [0x2f, 0x2f, 0x2f], Array("a//b/".utf8), [0x00], Array("x\u{0}y".utf8),
            Array("../../etc".utf8),
            Array("\u{1F600}/\u{202E}x".utf8), [0x01, 0x1b, 0x5b, 0x41], Array("%2e%2e".utf8),
            Array(" ".utf8),
            [UInt8](repeating: 0x61, count: 1000),
            Array(Array(repeating: "s", count: 32).joined(separator: "/").utf8),
        ]
        let bad: [[UInt8]] = [
            [0xff, 0xfe], [0xc3], [UInt8](repeating: 0x61, count: 1025),
            Array(Array(repeating: "s", count: 33).joined(separator: "/").utf8),
            [UInt8](repeating: 0x2f, count: 5000),
        ]
        func message(_ path: [UInt8]) -> [UInt8] {
            var writer = ByteWriter()
            writer.writeMessage {
                $0.writeUInt8(1)
                $0.writeVarint(UInt64(path.count))
                $0.writeBytes(path)
                if version.hasHopCount { $0.writeVarint(0) }
            }
            return writer.bytes
        }
        for path in odd {
            let raw = try scene.attack(version)
            let stream = try beginAnnouncing(scene, raw, version)
            raw.send(message(path), on: stream)
            scene.run()
            #expect(raw.closed == nil, "\(path)")
            raw.connection.close(code: 0, reason: "")
            scene.run()
        }
        for path in bad {
            let raw = try scene.attack(version)
            let stream = try beginAnnouncing(scene, raw, version)
            raw.send(message(path), on: stream)
            scene.run()
            #expect(raw.closed?.code == .application(SessionCode.protocolViolation.rawValue), "\(path)")
        }
        scene.expectCallUndisturbed()
        scene.expectNothingLeft()
    }

    /// The second takes the place of the first, also where the protocol does not allow it: current relays do it.
    @Test(arguments: Version.preferred) func aPathAnnouncedTwice(version: Version) throws {
        let scene = try HostileScene(seed: 524)
        let raw = try scene.attack(version)
        let stream = try beginAnnouncing(scene, raw, version)
        for _ in 0..<100 { raw.send(encode(try .active("twice"), version), on: stream) }
        scene.run()
        #expect(raw.closed == nil)
        #expect(scene.statistics?.broadcasts == 2)
        #expect(scene.bob.participants.sorted() == ["alice", "twice"])
        scene.expectNothingLeft()
    }

    /// No ghost of a path may stay that the list of lite-02 names twice.
    @Test func aPathTwiceInTheInitialList() throws {
        let scene = try HostileScene(seed: 525)
        let raw = try scene.attack(.lite02)
        scene.room.wait("the relay asks") { raw.announceStream != nil }
        let path = try BroadcastPath("twice")
        raw.send(AnnounceMessage.initial([path, path]).encode(.lite02), on: try #require(raw.announceStream))
        scene.run()
        #expect(raw.closed == nil)
        #expect(scene.statistics?.broadcasts == 2)
        scene.expectNothingLeft()
    }

    @Test func ownHopsAndOthersPathsComeToNothing() throws {
        let scene = try HostileScene(seed: 526)
        scene.startCall(seconds: 2)
        let raw = try scene.attack(.lite05)
        let stream = try beginAnnouncing(scene, raw, .lite05)
        // The relay's own hop, from its SETUP.
        let setup = try #require(raw.received.values.first { $0.first == 1 && $0.count > 12 })
        let hop = try #require(try Setup.decode(Array(setup.dropFirst(2)).span).origin)
        var loop = try Announcement.active("loop")
        loop.hops = [1, hop, 2]
        var long = try Announcement.active("long")
        long.hops = Array(1...UInt64(WireLimits.hops))
        raw.send(encode(loop, .lite05) + encode(long, .lite05), on: stream)
        scene.run()
        #expect(raw.closed == nil)
        #expect(!scene.bob.participants.contains("loop"))
        scene.expectCallUndisturbed()
        scene.expectNothingLeft()
    }

    // MARK: Groups

    /// A subscriber of the attacker's, on which the attacker publishes.
    private func follow(_ scene: HostileScene, _ raw: RawConnection, _ version: Version) throws -> (
        TrackID, UInt64
    ) {
        let stream = try beginAnnouncing(scene, raw, version)
        raw.send(encode(try .active("mallory"), version), on: stream)
        let track = try scene.bob.subscribe("mallory", "t")
        var id: UInt64?
        scene.room.wait("the relay subscribes") {
            id =
                raw.openedByPeer.lazy.compactMap { (number) -> UInt64? in
                    guard let bytes = raw.received[number], bytes.first == 2 else { return nil }
                    return bytes.count > 3 ? UInt64(bytes[2]) : nil
                }.first
            return id != nil
        }
        if version.hasTrackInfo {
            for number in raw.openedByPeer where raw.received[number]?.first == 6 {
                guard let stream = raw.stream(number) else { continue }
                raw.send(
                    TrackInfo(maxAge: .seconds(5), timescale: 1000).encode(version),
                    on: stream,
                    finish: true
                )
            }
        }
        scene.run()
        return (track, try #require(id))
    }

    private func group(_ id: UInt64, _ sequence: UInt64) -> [UInt8] {
        GroupHeader(subscribeID: id, sequence: sequence).streamOpening.bytes
    }

    @Test(arguments: Version.preferred) func framesTooLargeAndCutOff(version: Version) throws {
        let scene = try HostileScene(seed: 531)
        scene.startCall(seconds: 3)
        let raw = try scene.attack(version)
        let (track, id) = try follow(scene, raw, version)
        let stamp: [UInt8] = version.hasTimestamps ? [0x02] : []
        let lengths: [[UInt8]] = [
            [0xc0, 0, 0, 0, 0x40, 0, 0, 0],
            [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
            [0x80 | 0x04, 0x00, 0x00, 0x01],
        ]
        var streams: [Int64] = []
        for (number, length) in lengths.enumerated() {
            let bytes = group(id, UInt64(number)) + stamp + length + [1, 2, 3]
            streams.append(try #require(raw.open(bidirectional: false, bytes)).id)
        }
        raw.open(bidirectional: false, group(id, 10) + stamp + [0x05, 1, 2], finish: true)
        raw.open(bidirectional: false, group(id, 11) + stamp + [0x02, 7, 7], finish: true)
        scene.run(.seconds(1))
        for stream in streams { #expect(raw.stops[stream] == StreamCode.malformed.wire) }
        #expect(scene.bob.frames(track).map(\.payload) == [[7, 7]])
        #expect(raw.closed == nil)
        scene.expectCallUndisturbed()
    }

    @Test func strangeSequencesAndTimestamps() throws {
        let scene = try HostileScene(seed: 532)
        scene.startCall(seconds: 3)
        let raw = try scene.attack(.lite05)
        let (track, id) = try follow(scene, raw, .lite05)
        let far: [UInt8] = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]
        for sequence: UInt64 in [0, Varint.max, Varint.max, 5, Varint.max - 1, 1 << 32, 5] {
            raw.open(
                bidirectional: false,
                group(id, sequence) + far + [0x01, 9] + far + [0x01, 8] + far + [0],
                finish: true
            )
        }
        scene.run(.seconds(1))
        #expect(raw.closed == nil)
        #expect(!scene.bob.frames(track).isEmpty)
        scene.expectCallUndisturbed()
    }

    /// Empty frames are short on the wire and long in memory.
    @Test func emptyFramesAreCountedByWhatTheyCost() throws {
        let scene = try HostileScene(seed: 533)
        scene.startCall(seconds: 4)
        scene.relay.cache.limit = 1 << 20
        scene.relay.cache.overdraft = 0
        let raw = try scene.attack(.lite04)
        let (_, id) = try follow(scene, raw, .lite04)
        let stream = try #require(raw.open(bidirectional: false, group(id, 1)))
        for _ in 0..<30 {
            raw.send([UInt8](repeating: 0, count: 10_000), on: stream)
            scene.run(.milliseconds(50))
        }
        #expect(
            raw.stops[stream.id] != nil || raw.stream(stream.id) == nil,
            "300 000 frames cost more than the budget"
        )
        #expect(scene.relay.cache.bytes <= 2 << 20)
        scene.expectCallUndisturbed()
        scene.expectNothingLeft()
    }

    /// Who fills the cache loses its own groups. The others keep theirs.
    @Test func aFullCacheCostsWhoFillsIt() throws {
        let scene = try HostileScene(seed: 534)
        scene.relay.cache.limit = 2 << 20
        scene.relay.cache.overdraft = 0
        let raw = try scene.attack(.lite05)
        let (_, id) = try follow(scene, raw, .lite05)
        scene.startCall(seconds: 6)
        for sequence in 0..<100 {
            let payload = [UInt8](repeating: 1, count: 100_000)
            let frame: [UInt8] = [0x00, 0x80, 0x01, 0x86, 0xa0]
            raw.open(bidirectional: false, group(id, UInt64(sequence)) + frame + payload)
            scene.run(.milliseconds(50))
        }
        #expect(scene.relay.cache.bytes <= 3 << 20)
        scene.expectCallUndisturbed()
        // The groups of the call are still there for who comes late.
        let carol = try scene.room.join("carol", conditions: LinkConditions(delay: HostileScene.delay))
        let all = try carol.subscribe("alice", "audio", start: 0)
        scene.run(.milliseconds(500))
        #expect(carol.frames(all).count > 100)
        carol.peer.node.closeRoom(carol.room, request: RequestID(rawValue: 0), now: scene.simulation.now)
        scene.expectNothingLeft()
    }

    /// A group that was given up is not filled any further.
    @Test func anExpiredGroupIsNotFilled() throws {
        let scene = try HostileScene(seed: 535)
        let raw = try scene.attack(.lite05)
        let (_, id) = try follow(scene, raw, .lite05)
        let old = try #require(
            raw.open(bidirectional: false, group(id, 1) + [0x00, 0x81, 0x00, 0x00, 0x00, 1])
        ).id
        scene.run(.seconds(1))
        for sequence in 2..<10 {
            raw.open(bidirectional: false, group(id, UInt64(sequence)) + [0x00, 0x01, 5], finish: true)
            scene.run(.seconds(1))
        }
        if let stream = raw.stream(old) { raw.send([1, 2, 3], on: stream) }
        scene.run()
        #expect(raw.stops[old] != nil || raw.stream(old) == nil)
        scene.expectNothingLeft()
    }

    @Test func datagramsOfAllKinds() throws {
        let scene = try HostileScene(seed: 536)
        scene.startCall(seconds: 3)
        let raw = try scene.attack(.lite05)
        let (track, id) = try follow(scene, raw, .lite05)
        let far: [UInt8] = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]
        let inputs: [[UInt8]] = [
            [], [0x40], [UInt8(id)], [UInt8(id), 0], [UInt8(id), 0x40], far, far + far + far,
            [0x3f, 1, 1, 1],
            [UInt8(id), 1, 1], [UInt8(id)] + far + far + [1],
            [UInt8(id), 1, 1] + [UInt8](repeating: 3, count: 1100),
        ]
        for bytes in inputs { _ = raw.connection.sendDatagram(Slice(copying: bytes.span)) }
        for number in 0..<2000 {
            _ = raw.connection.sendDatagram(Slice(copying: [UInt8(id), UInt8(number % 64), 1, 9].span))
            if number % 200 == 0 { scene.run(.milliseconds(20)) }
        }
        scene.run(.seconds(1))
        #expect(raw.closed == nil)
        let total = try #require(scene.statistics?.total)
        #expect(total.malformed >= 4 && total.datagramsUnknown >= 2)
        #expect(scene.bob.frames(track).contains { $0.isDatagram })
        scene.expectCallUndisturbed()
        scene.expectNothingLeft()
    }
}
