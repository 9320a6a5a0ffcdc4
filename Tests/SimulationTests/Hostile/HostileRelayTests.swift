import BurrowBase
import BurrowMoQ
import BurrowQUIC
import BurrowSimulation
import Testing

/// A relay that means its clients no good.
@Suite struct HostileRelayTests {
    private let simulation: Simulation
    private let relay: RawPeer
    private let peer: SimulatedPeer

    init() throws {
        simulation = Simulation(seed: 571)
        peer = simulation.addPeer("alice")
        let tls = try TLSContext.server(
            certificatePEM: Array(SimulatedIdentity.certificatePEM.utf8),
            keyPEM: Array(SimulatedIdentity.keyPEM.utf8)
        )
        relay = simulation.addRawPeer("relay", tls: tls, alpn: Version.preferred.map(\.alpn))
        simulation.setConditions(.init(delay: .milliseconds(5)), between: relay, and: peer)
    }

    private func join(_ version: Version, limits: SessionLimits = SessionLimits()) throws -> RoomID {
        var configuration = RoomConfiguration(url: try RelayURL("moqt://\(relay.ip):4443"))
        configuration.path = try BroadcastPath("alice")
        configuration.trust = .init(systemRoots: false, pinsSHA256: [SimulatedIdentity.fingerprint])
        configuration.versions = [version]
        configuration.sessionLimits = limits
        let room = try peer.node.openRoom(configuration, request: RequestID(rawValue: 1), now: simulation.now)
        simulation.settle(peer)
        return room
    }

    /// Answers setup as the version wants it.
    private func welcome(_ raw: RawConnection, _ version: Version) {
        if version.hasSetup {
            raw.open(bidirectional: false, [0x01] + Setup(probe: 1, origin: 0x4321).encode(), finish: true)
        }
        guard version.hasLegacySetup else { return }
        raw.reacts = { (raw, event) in
            guard case .readable(let stream) = event, raw.received[stream.id]?.first == 0x20 else { return }
            raw.send(LegacySetup.server().encode(), on: stream)
        }
    }

