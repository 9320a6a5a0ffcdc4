import BurrowBase
import BurrowMoQ
import BurrowQUIC
import BurrowSimulation
import FuzzHarness

/// A whole session fed with arbitrary streams: a relay with a publisher on it attacked by a client, or a room attacked
/// by its relay. The attacker's QUIC is in order, what it says on it is the input. Afterwards nothing of it may be left,
/// and now and then somebody honest must be served as if nothing had happened.
enum SessionTarget: FuzzTarget {
    static func run() {
        guard
            let tls = try? TLSContext.server(
                certificatePEM: Array(SimulatedIdentity.certificatePEM.utf8),
                keyPEM: Array(SimulatedIdentity.keyPEM.utf8)
            )
        else { preconditionFailure("the simulated identity is not accepted") }
        fuzz { (input) in
            var choices = Choices(input)
            let role = choices.byte()
            let version = choices.element(of: Version.preferred)
            if role % 2 == 0 {
                RelayScene(tls, version).run(&choices, checksService: role % 16 == 0)
            } else {
                RoomScene(tls, version).run(&choices)
            }
        }
    }
}

private let line = LinkConditions(delay: .milliseconds(2))
private let port: UInt16 = 4443

/// A room of a simulated machine that connects to `address`.
private func openRoom(
    on peer: SimulatedPeer,
    at address: SocketAddress.IP,
    path: String,
    versions: [Version],
    _ simulation: Simulation
) -> RoomID {
    guard let url = try? RelayURL("moqt://\(address):\(port)"), let path = try? BroadcastPath(path) else {
        preconditionFailure("the URL is not accepted")
    }
    var configuration = RoomConfiguration(url: url)
    configuration.path = path
    configuration.versions = versions
    configuration.trust = .init(systemRoots: false, pinsSHA256: [SimulatedIdentity.fingerprint])
    guard
        let room = try? peer.node.openRoom(
            configuration,
            request: RequestID(rawValue: 1),
            now: simulation.now
        )
    else {
        preconditionFailure("the room does not open")
    }
    simulation.settle(peer)
    return room
}

private func publish(_ room: RoomID, on peer: SimulatedPeer, _ simulation: Simulation) -> TrackID {
    let configuration = TrackConfiguration(name: "audio")
    guard let track = try? peer.node.publishTrack(in: room, configuration, now: simulation.now) else {
        preconditionFailure("the track is not published")
    }
    push(track, on: peer, simulation)
    return track
}

private func push(_ track: TrackID, on peer: SimulatedPeer, _ simulation: Simulation) {
    let now = simulation.now
    let frame = OutgoingFrame(timestamp: now.microseconds, isKey: true, endsGroup: true, isDatagram: false)
    let payload: [UInt8] = [1, 2, 3, 4]
    unsafe payload.withUnsafeBytes { try? unsafe peer.node.push(track, frame, payload: $0, now: now) }
    simulation.settle(peer)
}

/// A relay, an honest publisher, and a client whose words come from the fuzzer.
private struct RelayScene {
    let simulation = Simulation(seed: 1)
    let relay: SimulatedPeer
    let alice: SimulatedPeer
    let attacker: RawPeer
    let relayID: RelayID
    let room: RoomID
    let track: TrackID
    let version: Version
    /// What the publisher's path takes.
    let bytesAtFirst: Int

    init(_ tls: TLSContext, _ version: Version) {
        self.version = version
        relay = simulation.addPeer("relay")
        alice = simulation.addPeer("alice")
        attacker = simulation.addRawPeer("attacker")
        simulation.setConditions(line, between: alice, and: relay)
        simulation.setConditions(line, between: attacker, and: relay)
        var configuration = RelayConfiguration(tls: tls, access: .open)
        configuration.sessionLimits.announcements = 50
        configuration.sessionLimits.subscriptions = 50
        let socket = SocketID(rawValue: 1)
        _ = relay.bind(socket, port: port)
        relayID = relay.node.startRelay(configuration, sockets: [socket], now: simulation.now)
        room = openRoom(on: alice, at: relay.ip, path: "alice", versions: Version.preferred, simulation)
        track = publish(room, on: alice, simulation)
        simulation.run(for: .milliseconds(50))
        bytesAtFirst = relay.node.cache.bytes
        require(alice.node.information(of: room)?.state == .connected, "the publisher does not connect")
    }

