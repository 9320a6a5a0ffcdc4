import BurrowBase
import BurrowMoQ
import BurrowQUIC
import BurrowSimulation
import Testing

/// A relay with a call of two on it, and a machine that means it no good.
final class HostileScene {
    let room: RoomScene
    let alice: RoomMember
    let bob: RoomMember
    let attacker: RawPeer
    private let audio: TrackID
    private let heard: TrackID
    private var frames = 0

    static let delay = Interval.milliseconds(5)

    var simulation: Simulation { room.simulation }
    var relay: Node { room.relay.node }
    var statistics: RelayStatistics? { relay.statistics(of: room.relayID) }

    init(
        seed: UInt64,
        attackerSettings: TransportSettings = TransportSettings(),
        access: AccessPolicy = .open,
        urlPath: String = "",
        configure: (inout RelayConfiguration) -> Void = { _ in }
    ) throws {
        room = try RoomScene(seed: seed, access: access, configure: configure)
        let line = LinkConditions(delay: Self.delay)
        alice = try room.join("alice", path: "alice", urlPath: urlPath, conditions: line)
        bob = try room.join("bob", urlPath: urlPath, conditions: line)
        attacker = room.simulation.addRawPeer("attacker", settings: attackerSettings)
        room.simulation.setConditions(line, between: attacker, and: room.relay)
        audio = try alice.publish("audio")
        heard = try bob.subscribe("alice", "audio")
        room.simulation.run(for: .seconds(1))
        #expect(bob.participants == ["alice"])
    }

    var relayAddress: SocketAddress { SocketAddress(ip: room.relay.ip, port: RoomScene.relayPort) }

    // MARK: The call

    /// Alice speaks from now on.
    func startCall(seconds: Int) {
        alice.stream(audio, count: seconds * 50, every: .milliseconds(20))
        frames = seconds * 50
    }

    /// Bob has heard all of it, in time.
    func expectCallUndisturbed(
        latency: Interval = .milliseconds(100),
        location: SourceLocation = #_sourceLocation
    ) {
        room.wait("the call goes on", seconds: 30, location: location) { bob.frames(heard).count >= frames }
        #expect(bob.numbers(heard) == Array(0..<frames), sourceLocation: location)
        let late = bob.frames(heard).filter { $0.time.microseconds - $0.timestamp > latency.microseconds }
        #expect(late.isEmpty, "frames came late", sourceLocation: location)
        #expect(alice.state == .connected && bob.state == .connected, sourceLocation: location)
    }

    // MARK: The attacker

    /// A connection on which the session is established, as far as the attacker has to do with it.
    func attack(
        _ version: Version = .lite05,
        path: String? = nil,
        hop: UInt64 = 0x5234,
        settings: TransportSettings = TransportSettings(),
        location: SourceLocation = #_sourceLocation
    ) throws -> RawConnection {
        let raw = try connect(version, settings: settings, location: location)
        if version.hasSetup {
            raw.open(
                bidirectional: false,
                [0x01] + Setup(probe: 1, path: path, origin: hop).encode(),
                finish: true
            )
        }
        if version.hasLegacySetup { raw.open(bidirectional: true, LegacySetup.client().encode()) }
        simulation.settle(attacker)
        simulation.run(for: .milliseconds(100))
        return raw
    }

    /// A connection on which nothing was said yet.
    func connect(
        _ version: Version = .lite05,
        settings: TransportSettings = TransportSettings(),
        location: SourceLocation = #_sourceLocation
    ) throws -> RawConnection {
        let raw = try attacker.connect(
            to: relayAddress,
            alpn: [version.alpn],
            settings: settings,
            now: simulation.now
        )
        simulation.settle(attacker)
        room.wait("the attacker is connected", location: location) { raw.isConnected }
        return raw
    }

    /// Sends what the attacker has just said, and lets time pass.
    func run(_ interval: Interval = .milliseconds(100)) {
        simulation.settle(attacker)
        simulation.run(for: interval)
    }

    /// Everybody but the pair is gone, and nothing is left of them.
    func expectNothingLeft(location: SourceLocation = #_sourceLocation) {
        for raw in attacker.connections where raw.closed == nil { raw.connection.close(code: 0, reason: "") }
        run(.seconds(3))
        guard let statistics else { return }
        #expect(statistics.sessions == 2, sourceLocation: location)
        #expect(statistics.broadcasts == 1, sourceLocation: location)
        #expect(statistics.tracks == 1, sourceLocation: location)
        #expect(statistics.subscriptions == 1, sourceLocation: location)
        #expect(relay.cache.bytes < 64 * 1024, sourceLocation: location)
        #expect(bob.participants == ["alice"], sourceLocation: location)
    }
}

// MARK: What attackers say

extension Announcement {
    static func active(_ path: String) throws -> Announcement {
        Announcement(status: .active, suffix: try BroadcastPath(path))
    }
}

/// The answer of a publisher on an announce stream, as far as it precedes announcements.
func announceFront(_ version: Version, hop: UInt64 = 0x5234) -> [UInt8] {
    if version.hasAnnounceInitial { return AnnounceMessage.initial([]).encode(version) }
    if version.hasAnnounceOK { return AnnounceMessage.ok(hop: hop, activeCount: 0).encode(version) }
    return []
}

/// A request with the type of its stream in front.
func opening(_ type: BidirectionalStreamType, _ message: some ControlMessage, _ version: Version) -> [UInt8] {
    [UInt8(truncatingIfNeeded: type.rawValue)] + message.encode(version)
}

func subscribe(
    _ id: UInt64,
    _ version: Version,
    path: String = "alice",
    track: String = "audio",
    maxAge: Interval = .seconds(5)
) throws -> [UInt8] {
    let options = SubscribeOptions(priority: 100, maxAge: maxAge)
    let request = Subscribe(id: id, broadcast: try BroadcastPath(path), track: track, options: options)
    return opening(.subscribe, request, version)
}

extension RawConnection {
    /// The stream on which the relay asks what we have.
    var announceStream: Stream? {
        openedByPeer.lazy.compactMap { self.stream($0) }.first { received[$0.id]?.first == 1 }
    }
}
