import BurrowBase
import BurrowMoQ
import BurrowQUIC
import BurrowSimulation
import Testing

/// A client that asks for more than it should, and takes less than it asked for.
@Suite struct HostileSubscriberTests {
    /// Somebody the attacker can hear, on a raw connection as well, to see what the relay asks of a publisher.
    private func publisher(_ scene: HostileScene, _ version: Version = .lite05) throws -> RawConnection {
        let raw = try scene.attack(version)
        scene.room.wait("the relay asks") { raw.announceStream != nil }
        let stream = try #require(raw.announceStream)
        let path = AnnounceMessage.announce(try .active("mallory")).encode(version)
        raw.send(announceFront(version, hop: 0x77) + path, on: stream)
        raw.reacts = { (raw, event) in
            guard version.hasTrackInfo, case .readable(let stream) = event else { return }
            guard raw.received[stream.id]?.first == 6 else { return }
            raw.send(TrackInfo(timescale: 1000).encode(version), on: stream, finish: true)
        }
        scene.run()
        return raw
    }

    /// A subscriber with a hop id of its own, so that it may hear the raw publisher.
    private func subscriber(_ scene: HostileScene, settings: TransportSettings = .init()) throws
        -> RawConnection
    {
        try scene.attack(.lite05, hop: 0x99, settings: settings)
    }

    @Test(arguments: Version.preferred) func oneIDTwice(version: Version) throws {
        let scene = try HostileScene(seed: 541)
        scene.startCall(seconds: 2)
        let raw = try scene.attack(version)
        let first = try #require(raw.open(bidirectional: true, try subscribe(5, version))).id
        let second = try #require(raw.open(bidirectional: true, try subscribe(5, version))).id
        scene.run(.milliseconds(500))
        #expect(raw.resets[first] == nil)
        #expect(raw.resets[second] != nil)
        #expect(raw.openedByPeer.count { $0 & 2 != 0 } > 10)
        scene.expectCallUndisturbed()
        scene.expectNothingLeft()
    }

    @Test func moreSubscriptionsThanAllowed() throws {
        let scene = try HostileScene(seed: 542) { $0.sessionLimits.subscriptions = 300 }
        scene.startCall(seconds: 3)
        let raw = try scene.attack(.lite05)
        for id in 0..<900 {
            raw.open(bidirectional: true, try subscribe(UInt64(id), .lite05))
            if id % 100 == 99 { scene.run(.milliseconds(50)) }
        }
        #expect(scene.statistics?.subscriptions == 301)
        #expect(raw.resets.count >= 600)
        scene.expectCallUndisturbed()
        scene.expectNothingLeft()
    }

    @Test func subscribingAndUnsubscribingWithoutEnd() throws {
        let scene = try HostileScene(seed: 543)
        scene.startCall(seconds: 4)
        let raw = try scene.attack(.lite05)
        for id in 0..<3000 {
            let track = id % 3 == 0 ? "nothing\(id)" : "audio"
            let request = try subscribe(UInt64(id), .lite05, track: track)
            if let stream = raw.open(bidirectional: true, request, finish: id % 5 == 0), id % 2 == 0 {
                raw.connection.reset(stream, code: StreamCode.cancelled.wire)
            }
            if id % 50 == 49 {
                scene.run(.milliseconds(20))
                for stream in raw.streams where stream.isBidirectional {
                    raw.connection.reset(stream, code: StreamCode.cancelled.wire)
                    raw.connection.stopReading(stream, code: StreamCode.cancelled.wire)
                }
            }
        }
        scene.expectCallUndisturbed()
        scene.expectNothingLeft()
    }