    func run(_ choices: inout Choices, checksService: Bool) {
        let remote = SocketAddress(ip: relay.ip, port: port)
        guard let raw = try? attacker.connect(to: remote, alpn: [version.alpn], now: simulation.now) else {
            preconditionFailure("the attacker does not connect")
        }
        simulation.settle(attacker)
        _ = simulation.run(until: simulation.now + .seconds(1)) { raw.isConnected }
        var attack = Attack(raw: raw, version: version, isClient: true)
        while attack.step(&choices) {
            simulation.settle(attacker)
            simulation.run(for: .milliseconds(Int64(attack.pause)))
            if attack.wantsTraffic { push(track, on: alice, simulation) }
        }
        simulation.settle(attacker)
        simulation.run(for: .milliseconds(50))
        if checksService { expectService() }
        raw.connection.close(code: 0, reason: "")
        simulation.settle(attacker)
        simulation.run(for: .seconds(2))
        guard let statistics = relay.node.statistics(of: relayID) else {
            preconditionFailure("the relay is gone")
        }
        require(statistics.sessions == 1, "\(statistics.sessions) sessions are left")
        require(statistics.broadcasts == 1, "\(statistics.broadcasts) broadcasts are left")
        require(statistics.subscriptions == 0, "\(statistics.subscriptions) subscriptions are left")
        require(statistics.tracks == 0, "\(statistics.tracks) tracks are left")
        let bytes = relay.node.cache.bytes
        require(bytes == bytesAtFirst, "\(bytes) bytes are left of \(bytesAtFirst)")
        require(alice.node.information(of: room)?.state == .connected, "the publisher was disturbed")
        alice.node.closeRoom(room, request: RequestID(rawValue: 0), now: simulation.now)
        simulation.settle(alice)
        simulation.run(for: .seconds(1))
    }

    /// Two newcomers hear each other, at a path the attacker has hardly taken before.
    private func expectService() {
        let carol = simulation.addPeer("carol")
        let bob = simulation.addPeer("bob")
        for peer in [carol, bob] { simulation.setConditions(line, between: peer, and: relay) }
        let other = openRoom(
            on: carol,
            at: relay.ip,
            path: "honest/carol",
            versions: Version.preferred,
            simulation
        )
        _ = publish(other, on: carol, simulation)
        let room = openRoom(on: bob, at: relay.ip, path: "honest/bob", versions: [version], simulation)
        guard let path = try? BroadcastPath("honest/carol") else { return }
        let options = SubscribeOptions(maxAge: .seconds(5))
        let heard = try? bob.node.subscribeTrack(
            in: room,
            path: path,
            name: "audio",
            options,
            now: simulation.now
        )
        guard let heard else { preconditionFailure("the newcomer cannot subscribe") }
        simulation.settle(bob)
        let came = simulation.run(until: simulation.now + .seconds(5)) { bob.frames[heard]?.isEmpty == false }
        require(came, "the newcomer is not served")
        bob.node.closeRoom(room, request: RequestID(rawValue: 0), now: simulation.now)
        carol.node.closeRoom(other, request: RequestID(rawValue: 0), now: simulation.now)
        simulation.settle(bob)
        simulation.settle(carol)
        simulation.run(for: .seconds(1))
    }
}

/// A room that publishes and subscribes, on a relay whose words come from the fuzzer.
private struct RoomScene {
    let simulation = Simulation(seed: 2)
    let alice: SimulatedPeer
    let relay: RawPeer
    let version: Version

    init(_ tls: TLSContext, _ version: Version) {
        self.version = version
        alice = simulation.addPeer("alice")
        relay = simulation.addRawPeer("relay", tls: tls, alpn: [version.alpn])
        simulation.setConditions(line, between: relay, and: alice)
    }

    func run(_ choices: inout Choices) {
        let room = openRoom(on: alice, at: relay.ip, path: "alice", versions: [version], simulation)
        let track = publish(room, on: alice, simulation)
        if let path = try? BroadcastPath("bob") {
            let options = SubscribeOptions(ordered: choices.byte() % 2 == 0, maxAge: .seconds(5))
            _ = try? alice.node.subscribeTrack(in: room, path: path, name: "t", options, now: simulation.now)
        }
        _ = simulation.run(until: simulation.now + .seconds(1)) {
            relay.connections.first?.isConnected ?? false
        }
        guard let raw = relay.connections.first else { preconditionFailure("nobody connects") }
        var attack = Attack(raw: raw, version: version, isClient: false)
        while attack.step(&choices) {
            simulation.settle(relay)
            simulation.run(for: .milliseconds(Int64(attack.pause)))
            if attack.wantsTraffic { push(track, on: alice, simulation) }
        }
        simulation.settle(relay)
        simulation.run(for: .milliseconds(50))
        alice.node.closeRoom(room, request: RequestID(rawValue: 0), now: simulation.now)
        simulation.settle(alice)
        for raw in relay.connections where raw.closed == nil { raw.connection.close(code: 0, reason: "") }
        simulation.settle(relay)
        simulation.run(for: .seconds(2))
        require(alice.node.information(of: room) == nil, "the room does not close")
        require(alice.node.cache.bytes == 0, "\(alice.node.cache.bytes) bytes are left")
    }
}

