package import BurrowBase
package import BurrowMoQ
package import BurrowQUIC

/// One machine of a simulation: a node, its sockets, and everything it told its host.
package final class SimulatedPeer {
    package let name: String
    /// What runs on it. Another one after a crash.
    package private(set) var node: Node
    let host: SimulatedNetwork.HostID
    private let ips: [SocketAddress.IP]
    private var sockets: [SocketID: SocketAddress] = [:]
    private var owners: [SocketAddress: SocketID] = [:]
    private var nextPort: UInt16 = 10_000
    /// In the order they came.
    package private(set) var events: [(time: Instant, event: NodeEvent)] = []
    /// Frames taken from subscribed tracks, in the order they came.
    package private(set) var frames: [TrackID: [SimulatedFrame]] = [:]
    /// What names mean to this machine.
    package var names: [String: [SocketAddress.IP]] = [:]
    /// Whether readable tracks are read at once, as a good host does.
    package var readsAtOnce = true
    /// Set when the machine has crashed: it neither hears nor speaks.
    package private(set) var isDead = false
    private var seed: UInt64
    /// The node's, as of its last turn.
    var deadline = Instant.distantFuture
    /// Whether it received something in this turn.
    var isTouched = false

    init(name: String, host: SimulatedNetwork.HostID, ips: [SocketAddress.IP], seed: UInt64) {
        self.name = name
        self.host = host
        self.ips = ips
        self.seed = seed
        node = Self.makeNode(seed)
    }

    private static func makeNode(_ seed: UInt64) -> Node {
        Node(random: SeededRandom(seed: seed), unixOffset: 1_800_000_000_000_000)
    }

    /// Pulls the plug: nobody is told.
    package func crash() {
        isDead = true
        sockets.removeAll()
        owners.removeAll()
        deadline = .distantFuture
    }

    /// Switches a crashed machine on again, with nothing remembered.
    package func boot() {
        seed = seed &+ 0x1_0000_0000
        node = Self.makeNode(seed)
        // The new node numbers its tracks anew.
        frames.removeAll()
        isDead = false
    }

    /// How many sockets the node has not given back.
    package var openSockets: Int { sockets.count }

    /// The first address of the machine.
    package var ip: SocketAddress.IP { ips[0] }

    /// Binds a socket by hand, for a relay.
    package func bind(_ socket: SocketID, port: UInt16) -> SocketAddress {
        let address = SocketAddress(ip: ip, port: port)
        sockets[socket] = address
        owners[address] = socket
        return address
    }

    func socket(at address: SocketAddress) -> SocketID? { owners[address] }

    /// Does what the node asks for and notes what it tells. True when it asked for something.
    func serve(now: Instant) -> Bool {
        var hasActed = false
        while let effect = node.nextEffect() {
            hasActed = true
            perform(effect, now: now)
        }
        while let event = node.nextEvent() {
            hasActed = true
            events.append((now, event))
            if case .readable(let track) = event, readsAtOnce { read(track, now: now) }
        }
        return hasActed
    }

    /// Takes all frames of a track that are due.
    package func read(_ track: TrackID, now: Instant) {
        while let frame = node.nextFrame(track, now: now) {
            var payload = [UInt8](repeating: 0, count: frame.count)
            unsafe payload.withUnsafeMutableBytes {
                guard let start = $0.baseAddress else { return }
                unsafe frame.copy(to: start)
            }
            frames[track, default: []].append(
                SimulatedFrame(
                    time: now,
                    group: frame.group,
                    index: frame.index,
                    timestamp: frame.timestamp,
                    isDiscontinuous: frame.isDiscontinuous,
                    isDatagram: frame.isDatagram,
                    isFetched: frame.isFetched,
                    payload: payload
                )
            )
        }
    }

    private func perform(_ effect: NodeEffect, now: Instant) {
        switch effect {
        case .resolve(let query, let host):
            if let found = names[host] {
                node.resolved(query, .success(found), now: now)
            } else {
                node.resolved(query, .failure(MoQError(.nameNotFound, "no such name: \(host)")), now: now)
            }
        case .openSocket(let socket, let toward):
            guard let ip = ips.first(where: { SocketAddress(ip: $0, port: 0).isIPv6 == toward.isIPv6 }) else {
                return node.socketFailed(socket, "no route", now: now)
            }
            let local = SocketAddress(ip: ip, port: nextPort)
            nextPort += 1
            sockets[socket] = local
            owners[local] = socket
            node.socketOpened(socket, local: local, now: now)
        case .closeSocket(let socket):
            if let local = sockets.removeValue(forKey: socket) { owners[local] = nil }
        case .qlog: break
        }
    }

    /// The local address of a socket that is still open.
    func address(of socket: SocketID) -> SocketAddress? { sockets[socket] }
}

/// A frame as a simulated host got it.
package struct SimulatedFrame: Equatable, Sendable {
    package let time: Instant
    package let group: UInt64
    package let index: Int
    package let timestamp: Int64
    package let isDiscontinuous: Bool
    package let isDatagram: Bool
    package let isFetched: Bool
    package let payload: [UInt8]
}
