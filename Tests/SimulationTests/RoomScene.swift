import BurrowBase
import BurrowMoQ
import BurrowQUIC
import BurrowSimulation
import Testing

/// A relay and machines around it, as most simulations begin.
final class RoomScene {
    let simulation: Simulation
    let relay: SimulatedPeer
    private(set) var relayID = RelayID(rawValue: 0)
    private var lastRequest: UInt64 = 0
    static let relayPort: UInt16 = 4443

    init(
        seed: UInt64,
        versions: [Version] = Version.preferred,
        access: AccessPolicy = .open,
        configure: (inout RelayConfiguration) -> Void = { _ in }
    ) throws {
        simulation = Simulation(seed: seed)
        relay = simulation.addPeer("relay")
        try startRelay(versions: versions, access: access, configure: configure)
    }

    /// Starts the relay, also again after it was stopped.
    func startRelay(
        versions: [Version] = Version.preferred,
        access: AccessPolicy = .open,
        configure: (inout RelayConfiguration) -> Void = { _ in }
    ) throws {
        let tls = try TLSContext.server(
            certificatePEM: Array(SimulatedIdentity.certificatePEM.utf8),
            keyPEM: Array(SimulatedIdentity.keyPEM.utf8)
        )
        var configuration = RelayConfiguration(tls: tls, access: access)
        configuration.versions = versions
        configure(&configuration)
        let socket = SocketID(rawValue: 1)
        _ = relay.bind(socket, port: Self.relayPort)
        relayID = relay.node.startRelay(configuration, sockets: [socket], now: simulation.now)
    }

    func newRequest() -> RequestID {
        lastRequest += 1
        return RequestID(rawValue: lastRequest)
    }

    /// Opens a room on a machine of its own, or on one that is there.
    func join(
        _ name: String,
        path: String? = nil,
        on peer: SimulatedPeer? = nil,
        urlPath: String = "",
        conditions: LinkConditions = .perfect,
        configure: (inout RoomConfiguration) -> Void = { _ in }
    ) throws -> RoomMember {
        let peer = peer ?? simulation.addPeer(name)
        simulation.setConditions(conditions, between: peer, and: relay)
        let url = try RelayURL("moqt://\(relay.ip):\(Self.relayPort)\(urlPath)")
        var configuration = RoomConfiguration(url: url)
        configuration.path = try path.map { try BroadcastPath($0) }
        configuration.trust = .init(systemRoots: false, pinsSHA256: [SimulatedIdentity.fingerprint])
        configure(&configuration)
        let request = newRequest()
        let room = try peer.node.openRoom(configuration, request: request, now: simulation.now)
        simulation.settle(peer)
        return RoomMember(scene: self, peer: peer, room: room, request: request)
    }

    /// Runs until something is so. Fails the test when it does not come to be in virtual seconds.
    func wait(
        _ what: Comment,
        seconds: Int64 = 10,
        location: SourceLocation = #_sourceLocation,
        _ isSo: () -> Bool
    ) {
        let came = simulation.run(until: simulation.now + .seconds(seconds), isSo)
        #expect(came, what, sourceLocation: location)
    }
}

/// One member of a simulated room.
struct RoomMember {
    unowned let scene: RoomScene
    let peer: SimulatedPeer
    let room: RoomID
    let request: RequestID

    private var now: Instant { scene.simulation.now }

    var state: RoomState? { peer.node.information(of: room)?.state }
    var participants: [String] { peer.node.participants(of: room).map(\.path.description) }

    /// Room events in their order, as short text.
    var history: [String] {
        peer.events.compactMap { (_, event) in
            switch event {
            case .room(room, let state, _): "\(state)"
            case .joined(room, _, let path): "+\(path)"
            case .left(room, _, let path): "-\(path)"
            default: nil
            }
        }
    }

    /// The error the room ended or was interrupted with last.
    var error: MoQError? {
        peer.events.reversed().lazy.compactMap { (_, event) -> MoQError? in
            if case .room(room, _, let error) = event { return error }
            return nil
        }.first
    }

    func trackStates(_ track: TrackID) -> [TrackState] {
        peer.events.compactMap { (_, event) in
            if case .track(track, let state, _) = event { return state }
            return nil
        }
    }

    func isDone(_ request: RequestID) -> Bool {
        peer.events.contains { (_, event) in
            if case .done(request, _) = event { return true }
            return false
        }
    }

    func publish(_ name: String, priority: UInt8 = 127, maxAge: Interval = .seconds(5)) throws -> TrackID {
        let configuration = TrackConfiguration(name: name, priority: priority, maxAge: maxAge)
        let id = try peer.node.publishTrack(in: room, configuration, now: now)
        scene.simulation.settle(peer)
        return id
    }

    func subscribe(
        _ path: String,
        _ name: String,
        priority: UInt8 = 127,
        ordered: Bool = false,
        maxAge: Interval = .seconds(5),
        start: UInt64? = nil,
        end: UInt64? = nil
    ) throws -> TrackID {
        let options = SubscribeOptions(
            priority: priority,
            ordered: ordered,
            maxAge: maxAge,
            startGroup: start,
            endGroup: end
        )
        let path = try BroadcastPath(path)
        let id = try peer.node.subscribeTrack(in: room, path: path, name: name, options, now: now)
        scene.simulation.settle(peer)
        return id
    }

    func push(
        _ track: TrackID,
        _ payload: [UInt8],
        key: Bool = true,
        ends: Bool = true,
        datagram: Bool = false
    ) throws {
        let frame = OutgoingFrame(
            timestamp: now.microseconds,
            isKey: key,
            endsGroup: ends,
            isDatagram: datagram
        )
        try unsafe payload.withUnsafeBytes {
            try unsafe peer.node.push(track, frame, payload: $0, now: now)
        }
        scene.simulation.settle(peer)
    }

    /// Pushes a numbered frame at a steady pace.
    func stream(
        _ track: TrackID,
        count: Int,
        every pace: Interval,
        size: Int = 100,
        groupLength: Int = 1,
        datagrams: Bool = false
    ) {
        var time = now
        for number in 0..<count {
            scene.simulation.at(time, on: peer) {
                let payload = RoomMember.payload(number, size: size)
                let isKey = number % groupLength == 0
                let ends = number % groupLength == groupLength - 1
                // A closed track is what some scenes are about.
                try? push(track, payload, key: isKey, ends: ends, datagram: datagrams)
            }
            time = time + pace
        }
    }

    static func payload(_ number: Int, size: Int) -> [UInt8] {
        var random = SeededRandom(seed: UInt64(number))
        var bytes = (0..<4).map { UInt8(truncatingIfNeeded: number >> (24 - 8 * $0)) }
        while bytes.count < size { bytes.append(UInt8(truncatingIfNeeded: random.next())) }
        return bytes
    }

    /// The numbers of the frames that arrived, in their order.
    func numbers(_ track: TrackID) -> [Int] {
        frames(track).map { frame in frame.payload.prefix(4).reduce(0) { $0 << 8 | Int($1) } }
    }

    func frames(_ track: TrackID) -> [SimulatedFrame] { peer.frames[track] ?? [] }
}
