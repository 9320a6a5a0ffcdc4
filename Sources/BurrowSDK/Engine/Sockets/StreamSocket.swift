import BurrowBase
import CBurrowShims

/// One TCP connection of the loop that we opened. It closes its descriptor when nobody holds it any more; `close` does
/// so at once.
final class StreamSocket {
    enum Reading {
        case bytes([UInt8])
        case nothing
        case ended
        case failed(EngineError)
    }

    /// What one read takes, so that one relay with much to tell does not hold up the others, or a call.
    private static let readBytes = 16 << 10

    let number: UInt32
    let remote: SocketAddress
    private let reactor: Reactor
    private let descriptor: Int32
    private var isOpen = true
    private var isConnected = false
    private var isPaused = false
    private var waiting: [UInt8] = []
    private var sent = 0
    private var watchesWritable = true

    init(_ number: UInt32, to remote: SocketAddress, _ reactor: Reactor) throws(EngineError) {
        self.number = number
        self.remote = remote
        self.reactor = reactor
        var raw = remote.raw
        descriptor = unsafe cburrow_tcp_connect(&raw)
        guard descriptor >= 0 else {
            isOpen = false
            throw Self.error(-descriptor, remote)
        }
        try reactor.add(stream: number, descriptor)
    }

    deinit {
        close()
    }

    func close() {
        guard isOpen else { return }
        isOpen = false
        reactor.remove(stream: descriptor)
        cburrow_close(descriptor)
    }

    private static func error(_ code: Int32, _ remote: SocketAddress) -> EngineError {
        let isOurs = cburrow_is_resource_shortage(code) == 1
        return EngineError(isOurs ? .system : .unreachable, "\(remote): \(SystemCall.text(code))")
    }

    /// How connecting went, once the socket can be written to.
    func finishConnecting() throws(EngineError) {
        let code = cburrow_tcp_result(descriptor)
        guard code == 0 else { throw Self.error(code, remote) }
        isConnected = true
        watch()
    }

    // MARK: Reading

    func read() -> Reading {
        guard isOpen else { return .nothing }
        var count = 0
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: Self.readBytes) { (buffer, used) in
            if let base = buffer.baseAddress {
                count = unsafe cburrow_tcp_read(descriptor, base, Self.readBytes)
            }
            used = min(max(count, 0), Self.readBytes)
        }
        if count > 0 { return .bytes(bytes) }
        if count == 0 { return .ended }
        if count == Int(CBURROW_TCP_BLOCKED) { return .nothing }
        let text = SystemCall.text(Int32(clamping: -count))
        return .failed(EngineError(.connectionLost, "\(remote): \(text)"))
    }

    /// Stops reading for a while, so that the peer has to wait, or goes on.
    func pause(_ isPaused: Bool) {
        guard self.isPaused != isPaused else { return }
        self.isPaused = isPaused
        watch()
    }

    // MARK: Writing

    var waitingCount: Int { waiting.count - sent }

    /// Queues bytes and sends what the system takes.
    func write(_ bytes: [UInt8]) throws(EngineError) {
        if waitingCount == 0 {
            waiting = bytes
            sent = 0
        } else {
            waiting.append(contentsOf: bytes)
        }
        try flush()
    }

    /// Sends what waits as far as the system takes it.
    func flush() throws(EngineError) {
        guard isOpen, isConnected else { return }
        while sent < waiting.count {
            let start = sent
            let count = unsafe waiting.withUnsafeBytes { (bytes) -> Int in
                guard let base = bytes.baseAddress else { return 0 }
                return unsafe cburrow_tcp_write(descriptor, base + start, bytes.count - start)
            }
            if count == Int(CBURROW_TCP_BLOCKED) { break }
            guard count > 0 else {
                let text = SystemCall.text(Int32(clamping: -count))
                throw EngineError(.connectionLost, "\(remote): \(text)")
            }
            sent += count
        }
        if sent == waiting.count {
            waiting.removeAll(keepingCapacity: waiting.count <= Self.readBytes)
            sent = 0
        }
        if watchesWritable != (waitingCount > 0) { watch() }
    }

    private func watch() {
        guard isOpen else { return }
        watchesWritable = !isConnected || waitingCount > 0
        reactor.watch(
            stream: number,
            descriptor,
            isReadable: isConnected && !isPaused,
            isWritable: watchesWritable
        )
    }
}
