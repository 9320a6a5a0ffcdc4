import BurrowBase
import BurrowQUIC
import BurrowSimulation
import FuzzHarness

/// Two endpoints and a line that the fuzzer owns: it drops, damages, repeats and invents datagrams in both directions.
/// Afterwards another client must be served.
enum QUICDatagramsTarget: FuzzTarget {
    static func run() {
        guard
            let tls = try? TLSContext.server(
                certificatePEM: Array(SimulatedIdentity.certificatePEM.utf8),
                keyPEM: Array(SimulatedIdentity.keyPEM.utf8)
            ),
            let trust = try? TLSContext.client(
                trust: .init(systemRoots: false, pinsSHA256: [SimulatedIdentity.fingerprint])
            )
        else { preconditionFailure("the simulated identity is not accepted") }
        fuzz { (input) in
            var choices = Choices(input)
            Line(tls, trust, choices.byte()).run(&choices)
        }
    }
}

private let clientAddress = SocketAddress(ip: .v4(0x0a00_0001), port: 5000)
private let serverAddress = SocketAddress(ip: .v4(0x0a00_0002), port: 443)

private final class Line {
    private struct Packet {
        var bytes: [UInt8]
        var toServer: Bool
        var path: DatagramPath
    }

    private let server: Endpoint
    private let client: Endpoint
    private let trust: TLSContext
    private var now = Instant(microseconds: 1_000_000)
    private var wire: [Packet] = []
    private var batch = DatagramBatch()
    private var connected = 0

    init(_ tls: TLSContext, _ trust: TLSContext, _ mode: Int) {
        var settings = TransportSettings()
        settings.keepAlive = .zero
        server = Endpoint(
            settings: settings,
            tls: tls,
            alpn: ["test"],
            allocator: SliceAllocator(),
            random: SeededRandom(seed: 1)
        )
        server.acceptLimits.alwaysRetry = mode % 4 == 0
        client = Endpoint(
            settings: settings,
            tls: nil,
            alpn: [],
            allocator: SliceAllocator(),
            random: SeededRandom(seed: 2)
        )
        self.trust = trust
    }

    func run(_ choices: inout Choices) {
        guard let connection = connect(port: 5000) else { preconditionFailure("no connection") }
        turn()
        while !choices.rest.isEmpty {
            step(&choices, connection)
            turn()
        }
        // Nobody touches the line any more.
        var pauses = 0
        while pauses < 400 {
            if wire.isEmpty { pauses += 1 }
            if !wire.isEmpty { deliver(wire.removeFirst()) } else { now = now + .milliseconds(50) }
            turn()
        }
        let before = connected
        guard connect(port: 6000) != nil else { preconditionFailure("no second connection") }
        for _ in 0..<2000 where connected < before + 2 {
            turn()
            if !wire.isEmpty { deliver(wire.removeFirst()) } else { now = now + .milliseconds(50) }
        }
        require(connected >= before + 2, "another client is not served")
        require(server.connectionCount <= 2, "\(server.connectionCount) connections are left")
    }

    private func connect(port: UInt16) -> Connection? {
        let local = SocketAddress(ip: clientAddress.ip, port: port)
        return try? client.connect(
            to: nil,
            path: DatagramPath(socket: SocketID(rawValue: 1), local: local, remote: serverAddress),
            alpn: ["test"],
            tls: trust,
            settings: client.settings,
            resumption: nil,
            now: now
        )
    }

    private func step(_ choices: inout Choices, _ connection: Connection) {
        let choice = choices.byte()
        switch choice % 9 {
        case 0: if !wire.isEmpty { deliver(wire.removeFirst()) }
        case 1: if !wire.isEmpty { wire.removeFirst() }
        case 2:
            guard var packet = wire.first else { return }
            for _ in 0..<(1 + choice / 64) {
                let at = (choices.byte() << 8 | choices.byte()) % max(packet.bytes.count, 1)
                if packet.bytes.indices.contains(at) { packet.bytes[at] ^= UInt8(choices.byte()) }
            }
            wire[0] = packet
        case 3: if let first = wire.first { wire.append(first) }
        case 4:
            guard !wire.isEmpty else { return }
            wire[0].bytes.removeLast(min(choices.byte() * 5, wire[0].bytes.count))
        case 5:
            let toServer = choices.byte() % 2 == 0
            deliver(
                Packet(bytes: choices.bytes(choices.byte() * 4), toServer: toServer, path: path(toServer))
            )
        case 6: now = now + .milliseconds(Int64(choices.byte()) * 4)
        case 7:
            guard let stream = connection.openStream(bidirectional: choice > 127) else { return }
            connection.write(choices.bytes(choices.byte()), to: stream)
            connection.finish(stream)
        default: if let last = wire.popLast() { wire.insert(last, at: 0) }
        }
    }

    /// As the receiver sees it.
    private func path(_ toServer: Bool, port: UInt16 = 5000) -> DatagramPath {
        let near = SocketAddress(ip: clientAddress.ip, port: port)
        return toServer
            ? DatagramPath(socket: SocketID(rawValue: 9), local: serverAddress, remote: near)
            : DatagramPath(socket: SocketID(rawValue: 1), local: near, remote: serverAddress)
    }

    private func deliver(_ packet: Packet) {
        var bytes = packet.bytes
        let endpoint = packet.toServer ? server : client
        unsafe bytes.withUnsafeMutableBytes {
            unsafe endpoint.receive($0, path: packet.path, ecn: .notECT, now: now)
        }
    }

    private func turn() {
        for endpoint in [client, server] {
            endpoint.handleTimeouts(now: now)
            while let connection = endpoint.nextActive() { read(connection) }
            var isDone = false
            while !isDone {
                isDone = endpoint.flush(into: &batch, now: now)
                for entry in batch.entries { take(entry, toServer: endpoint === client) }
                batch.removeAll()
            }
        }
    }

    private func read(_ connection: Connection) {
        while let event = connection.nextEvent() {
            switch event {
            case .connected: connected += 1
            case .readable(let stream): while case .bytes = connection.read(stream) {}
            default: break
            }
        }
    }

    private func take(_ entry: DatagramBatch.Entry, toServer: Bool) {
        let all = unsafe [UInt8](UnsafeRawBufferPointer(batch.bytes(of: entry)))
        let port = toServer ? entry.path.local.port : entry.path.remote.port
        for start in stride(from: 0, to: all.count, by: max(entry.segmentSize, 1)) {
            guard wire.count < 500 else { return }
            let bytes = Array(all[start..<min(start + entry.segmentSize, all.count)])
            wire.append(Packet(bytes: bytes, toServer: toServer, path: path(toServer, port: port)))
        }
    }
}
