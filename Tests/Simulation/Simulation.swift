package import BurrowBase
import BurrowMoQ
import BurrowQUIC

/// Whole nodes on a simulated network and a virtual clock: the real QUIC and MoQ layers, repeatable from a seed.
package final class Simulation {
    package let seed: UInt64
    package var network: SimulatedNetwork
    package private(set) var peers: [SimulatedPeer] = []
    private var peersByHost: [SimulatedNetwork.HostID: SimulatedPeer] = [:]
    private var batch = DatagramBatch()
    /// Things to do at certain times, earliest last.
    private var agenda: [(time: Instant, action: () -> Void)] = []

    package init(seed: UInt64) {
        self.seed = seed
        network = SimulatedNetwork(seed: seed)
    }

    package var now: Instant { network.now }

    /// Adds a machine with IPv4 address 10.0.0.n, or addresses of choice.
    package func addPeer(_ name: String, ips: [SocketAddress.IP]? = nil) -> SimulatedPeer {
        let number = UInt32(peers.count + 1)
        let ips = ips ?? [.v4(0x0a00_0000 | number)]
        let host = network.addHost(name, ips: ips)
        let node = Node(
            random: SeededRandom(seed: seed &* 1000 &+ UInt64(number)),
            unixOffset: 1_800_000_000_000_000
        )
        let peer = SimulatedPeer(name: name, host: host, ips: ips, node: node)
        peers.append(peer)
        peersByHost[host] = peer
        return peer
    }

    /// Does something at a later time.
    package func at(_ time: Instant, _ action: @escaping () -> Void) {
        let index = agenda.firstIndex { $0.time <= time } ?? agenda.count
        agenda.insert((time, action), at: index)
    }

    /// Conditions of the line between two machines, both ways.
    package func setConditions(_ conditions: LinkConditions, between a: SimulatedPeer, and b: SimulatedPeer) {
        network.setConditions(conditions, between: a.host, and: b.host)
    }

    package func rebind(_ peer: SimulatedPeer) {
        network.rebind(peer.host)
    }

    package func addBlackout(_ window: Range<Instant>, of peer: SimulatedPeer) {
        network.addBlackout(window, of: peer.host)
    }

    /// Lets a machine act on what its host just asked of it.
    package func settle(_ peer: SimulatedPeer) {
        repeat {
            peer.node.process(now: now)
            flush(peer)
        } while peer.serve(now: now)
    }

    /// Runs for a while.
    package func run(for interval: Interval) {
        _ = run(until: now + interval) { false }
    }

    /// Runs until something is so, at most to a time. Tells whether it came to be.
    package func run(until limit: Instant, _ isDone: () -> Bool) -> Bool {
        for peer in peers where !peer.isDead { settle(peer) }
        while !isDone() {
            let timer = peers.lazy.filter { !$0.isDead }.map(\.node.deadline).min() ?? .distantFuture
            let planned = agenda.last?.time ?? .distantFuture
            let next = max(min(timer, planned), now)
            guard min(next, network.nextEventTime ?? .distantFuture) <= limit else {
                _ = network.nextDelivery(until: limit)
                return isDone()
            }
            if let delivery = network.nextDelivery(until: min(next, limit)) {
                deliver(delivery)
            } else if planned <= now, let item = agenda.popLast() {
                item.action()
                for peer in peers where !peer.isDead { settle(peer) }
            } else {
                for peer in peers where !peer.isDead && peer.node.deadline <= now {
                    peer.node.handleTimeouts(now: now)
                    settle(peer)
                }
            }
        }
        return true
    }

    private func deliver(_ delivery: SimulatedNetwork.Delivery) {
        guard let peer = peersByHost[delivery.host], !peer.isDead else { return }
        guard let socket = peer.socket(at: delivery.datagram.destination) else { return }
        var bytes = delivery.datagram.bytes
        let path = DatagramPath(
            socket: socket,
            local: delivery.datagram.destination,
            remote: delivery.datagram.source
        )
        unsafe bytes.withUnsafeMutableBytes {
            unsafe peer.node.receive(
                $0,
                path: path,
                ecn: ECN(rawValue: delivery.datagram.ecn) ?? .notECT,
                now: now
            )
        }
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

    private func send(_ entry: DatagramBatch.Entry, of peer: SimulatedPeer) {
        guard let local = peer.address(of: entry.path.socket) else { return }
        let bytes = unsafe [UInt8](UnsafeRawBufferPointer(batch.bytes(of: entry)))
        var start = 0
        while start < bytes.count {
            let end = min(start + max(entry.segmentSize, 1), bytes.count)
            network.send(
                Array(bytes[start..<end]),
                from: local,
                to: entry.path.remote,
                ecn: entry.ecn.rawValue
            )
            start = end
        }
    }
}
