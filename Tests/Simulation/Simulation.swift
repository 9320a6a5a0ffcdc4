package import BurrowBase
import BurrowMoQ
package import BurrowQUIC

/// Whole nodes on a simulated network and a virtual clock: the real QUIC and MoQ layers, repeatable from a seed.
package final class Simulation {
    /// More turns than this without the clock moving mean that a deadline stands still.
    package static let turnsAtOnceLimit = 5000

    package let seed: UInt64
    package var network: SimulatedNetwork
    package private(set) var peers: [SimulatedPeer] = []
    private var peersByHost: [SimulatedNetwork.HostID: SimulatedPeer] = [:]
    private var batch = DatagramBatch()
    private var agenda = EventHeap<Plan>()
    private var touched: [SimulatedPeer] = []
    private var raws: [RawPeer] = []
    private var rawsByHost: [SimulatedNetwork.HostID: RawPeer] = [:]
    private var turnsAtOnce = 0
    private var lastTurn = Instant(microseconds: .min)
    /// Set when a node asked again and again to be woken at once. Nothing runs any more then.
    package private(set) var isStuck = false

    /// Something to do at a certain time, to one machine or to any.
    private struct Plan {
        let peer: SimulatedPeer?
        let action: () -> Void
    }

    package init(seed: UInt64) {
        self.seed = seed
        network = SimulatedNetwork(seed: seed)
    }

    package var now: Instant { network.now }

    /// Adds a machine with IPv4 address 10.0.0.n, or addresses of choice.
    package func addPeer(_ name: String, ips: [SocketAddress.IP]? = nil) -> SimulatedPeer {
        let number = peers.count + 1
        let ips = ips ?? [.v4(0x0a00_0000 | UInt32(truncatingIfNeeded: number))]
        let host = network.addHost(name, ips: ips)
        let peer = SimulatedPeer(
            name: name,
            host: host,
            ips: ips,
            seed: seed &* 1000 &+ UInt64(truncatingIfNeeded: number)
        )
        peers.append(peer)
        peersByHost[host] = peer
        return peer
    }

    /// Adds a machine without a node, with IPv4 address 10.1.0.n. With credentials it is a server as well.
    package func addRawPeer(
        _ name: String,
        settings: TransportSettings = TransportSettings(),
        tls: TLSContext? = nil,
        alpn: [String] = []
    ) -> RawPeer {
        let ip = SocketAddress.IP.v4(0x0a01_0001 + UInt32(truncatingIfNeeded: raws.count))
        let peer = RawPeer(
            name: name,
            host: network.addHost(name, ips: [ip]),
            ip: ip,
            seed: seed &* 1000 &+ 500 &+ UInt64(truncatingIfNeeded: raws.count),
            settings: settings,
            tls: tls,
            alpn: alpn
        )
        raws.append(peer)
        rawsByHost[peer.host] = peer
        return peer
    }

    /// Does something at a later time, after which every machine, or just the one concerned, has its turn.
    package func at(_ time: Instant, on peer: SimulatedPeer? = nil, _ action: @escaping () -> Void) {
        agenda.add(Plan(peer: peer, action: action), at: max(time, now))
    }

    /// Conditions of the line between two machines, both ways.
    package func setConditions(_ conditions: LinkConditions, between a: SimulatedPeer, and b: SimulatedPeer) {
        network.setConditions(conditions, between: a.host, and: b.host)
    }

    package func setConditions(_ conditions: LinkConditions, between a: RawPeer, and b: SimulatedPeer) {
        network.setConditions(conditions, between: a.host, and: b.host)
    }

    /// Conditions of the line in one direction only.
    package func setConditions(_ conditions: LinkConditions, from a: RawPeer, to b: SimulatedPeer) {
        network.setConditions(conditions, from: a.host, to: b.host)
    }

    package func setConditions(_ conditions: LinkConditions, from a: SimulatedPeer, to b: RawPeer) {
        network.setConditions(conditions, from: a.host, to: b.host)
    }

    package func rebind(_ peer: SimulatedPeer) {
        network.rebind(peer.host)
    }

    package func addBlackout(_ window: Range<Instant>, of peer: SimulatedPeer) {
        network.addBlackout(window, of: peer.host)
    }

    /// Lets a machine act on what its host just asked of it.
    package func settle(_ peer: SimulatedPeer) {
        guard !peer.isDead else { return }
        repeat {
            peer.node.process(now: now)
            flush(peer)
        } while peer.serve(now: now)
        peer.deadline = peer.node.deadline
    }

    /// Lets a machine without a node send what a test has just asked of it.
    package func settle(_ peer: RawPeer) {
        peer.process()
        var isDone = false
        while !isDone {
            isDone = peer.endpoint.flush(into: &batch, now: now)
            for entry in batch.entries {
                if peer.recordsDatagrams { record(entry, peer) }
                send(entry, from: entry.path.local)
            }
            batch.removeAll()
        }
        peer.deadline = peer.endpoint.deadline
    }

    /// Runs for a while.
    package func run(for interval: Interval) {
        _ = run(until: now + interval) { false }
    }

    /// Runs until something is so, at most to a time. Tells whether it came to be.
    package func run(until limit: Instant, _ isDone: () -> Bool) -> Bool {
        settleAll()
        while !isDone() {
            let planned = agenda.nextTime ?? .distantFuture
            let due = max(min(planned, nextDeadline), now)
            guard min(due, network.nextEventTime ?? .distantFuture) <= limit, !isStuck else {
                if !isStuck { _ = network.nextDelivery(until: limit) }
                return isDone()
            }
            if let delivery = network.nextDelivery(until: min(due, limit)) {
                deliver(delivery)
            } else if let plan = agenda.removeFirst(until: now) {
                plan.payload.action()
                if let peer = plan.payload.peer { settle(peer) } else { settleAll() }
            } else {
                fireTimers()
            }
        }
        return true
    }

    private func settleAll() {
        for peer in peers where !peer.isDead { settle(peer) }
        for peer in raws { settle(peer) }
    }

    private var nextDeadline: Instant {
        var earliest = Instant.distantFuture
        for peer in peers where !peer.isDead && peer.deadline < earliest { earliest = peer.deadline }
        for peer in raws where peer.deadline < earliest { earliest = peer.deadline }
        return earliest
    }

    private func fireTimers() {
        turnsAtOnce = now == lastTurn ? turnsAtOnce + 1 : 0
        lastTurn = now
        isStuck = turnsAtOnce > Self.turnsAtOnceLimit
        for peer in peers where !peer.isDead && peer.deadline <= now {
            peer.node.handleTimeouts(now: now)
            settle(peer)
        }
        for peer in raws where peer.deadline <= now {
            peer.endpoint.handleTimeouts(now: now)
            settle(peer)
        }
    }

    /// Hands over everything that arrives at this time, then gives each receiver its turn, as a socket read in
    /// batches would.
    private func deliver(_ first: SimulatedNetwork.Delivery) {
        var next: SimulatedNetwork.Delivery? = first
        while let delivery = next {
            receive(delivery)
            next = network.nextDelivery(until: now)
        }
        for peer in touched {
            peer.isTouched = false
            settle(peer)
        }
        touched.removeAll(keepingCapacity: true)
    }

    private func receive(_ delivery: SimulatedNetwork.Delivery) {
        if let raw = rawsByHost[delivery.host] { return receive(delivery, raw) }
        guard let peer = peersByHost[delivery.host], !peer.isDead else { return }
        guard let socket = peer.socket(at: delivery.datagram.destination) else { return }
        var bytes = delivery.datagram.bytes
        let path = DatagramPath(
            socket: socket,
            local: delivery.datagram.destination,
            remote: delivery.datagram.source
        )
        let ecn = ECN(rawValue: delivery.datagram.ecn) ?? .notECT
        unsafe bytes.withUnsafeMutableBytes { unsafe peer.node.receive($0, path: path, ecn: ecn, now: now) }
        if !peer.isTouched {
            peer.isTouched = true
            touched.append(peer)
        }
    }

    private func receive(_ delivery: SimulatedNetwork.Delivery, _ peer: RawPeer) {
        let (local, remote) = (delivery.datagram.destination, delivery.datagram.source)
        peer.receive(
            delivery.datagram.bytes,
            path: DatagramPath(socket: SocketID(rawValue: 1), local: local, remote: remote),
            ecn: ECN(rawValue: delivery.datagram.ecn) ?? .notECT,
            now: now
        )
        settle(peer)
    }

    private func flush(_ peer: SimulatedPeer) {
        var isDone = false
        while !isDone {
            isDone = peer.node.flush(into: &batch, now: now)
            for entry in batch.entries { send(entry, of: peer) }
            batch.removeAll()
        }
    }

    private func record(_ entry: DatagramBatch.Entry, _ peer: RawPeer) {
        let bytes = unsafe [UInt8](UnsafeRawBufferPointer(batch.bytes(of: entry)))
        for start in stride(from: 0, to: bytes.count, by: max(entry.segmentSize, 1)) {
            let part = Array(bytes[start..<min(start + entry.segmentSize, bytes.count)])
            peer.sent.append(
                SimulatedDatagram(source: entry.path.local, destination: entry.path.remote, bytes: part)
            )
        }
    }

    private func send(_ entry: DatagramBatch.Entry, of peer: SimulatedPeer) {
        guard let local = peer.address(of: entry.path.socket) else { return }
        send(entry, from: local)
    }

    private func send(_ entry: DatagramBatch.Entry, from local: SocketAddress) {
        let bytes = unsafe UnsafeRawBufferPointer(batch.bytes(of: entry))
        var start = 0
        while start < bytes.count {
            let end = min(start + max(entry.segmentSize, 1), bytes.count)
            network.send(
                unsafe [UInt8](UnsafeRawBufferPointer(rebasing: bytes[start..<end])),
                from: local,
                to: entry.path.remote,
                ecn: entry.ecn.rawValue
            )
            start = end
        }
    }
}