/// Turns the input into what one side of a connection does.
private struct Attack {
    let raw: RawConnection
    let version: Version
    let isClient: Bool
    /// Milliseconds to pass after the step.
    private(set) var pause = 0
    private(set) var wantsTraffic = false

    /// The next thing to do. False when the input has ended.
    mutating func step(_ choices: inout Choices) -> Bool {
        guard !choices.rest.isEmpty, raw.closed == nil else { return false }
        pause = 0
        wantsTraffic = false
        let choice = choices.byte()
        switch choice % 12 {
        case 0: raw.open(bidirectional: true, choices.bytes(choices.byte()), finish: choice > 127)
        case 1: raw.open(bidirectional: false, choices.bytes(choices.byte()), finish: choice > 127)
        case 2: if let stream = stream(&choices) { raw.send(choices.bytes(choices.byte()), on: stream) }
        case 3: if let stream = stream(&choices) { raw.connection.finish(stream) }
        case 4:
            if let stream = stream(&choices) { raw.connection.reset(stream, code: UInt64(choices.byte())) }
        case 5:
            if let stream = stream(&choices) {
                raw.connection.stopReading(stream, code: UInt64(choices.byte()))
            }
        case 6: _ = raw.connection.sendDatagram(Slice(copying: choices.bytes(choices.byte()).span))
        case 7: pause = choices.byte()
        case 8: setUp()
        case 9: if raw.reads && choice > 127 { raw.reads = false } else { raw.startReading() }
        case 10: sayProperly(&choices)
        default: wantsTraffic = true
        }
        return true
    }

    private func stream(_ choices: inout Choices) -> Stream? {
        let index = choices.byte()
        return raw.streams.isEmpty ? nil : raw.streams[index % raw.streams.count]
    }

    private func setUp() {
        if version.hasSetup {
            raw.open(bidirectional: false, [0x01] + Setup(probe: 1, origin: 9).encode(), finish: true)
        } else if version.hasLegacySetup {
            if isClient {
                raw.open(bidirectional: true, LegacySetup.client().encode())
            } else if let stream = raw.streams.first(where: { $0.isBidirectional }) {
                raw.send(LegacySetup.server().encode(), on: stream)
            }
        }
    }

    /// A message as it should be, so that what follows gets further.
    private func sayProperly(_ choices: inout Choices) {
        let names = ["alice", "bob", "", "x"]
        let tracks = ["audio", "t", ""]
        guard let path = try? BroadcastPath(choices.element(of: names)) else { return }
        let track = choices.element(of: tracks)
        let number = UInt64(choices.byte())
        switch choices.byte() % 8 {
        case 0: request(.announce, AnnounceRequest(prefix: path, excludedHop: number))
        case 1:
            let options = SubscribeOptions(
                priority: UInt8(number),
                maxAge: .milliseconds(Int64(number) * 100)
            )
            request(.subscribe, Subscribe(id: number % 4, broadcast: path, track: track, options: options))
        case 2: request(.track, TrackRequest(broadcast: path, track: track))
        case 3: request(.fetch, Fetch(broadcast: path, track: track, priority: 1, group: number % 4))
        case 4:
            raw.open(
                bidirectional: false,
                GroupHeader(subscribeID: number % 4, sequence: number).streamOpening.bytes
            )
        case 5:
            guard let stream = stream(&choices) else { return }
            let status: Announcement.Status = number % 2 == 0 ? .active : .ended
            let message = Announcement(status: status, suffix: path, hops: number % 3 == 0 ? [number] : [])
            raw.send(AnnounceMessage.announce(message).encode(version), on: stream)
        case 6:
            guard let stream = stream(&choices) else { return }
            if version.hasAnnounceInitial {
                raw.send(AnnounceMessage.initial([path]).encode(version), on: stream)
            }
            if version.hasAnnounceOK {
                raw.send(AnnounceMessage.ok(hop: 9, activeCount: 1).encode(version), on: stream)
            }
        default:
            guard let stream = stream(&choices) else { return }
            raw.send(
                TrackInfo(maxAge: .milliseconds(Int64(number)), timescale: 1000).encode(version),
                on: stream
            )
        }
    }

    private func request(_ type: BidirectionalStreamType, _ message: some ControlMessage) {
        raw.open(bidirectional: true, [UInt8(truncatingIfNeeded: type.rawValue)] + message.encode(version))
    }
}
