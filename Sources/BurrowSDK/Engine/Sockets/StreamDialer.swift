import BurrowBase
import BurrowMoQ

/// Opens the TCP connection to a server: asks for its addresses and tries them as RFC 8305 says, the first that answers
/// wins.
final class StreamDialer {
    enum Step {
        /// Tell again when something happens, at the latest at `deadline`.
        case waiting
        case connected(StreamSocket)
        case failed(EngineError)
    }

    private let host: String
    private let port: UInt16
    private var race: ConnectionRace?
    private var attempts: [StreamSocket] = []
    private var lastError: EngineError?

    init(host: String, port: UInt16) {
        self.host = host
        self.port = port
    }

    /// Whether this stream is one of the attempts.
    func owns(_ number: UInt32) -> Bool {
        attempts.contains { $0.number == number }
    }

    var deadline: Instant { race?.deadline ?? .distantFuture }

    /// The name has been looked up, or was an address.
    func resolved(
        _ result: Result<[SocketAddress.IP], EngineError>,
        streams: StreamNumbers,
        now: Instant
    ) -> Step {
        switch result {
        case .failure(let error): return .failed(error)
        case .success(let addresses):
            race = ConnectionRace(addresses.map { SocketAddress(ip: $0, port: port) }, now: now)
            return advance(streams: streams, now: now)
        }
    }

    /// Begins what is due.
    func advance(streams: StreamNumbers, now: Instant) -> Step {
        while true {
            switch race?.next(now: now) {
            case .attempt(let address):
                do throws(EngineError) {
                    attempts.append(try streams.connect(to: address))
                } catch {
                    note(error, now: now)
                }
            case .wait, nil: return .waiting
            case .exhausted:
                return .failed(lastError ?? EngineError(.unreachable, "\(host) has no address"))
            }
        }
    }

    /// A stream that is an attempt is decided.
    func ready(_ number: UInt32, streams: StreamNumbers, now: Instant) -> Step {
        guard let index = attempts.firstIndex(where: { $0.number == number }) else { return .waiting }
        let socket = attempts.remove(at: index)
        do throws(EngineError) {
            try socket.finishConnecting()
        } catch {
            socket.close()
            note(error, now: now)
            return advance(streams: streams, now: now)
        }
        close()
        return .connected(socket)
    }

    private func note(_ error: EngineError, now: Instant) {
        lastError = error
        race?.attemptFailed(now: now)
    }

    func close() {
        for socket in attempts { socket.close() }
        attempts = []
        race = nil
    }
}

/// Numbers the streams of a loop, so that a late report is never taken for one of a newer stream.
final class StreamNumbers {
    private let reactor: Reactor
    private var last: UInt32 = 0

    init(_ reactor: Reactor) {
        self.reactor = reactor
    }

    func connect(to address: SocketAddress) throws(EngineError) -> StreamSocket {
        last &+= 1
        return try StreamSocket(last, to: address, reactor)
    }
}
