import BurrowBase
import BurrowMoQ
import BurrowQUIC
import BurrowSimulation
import Testing

/// Little that holds much: blocks held by single bytes, requests without ends, groups that have left their tracks; and
/// places at a publisher that nobody fills.
@Suite struct HostileMemoryTests {
    /// A publisher on a raw connection. It tells the information of tracks whose names begin with "t" and leaves every
    /// other question open.
    private func publisher(
        _ scene: HostileScene,
        maxAge: Interval = .seconds(60),
        settings: TransportSettings = TransportSettings()
    ) throws -> RawConnection {
        let raw = try scene.attack(.lite05, settings: settings)
        scene.room.wait("the relay asks") { raw.announceStream != nil }
        let stream = try #require(raw.announceStream)
        let path = AnnounceMessage.announce(try .active("mallory")).encode(.lite05)
        raw.send(announceFront(.lite05, hop: 0x77) + path, on: stream)
        raw.reacts = { (raw, event) in
            guard case .readable(let stream) = event, let bytes = raw.received[stream.id] else { return }
            let name: [UInt8] = Array("mallory".utf8) + [1, UInt8(ascii: "t")]
            guard bytes.first == 6, bytes.suffix(name.count) == name[...] else { return }
            let info = TrackInfo(maxAge: maxAge, timescale: 1000)
            raw.send(info.encode(.lite05), on: stream, finish: true)
        }
        scene.run()
        return raw
    }

    private func group(_ sequence: Int, _ payload: Int) -> [UInt8] {
        GroupHeader(subscribeID: 0, sequence: UInt64(sequence)).streamOpening.bytes
            + FrameHeader(timestampDelta: 0, payloadLength: payload).encoded.bytes
            + [UInt8](repeating: 1, count: payload)
    }

    /// Groups of a few bytes each, with so much between them that every one holds a block of its own: when that becomes too
    /// much, they are kept in memory of their own size.
    @Test(arguments: [true, false]) func smallGroupsInLargeBlocks(spares: Bool) throws {
        let scene = try HostileScene(seed: 571)
        scene.relay.cache.slack = spares ? 1 << 20 : .max
        scene.startCall(seconds: 4)
        let raw = try publisher(scene)
        let track = try scene.bob.subscribe("mallory", "t")
        scene.run()
        let junk = GroupHeader(subscribeID: 99, sequence: 0).streamOpening.bytes
        for number in 0..<1000 {
            raw.open(bidirectional: false, group(number, 10), finish: true)
            raw.open(bidirectional: false, junk + [UInt8](repeating: 0, count: 17_000), finish: true)
            scene.run(.milliseconds(3))
        }
        #expect(scene.bob.frames(track).count > 990)
        let bytes = scene.relay.blockBytes
        if spares {
            #expect(bytes < 4 << 20, "\(bytes)")
        } else {
            #expect(bytes > 12 << 20, "\(bytes)")
        }
        scene.expectCallUndisturbed()
        scene.expectNothingLeft()
    }

    /// A payload in single bytes costs what its pieces cost.
    @Test func aFrameInSingleBytes() throws {
        let scene = try HostileScene(seed: 572)
        let raw = try publisher(scene)
        _ = try scene.bob.subscribe("mallory", "t")
        scene.run()
        let opening = group(0, 20_000).dropLast(20_000)
        let streams = try (0..<2).map { (number) in
            let front = number == 0 ? Array(opening) : Array(group(1, 20_000).dropLast(20_000))
            return try #require(raw.open(bidirectional: false, front))
        }
        for _ in 0..<500 {
            for stream in streams { raw.send([7], on: stream) }
            scene.run(.milliseconds(2))
        }
        #expect(scene.relay.cache.bytes > 40_000)
    }

    @Test(arguments: [60_000, 16_000]) func requestsWithoutEnds(length: Int) throws {
        let scene = try HostileScene(seed: 573)
        scene.startCall(seconds: 3)
        let raw = try scene.attack(.lite05)
        var writer = ByteWriter()
        writer.writeVarint(BidirectionalStreamType.subscribe.rawValue)
        writer.writeVarint(UInt64(length))
        writer.writeBytes([UInt8](repeating: 1, count: length - 1000))
        for number in 0..<200 {
            raw.open(bidirectional: true, writer.bytes)
            if number % 20 == 19 { scene.run(.milliseconds(50)) }
        }
        scene.run()
        #expect(raw.resets.count >= 200 - 256 * 1024 / (length - 1000) - 1)
        #expect(raw.closed == nil)
        // The places are free again when the unfinished ones are gone.
        for stream in raw.streams where stream.isLocal && stream.isBidirectional {
            raw.connection.reset(stream, code: 1)
            raw.connection.stopReading(stream, code: 1)
        }
        scene.run()
        let late = try #require(raw.open(bidirectional: true, try subscribe(1, .lite05))).id
        scene.run()
        #expect(raw.resets[late] == nil)
        scene.expectCallUndisturbed()
        scene.expectNothingLeft()
    }