    private func connected(_ version: Version, limits: SessionLimits = SessionLimits()) throws -> (
        RoomID, RawConnection
    ) {
        relay.accepted = { welcome($0, version) }
        let room = try join(version, limits: limits)
        #expect(simulation.run(until: simulation.now + .seconds(5)) { state(room) == .connected })
        simulation.run(for: .milliseconds(200))
        return (room, try #require(relay.connections.last))
    }

    private func state(_ room: RoomID) -> RoomState? { peer.node.information(of: room)?.state }

    private func errors(_ room: RoomID) -> [MoQError] {
        peer.events.compactMap { (_, event) in
            if case .room(room, _, let error?) = event { return error }
            return nil
        }
    }

    private func run(_ interval: Interval = .milliseconds(200)) {
        simulation.settle(relay)
        simulation.run(for: interval)
    }

    private func announceStream(_ raw: RawConnection) throws -> Stream { try #require(raw.announceStream) }

    // MARK: Connecting

    @Test(arguments: [0, 1, 2, 3, 6, 0x10, 0x11, 0x15, 7, 71, 468, (1 << 62) - 1] as [UInt64])
    func closingWithEveryCode(code: UInt64) throws {
        let (room, raw) = try connected(.lite05)
        raw.connection.close(code: code, reason: "because")
        run(.seconds(2))
        let error = try #require(errors(room).last)
        // What may pass is tried again, everything else ends the room.
        #expect((state(room) == nil || state(room) == .closed) == !error.isTransient)
        #expect(error.peerCode == code)
        #expect(error.code != .internalError || code == 1)
    }

    @Test func leavingAtOnceAgainAndAgainIsMetWithPatience() throws {
        relay.accepted = { (raw) in
            welcome(raw, .lite05)
            raw.open(bidirectional: true, opening(.goaway, Goaway(uri: ""), .lite05), finish: true)
        }
        let room = try join(.lite05)
        run(.seconds(30))
        #expect(state(room) != nil)
        #expect(relay.connections.count < 14, "the pauses grow")
        #expect(relay.connections.count > 3)
    }

    @Test(arguments: Version.preferred) func nonsenseOnStreams(version: Version) throws {
        let (room, raw) = try connected(version)
        for bytes in HostileMessageTests.nonsense {
            raw.open(bidirectional: true, bytes, finish: true)
            raw.open(bidirectional: true, bytes)
            // On a stream of its own this would be a second setup.
            if version.hasSetup && bytes.first == 1 { continue }
            raw.open(bidirectional: false, bytes, finish: true)
            raw.open(bidirectional: false, bytes)
        }
        run()
        // A GOAWAY among them would be understood; there is none that is whole.
        let counters = try #require(peer.node.statistics(of: room)?.session)
        #expect(state(room) == .connected)
        #expect(counters.malformed > 0)
        #expect(counters.unknownStreams > 0)
        raw.send([0x05, 0xff, 0xff, 0xff, 0xff, 0xff], on: try announceStream(raw))
        run()
        #expect(errors(room).last?.code == .protocolViolation)
    }

    @Test func aSecondSetup() throws {
        let (room, raw) = try connected(.lite05)
        raw.open(bidirectional: false, [0x01] + Setup().encode(), finish: true)
        run()
        #expect(errors(room).last?.code == .protocolViolation)
    }

    @Test func aServerThatChoosesAnotherVersion() throws {
        relay.accepted = { (raw) in
            raw.reacts = { (raw, event) in
                guard case .readable(let stream) = event else { return }
                raw.send(LegacySetup.server(version: LegacySetup.lite01).encode(), on: stream)
            }
        }
        let room = try join(.lite02)
        run(.seconds(1))
        #expect(errors(room).last?.code == .versionMismatch)
    }

    // MARK: Announcements

    @Test(arguments: Version.preferred) func ourOwnPathAndOurOwnHop(version: Version) throws {
        let (room, raw) = try connected(version)
        let stream = try announceStream(raw)
        var own = try Announcement.active("alice")
        own.hops = [1, 2, 3]
        raw.send(announceFront(version) + AnnounceMessage.announce(own).encode(version), on: stream)
        run()
        #expect(peer.node.participants(of: room).isEmpty)
        #expect(state(room) == .connected)
    }

    @Test func comingAndGoingWithoutEnd() throws {
        let (room, raw) = try connected(.lite05)
        let stream = try announceStream(raw)
        raw.send(announceFront(.lite05), on: stream)
        for number in 0..<40_000 {
            let comes = try Announcement.active("x/\(number)")
            var goes = comes
            goes.status = .ended
            raw.send(AnnounceMessage.announce(comes).encode(.lite05), on: stream)
            raw.send(AnnounceMessage.announce(goes).encode(.lite05), on: stream)
            if number % 2000 == 0 { run(.milliseconds(50)) }
        }
        run(.seconds(2))
        #expect(state(room) == .connected)
        #expect(peer.node.participants(of: room).isEmpty)
        #expect(peer.node.rememberedPaths(of: room) <= 20_000)
    }

    @Test(arguments: Version.preferred) func anAnnounceStreamThatEnds(version: Version) throws {
        for reset in [true, false] {
            let (room, raw) = try connected(version)
            let stream = try announceStream(raw)
            let message = AnnounceMessage.announce(try .active("bob")).encode(version)
            raw.send(announceFront(version) + message, on: stream)
            run()
            #expect(peer.node.participants(of: room).map(\.path.description) == ["bob"])
            if reset {
                raw.connection.reset(stream, code: 5)
            } else {
                raw.connection.finish(stream)
            }
            run()
            #expect(peer.node.participants(of: room).isEmpty)
            #expect(raw.stream(stream.id) == nil, "neither side keeps it")
            peer.node.closeRoom(room, request: RequestID(rawValue: 0), now: simulation.now)
            run(.seconds(1))
        }
    }

    // MARK: Tracks

    /// Whatever a relay answers, the host's track comes to an end it can see, and no stream stays behind.
    @Test(arguments: Version.preferred, 0..<8) func oddAnswersToASubscription(version: Version, answer: Int)
        throws
    {
        let (room, raw) = try connected(version)
        raw.send(
            announceFront(version) + AnnounceMessage.announce(try .active("bob")).encode(version),
            on: try announceStream(raw)
        )
        run()
        raw.reacts = { (raw, event) in
            guard case .readable(let stream) = event, let type = raw.received[stream.id]?.first else {
                return
            }
            guard type == 2 || type == 6 else { return }
            switch answer {
            case 0: raw.connection.reset(stream, code: StreamCode.notFound.wire)
            case 1: raw.connection.stopReading(stream, code: 0)
            case 2: raw.send([0xff], on: stream, finish: true)
            case 3: raw.send([0x07, 0x01, 0x00], on: stream)
            case 4: raw.send([], on: stream, finish: true)
            case 5: raw.send([0x00, 0xbf, 0xff, 0xff, 0xff], on: stream)
            case 6:
                let far = SubscribeResponse.end(group: Varint.max).encode(version) ?? [0]
                raw.send(far + far + (SubscribeResponse.start(group: 9).encode(version) ?? [0]), on: stream)
            default: raw.connection.reset(stream, code: (1 << 62) - 1)
            }
        }
        let track = try peer.node.subscribeTrack(
            in: room,
            path: try BroadcastPath("bob"),
            name: "t",
            SubscribeOptions(),
            now: simulation.now
        )
        simulation.settle(peer)
        run(.seconds(20))
        #expect(state(room) == .connected)
        peer.node.closeTrack(track, now: simulation.now)
        simulation.settle(peer)
        run(.seconds(3))
        let left = raw.streams.filter {
            $0.isBidirectional && [2, 6].contains(raw.received[$0.id]?.first ?? 0)
        }
        #expect(left.isEmpty, "\(left.map(\.id))")
    }

    @Test(arguments: Version.preferred) func subscriptionsAndUpdatesWithoutEnd(version: Version) throws {
        let (room, raw) = try connected(version, limits: limited)
        let configuration = TrackConfiguration(name: "audio")
        let track = try peer.node.publishTrack(in: room, configuration, now: simulation.now)
        for id in 0..<400 {
            raw.open(bidirectional: true, try subscribe(UInt64(id % 350), version))
            if id % 50 == 0 { run(.milliseconds(20)) }
        }
        run()
        #expect(peer.node.statistics(of: track)?.subscribers == 200)
        #expect(state(room) == .connected)
        raw.connection.close(code: 0, reason: "")
        run()
        #expect(peer.node.statistics(of: track)?.subscribers == 0)
    }

    private var limited: SessionLimits {
        var limits = SessionLimits()
        limits.subscriptions = 200
        return limits
    }

    /// A track that comes alive only to fail again is asked for with patience as well.
    @Test func aTrackThatFailsAgainAndAgain() throws {
        let (room, raw) = try connected(.lite04)
        raw.send(
            announceFront(.lite04) + AnnounceMessage.announce(try .active("bob")).encode(.lite04),
            on: try announceStream(raw)
        )
        run()
        let ok = SubscribeResponse.ok(SubscribeOptions()).encode(.lite04) ?? []
        var asked = 0
        raw.reacts = { (raw, event) in
            guard case .readable(let stream) = event, raw.received[stream.id]?.first == 2 else { return }
            asked += 1
            raw.send(ok, on: stream)
            simulation.at(simulation.now + .milliseconds(30)) {
                raw.connection.reset(stream, code: StreamCode.internalError.wire)
                raw.connection.stopReading(stream, code: StreamCode.internalError.wire)
            }
        }
        let track = try peer.node.subscribeTrack(
            in: room,
            path: try BroadcastPath("bob"),
            name: "t",
            SubscribeOptions(),
            now: simulation.now
        )
        simulation.settle(peer)
        run(.seconds(30))
        #expect(asked > 3 && asked <= 8 + 1)
        let states = peer.events.compactMap { (_, event) -> TrackState? in
            if case .track(track, let state, _) = event { return state }
            return nil
        }
        #expect(states.last == .failed)
        #expect(state(room) == .connected)
    }

    /// Nothing is left of a room that its relay has ended, even when the host is slow to notice.
    @Test func anEndedRoomLeavesNothing() throws {
        let (room, raw) = try connected(.lite05)
        let configuration = TrackConfiguration(name: "audio")
        let track = try peer.node.publishTrack(in: room, configuration, now: simulation.now)
        let frame = OutgoingFrame(timestamp: 0, isKey: true, endsGroup: true, isDatagram: false)
        let payload = [UInt8](repeating: 1, count: 1000)
        try unsafe payload.withUnsafeBytes {
            try unsafe peer.node.push(track, frame, payload: $0, now: simulation.now)
        }
        simulation.settle(peer)
        #expect(peer.node.cache.bytes > 1000)
        raw.connection.close(code: SessionCode.unauthorized.rawValue, reason: "")
        run(.seconds(2))
        #expect(peer.node.information(of: room) == nil)
        #expect(peer.node.cache.bytes == 0)
    }

    /// A host that does not take its frames keeps no more of them than a track would.
    @Test func framesThatNobodyTakes() throws {
        let (room, raw) = try connected(.lite04)
        peer.readsAtOnce = false
        raw.send(
            announceFront(.lite04) + AnnounceMessage.announce(try .active("bob")).encode(.lite04),
            on: try announceStream(raw)
        )
        run()
        let options = SubscribeOptions(ordered: false, maxAge: .seconds(1 << 30))
        _ = try peer.node.subscribeTrack(
            in: room,
            path: try BroadcastPath("bob"),
            name: "t",
            options,
            now: simulation.now
        )
        simulation.settle(peer)
        run()
        var number: UInt64 = 0
        for _ in 0..<60 {
            for _ in 0..<200 {
                let header = GroupHeader(subscribeID: 0, sequence: number).streamOpening.bytes
                raw.open(bidirectional: false, header + [0x01, 7], finish: true)
                number += 1
            }
            run(.milliseconds(100))
        }
        #expect(number == 12_000)
        #expect(state(room) == .connected)
        #expect(peer.node.waitingGroups <= TrackLimits.groups)
    }
}