    /// However often one subscriber changes its mind, the publisher hears of it at a measured pace.
    @Test func updatesWithoutEnd() throws {
        let scene = try HostileScene(seed: 544)
        scene.startCall(seconds: 3)
        let source = try publisher(scene)
        let raw = try subscriber(scene)
        let stream = try #require(
            raw.open(bidirectional: true, try subscribe(1, .lite05, path: "mallory", track: "t"))
        )
        scene.run()
        for number in 0..<4000 {
            let options = SubscribeOptions(priority: UInt8(number % 200), maxAge: .seconds(Int64(number % 7)))
            raw.send(SubscribeUpdate(options: options).encode(.lite05), on: stream)
            if number % 100 == 99 { scene.run(.milliseconds(20)) }
        }
        let last = SubscribeOptions(priority: 222, maxAge: .seconds(3))
        raw.send(SubscribeUpdate(options: last).encode(.lite05), on: stream)
        scene.run(.milliseconds(500))
        let asked = source.openedByPeer.compactMap { source.received[$0] }.filter { $0.first == 2 }
        #expect(asked.count == 1)
        let bytes = try #require(asked.first)
        #expect(bytes.count < 1000)
        #expect(Array(bytes.suffix(7)) == Array(SubscribeUpdate(options: last).encode(.lite05)))
        scene.expectCallUndisturbed()
        scene.expectNothingLeft()
    }

    @Test func aSubscriberThatNeverReads() throws {
        var settings = TransportSettings()
        settings.streamWindow = 2000
        settings.connectionWindow = 20_000
        settings.connectionWindowLimit = 20_000
        settings.streamWindowLimit = 2000
        let scene = try HostileScene(seed: 545)
        scene.startCall(seconds: 8)
        let video = try scene.alice.publish("video", maxAge: .milliseconds(500))
        let raw = try scene.attack(.lite05, settings: settings)
        raw.reads = false
        for id in 0..<20 {
            let request = try subscribe(UInt64(id), .lite05, track: "video", maxAge: .seconds(1 << 40))
            raw.open(bidirectional: true, request)
        }
        scene.alice.stream(video, count: 200, every: .milliseconds(40), size: 20_000)
        scene.run(.seconds(9))
        let total = try #require(scene.statistics?.total)
        #expect(total.groupsExpired > 100)
        // Five seconds of it, and nothing of what is older.
        #expect(scene.relay.cache.bytes < 3 << 20)
        scene.expectCallUndisturbed()
        scene.alice.peer.node.closeTrack(video, now: scene.simulation.now)
        scene.expectNothingLeft()
    }

    /// The last groups of a track that has ended belong to the session, even when its subscription is gone.
    @Test func leavingInTheMiddleOfTheLastGroup() throws {
        var settings = TransportSettings()
        settings.streamWindow = 2000
        settings.streamWindowLimit = 2000
        let scene = try HostileScene(seed: 546)
        let big = try scene.alice.publish("big")
        let raw = try scene.attack(.lite05, settings: settings)
        raw.reads = false
        let stream = try #require(raw.open(bidirectional: true, try subscribe(1, .lite05, track: "big")))
        scene.run()
        try scene.alice.push(big, [UInt8](repeating: 1, count: 1 << 20))
        scene.run(.milliseconds(500))
        scene.alice.peer.node.closeTrack(big, now: scene.simulation.now)
        scene.run(.milliseconds(500))
        raw.connection.finish(stream)
        scene.run(.milliseconds(500))
        scene.expectNothingLeft()
    }

    /// Asking for old groups and losing interest costs the publisher no more than the asking.
    @Test func fetchesThatNobodyWaitsFor() throws {
        let scene = try HostileScene(seed: 547)
        scene.startCall(seconds: 3)
        let source = try publisher(scene)
        let raw = try subscriber(scene)
        raw.open(bidirectional: true, try subscribe(1, .lite05, path: "mallory", track: "t"))
        scene.run()
        let path = try BroadcastPath("mallory")
        var streams: [Stream] = []
        for number in 0..<100 {
            let fetch = Fetch(broadcast: path, track: "t", priority: 1, group: UInt64(number))
            streams.append(
                try #require(raw.open(bidirectional: true, opening(.fetch, fetch, .lite05), finish: true))
            )
        }
        scene.run()
        let asked = source.openedByPeer.filter { source.received[$0]?.first == 3 }
        #expect(asked.count == 100)
        for id in asked {
            if let stream = source.stream(id) {
                source.send([0x00, 0x81, 0x00, 0x00, 0x00, 1, 2, 3], on: stream)
            }
        }
        scene.run()
        for stream in streams { raw.connection.stopReading(stream, code: StreamCode.cancelled.wire) }
        scene.run(.milliseconds(300))
        #expect(asked.allSatisfy { source.stops[$0] != nil || source.stream($0) == nil })
        // Missing groups of the honest publisher, without end.
        for number in 0..<500 {
            let fetch = Fetch(
                broadcast: try BroadcastPath("alice"),
                track: "audio",
                priority: 1,
                group: UInt64(9000 + number)
            )
            raw.open(bidirectional: true, opening(.fetch, fetch, .lite05), finish: true)
            if number % 50 == 0 { scene.run(.milliseconds(20)) }
        }
        scene.run(.milliseconds(500))
        #expect(raw.streams.count { $0.isBidirectional } <= 4)
        scene.expectCallUndisturbed()
        scene.expectNothingLeft()
    }

    /// Fetched groups are held for whoever fetches, and count like all others.
    @Test func fetchedGroupsCountInTheCache() throws {
        var settings = TransportSettings()
        settings.streamWindow = 2000
        settings.streamWindowLimit = 2000
        let scene = try HostileScene(seed: 548)
        scene.relay.cache.limit = 1 << 20
        scene.relay.cache.overdraft = 0
        scene.startCall(seconds: 4)
        let source = try publisher(scene)
        let raw = try subscriber(scene, settings: settings)
        raw.reads = false
        raw.open(bidirectional: true, try subscribe(1, .lite05, path: "mallory", track: "t"))
        scene.run()
        let path = try BroadcastPath("mallory")
        for number in 0..<40 {
            let fetch = Fetch(broadcast: path, track: "t", priority: 1, group: UInt64(number))
            raw.open(bidirectional: true, opening(.fetch, fetch, .lite05), finish: true)
        }
        scene.run()
        for id in source.openedByPeer where source.received[id]?.first == 3 {
            guard let stream = source.stream(id) else { continue }
            source.send(
                [0x00, 0x80, 0x01, 0x86, 0xa0] + [UInt8](repeating: 5, count: 100_000),
                on: stream,
                finish: true
            )
        }
        scene.run(.seconds(2))
        #expect(scene.relay.cache.bytes > 100_000 && scene.relay.cache.bytes < 2 << 20)
        scene.expectCallUndisturbed()
        scene.expectNothingLeft()
    }

    @Test(arguments: Version.preferred) func everyStreamThatCreditAllows(version: Version) throws {
        let scene = try HostileScene(seed: 549)
        scene.startCall(seconds: 3)
        let raw = try scene.attack(version)
        var opened = 0
        while raw.open(bidirectional: true, [0x02, 0x20, 0x01]) != nil && opened < 5000 { opened += 1 }
        while raw.open(bidirectional: false, [0x00, 0x04, 0x01]) != nil && opened < 10_000 { opened += 1 }
        #expect(opened < 6000)
        scene.run(.seconds(1))
        #expect(raw.closed == nil)
        for stream in raw.streams {
            raw.connection.reset(stream, code: 7)
            raw.connection.stopReading(stream, code: 7)
        }
        scene.run(.seconds(1))
        #expect(raw.streams.count < 10, "all are given back")
        scene.expectCallUndisturbed(latency: .milliseconds(200))
        scene.expectNothingLeft()
    }

    @Test func announceStreamsWithoutEnd() throws {
        let scene = try HostileScene(seed: 550)
        scene.startCall(seconds: 2)
        let raw = try scene.attack(.lite05)
        let request = opening(.announce, AnnounceRequest(prefix: .root), .lite05)
        for _ in 0..<200 { raw.open(bidirectional: true, request) }
        scene.run()
        #expect(raw.resets.count == 200 - SessionLimits().announceStreams)
        // Those that ended, some together with their request, make room again.
        for stream in raw.streams where stream.isLocal && stream.isBidirectional {
            raw.connection.finish(stream)
        }
        scene.run()
        for _ in 0..<200 { raw.open(bidirectional: true, request, finish: true) }
        scene.run()
        let late = try #require(raw.open(bidirectional: true, request)).id
        scene.run()
        #expect(raw.resets[late] == nil && raw.received[late] != nil)
        scene.expectCallUndisturbed()
        scene.expectNothingLeft()
    }

    @Test func goawaysAndProbesWithoutEnd() throws {
        let scene = try HostileScene(seed: 551)
        scene.startCall(seconds: 2)
        for version: Version in [.lite05, .lite04] {
            let raw = try scene.attack(version)
            for number in 0..<300 {
                raw.open(
                    bidirectional: true,
                    opening(.goaway, Goaway(uri: "moqt://elsewhere"), version),
                    finish: true
                )
                raw.open(bidirectional: true, [0x04], finish: number % 2 == 0)
            }
            scene.run(.milliseconds(500))
        }
        scene.expectCallUndisturbed()
        scene.expectNothingLeft()
    }
}