    /// What a client says before it is let in is kept for it, but not without end.
    @Test func muchBeforeTheSetup() throws {
        let scene = try HostileScene(seed: 574)
        scene.startCall(seconds: 2)
        let raw = try scene.connect(.lite05)
        for _ in 0..<60 { raw.open(bidirectional: true, [UInt8](repeating: 2, count: 100_000)) }
        scene.run(.seconds(1))
        #expect(raw.resets.count == 60)
        scene.expectCallUndisturbed()
        scene.run(.seconds(10))
        scene.expectNothingLeft()
    }

    /// Groups that are too old for their track, and still on their way to somebody slow.
    @Test(arguments: [64 << 20, 1 << 20]) func groupsThatLinger(limit: Int) throws {
        var settings = TransportSettings()
        settings.streamWindow = 2000
        settings.streamWindowLimit = 2000
        let scene = try HostileScene(seed: 575)
        scene.relay.cache.limit = limit
        scene.relay.cache.overdraft = 0
        scene.startCall(seconds: 12)
        let raw = try publisher(scene, maxAge: .zero)
        let slow = try scene.attack(.lite05, hop: 0x99, settings: settings)
        slow.reads = false
        let request = try subscribe(1, .lite05, path: "mallory", track: "t", maxAge: .seconds(60))
        slow.open(bidirectional: true, request)
        scene.run()
        for number in 0..<30 {
            raw.open(bidirectional: false, group(number, 100_000), finish: true)
            scene.run(.milliseconds(50))
        }
        let bytes = scene.relay.cache.bytes
        if limit > 2 << 20 {
            #expect(bytes > 2_500_000, "\(bytes)")
        } else {
            #expect(bytes < limit + 300_000, "\(bytes)")
        }
        // Even when nothing more comes, they go.
        scene.run(.seconds(66))
        #expect(scene.relay.cache.bytes < 300_000)
        #expect(slow.resets.count >= 28)
        #expect(slow.closed == nil && raw.closed == nil)
        scene.expectCallUndisturbed()
        scene.expectNothingLeft()
    }

    /// However many ask a publisher for what it does not have, there is a place for the question of another.
    @Test func tracksThatDoNotExist() throws {
        let scene = try HostileScene(seed: 576)
        scene.startCall(seconds: 4)
        var settings = TransportSettings()
        settings.bidirectionalStreams = 128
        let raw = try publisher(scene, settings: settings)
        let attackers = try (0..<4).map { try scene.attack(.lite05, hop: UInt64(0x100 + $0)) }
        for number in 0..<300 {
            for attacker in attackers {
                let request = try subscribe(
                    UInt64(number),
                    .lite05,
                    path: "mallory",
                    track: "\(attacker.connection.serial)-\(number)"
                )
                attacker.open(bidirectional: true, request)
            }
            if number % 50 == 49 { scene.run(.milliseconds(20)) }
        }
        scene.run()
        #expect((scene.statistics?.total.requestsRefused ?? 0) > 1000)
        let track = try scene.bob.subscribe("mallory", "t")
        scene.run()
        #expect(scene.bob.trackStates(track).contains(.live))
        #expect(raw.openedByPeer.count < 128)
        scene.expectCallUndisturbed()
        scene.expectNothingLeft()
    }

    /// Who names one missing track after the other and takes each back costs the publisher no more.
    @Test func tracksThatDoNotExistInTurn() throws {
        let scene = try HostileScene(seed: 577)
        scene.startCall(seconds: 4)
        let raw = try publisher(scene)
        let attacker = try scene.attack(.lite05, hop: 0x99)
        for number in 0..<4000 {
            let request = try subscribe(UInt64(number), .lite05, path: "mallory", track: "\(number)")
            if let stream = attacker.open(bidirectional: true, request) {
                if number % 2 == 0 { scene.simulation.settle(scene.attacker) }
                attacker.connection.reset(stream, code: 1)
                attacker.connection.stopReading(stream, code: 1)
            }
            if number % 100 == 99 { scene.run(.milliseconds(20)) }
        }
        #expect(raw.openedByPeer.count < 1100, "\(raw.openedByPeer.count)")
        scene.expectCallUndisturbed()
        scene.expectNothingLeft()
    }
}
