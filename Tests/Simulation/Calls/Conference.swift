import BurrowBase
import BurrowMoQ
import BurrowQUIC

/// A calm call of some members for minutes: everybody sends audio, 50 groups in a second, and hears everybody else.
package struct Conference {
    package var members = 5
    package var minutes: Int64 = 10
    var line = LinkConditions(delay: .milliseconds(20), jitter: .milliseconds(5))

    package init() {}

    /// What was not as it has to be; empty when everybody heard everything in time.
    package func run(seed: UInt64) throws -> [String] {
        let simulation = Simulation(seed: seed)
        let relay = simulation.addPeer("relay")
        let tls = try TLSContext.server(
            certificatePEM: Array(SimulatedIdentity.certificatePEM.utf8),
            keyPEM: Array(SimulatedIdentity.keyPEM.utf8)
        )
        let socket = SocketID(rawValue: 1)
        let address = relay.bind(socket, port: 4443)
        _ = relay.node.startRelay(
            RelayConfiguration(tls: tls, access: .open),
            sockets: [socket],
            now: simulation.now
        )
        let peers = (0..<members).map { simulation.addPeer("m\($0)") }
        var tracks: [TrackID] = []
        var rooms: [RoomID] = []
        for (number, peer) in peers.enumerated() {
            simulation.setConditions(line, between: peer, and: relay)
            var configuration = RoomConfiguration(url: try RelayURL("moqt://\(address)"))
            configuration.path = try BroadcastPath("m\(number)")
            configuration.trust = .init(systemRoots: false, pinsSHA256: [SimulatedIdentity.fingerprint])
            let room = try peer.node.openRoom(
                configuration,
                request: RequestID(rawValue: 1),
                now: simulation.now
            )
            rooms.append(room)
            tracks.append(
                try peer.node.publishTrack(in: room, TrackConfiguration(name: "audio"), now: simulation.now)
            )
        }
        var ears: [(peer: SimulatedPeer, track: TrackID)] = []
        for (number, peer) in peers.enumerated() {
            for other in peers.indices where other != number {
                let options = SubscribeOptions(priority: 200, ordered: true, maxAge: .seconds(1))
                let path = try BroadcastPath("m\(other)")
                let room = rooms[number]
                let track = try peer.node.subscribeTrack(
                    in: room,
                    path: path,
                    name: "audio",
                    options,
                    now: simulation.now
                )
                ears.append((peer, track))
            }
        }
        simulation.run(for: .seconds(2))
        let frames = Int(minutes) * 60 * 50
        for (peer, track) in zip(peers, tracks) { push(frames, on: track, of: peer, simulation) }
        simulation.run(for: .seconds(minutes * 60 + 2))
        var problems = simulation.isStuck ? ["a deadline stands still"] : []
        for (peer, track) in ears {
            let heard = peer.frames[track] ?? []
            if heard.count != frames {
                problems.append("\(peer.name) heard \(heard.count) of \(frames) frames")
            }
            let late = heard.lazy.map { ($0.time.microseconds - $0.timestamp) / 1000 }.max() ?? 0
            if late > 150 { problems.append("\(peer.name) heard something \(late) ms late") }
        }
        return problems
    }

    private func push(_ left: Int, on track: TrackID, of peer: SimulatedPeer, _ simulation: Simulation) {
        guard left > 0 else { return }
        let now = simulation.now
        let frame = OutgoingFrame(
            timestamp: now.microseconds,
            isKey: true,
            endsGroup: true,
            isDatagram: false
        )
        unsafe [UInt8](repeating: 7, count: 100).withUnsafeBytes {
            // A track that is gone shows in what was heard.
            try? unsafe peer.node.push(track, frame, payload: $0, now: now)
        }
        simulation.at(now + .milliseconds(20), on: peer) { [unowned simulation] in
            push(left - 1, on: track, of: peer, simulation)
        }
    }
}
