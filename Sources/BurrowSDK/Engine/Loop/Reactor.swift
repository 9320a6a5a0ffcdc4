import BurrowBase
import BurrowQUIC
import CBurrowShims

/// Waits for sockets, the mailbox and one deadline at once.
final class Reactor {
    /// What a wait brought, in fixed memory.
    struct Ready {
        enum Source: Equatable {
            case mailbox
            case socket(SocketID)
            /// A stream, by its number.
            case stream(UInt32)
        }

        var source: Source
        var isReadable: Bool
        var isWritable: Bool
    }

    private static let limit = 64
    private static let mailboxToken = UInt64.max
    /// Added to the numbers of streams, so that they are none of a datagram socket.
    private static let streamToken: UInt64 = 1 << 32

    private let descriptor: Int32
    private var tokens = [UInt64](repeating: 0, count: limit)
    private var flags = [UInt8](repeating: 0, count: limit)

    init(mailbox: Int32) throws(EngineError) {
        descriptor = cburrow_epoll()
        guard descriptor >= 0 else {
            throw EngineError(.system, "cannot make a descriptor: \(SystemCall.text(-descriptor))")
        }
        let code = cburrow_epoll_set(descriptor, mailbox, Self.mailboxToken, 1, 0)
        guard code == 0 else {
            cburrow_close(descriptor)
            throw EngineError(.system, "cannot watch a descriptor: \(SystemCall.text(code))")
        }
    }

    deinit {
        cburrow_close(descriptor)
    }

    func add(_ socket: UDPSocket) throws(EngineError) {
        let code = cburrow_epoll_set(descriptor, socket.udp.fd, UInt64(socket.id.rawValue), 1, 0)
        guard code == 0 else {
            throw EngineError(.system, "cannot watch a socket: \(SystemCall.text(code))")
        }
    }

    func remove(_ socket: UDPSocket) {
        cburrow_epoll_remove(descriptor, socket.udp.fd)
    }

    /// Chooses whether a socket wakes the loop when it can be written to.
    func watchWritable(_ socket: UDPSocket, _ isWatched: Bool) {
        _ = cburrow_epoll_set(descriptor, socket.udp.fd, UInt64(socket.id.rawValue), 0, isWatched ? 1 : 0)
    }

    // MARK: Streams

    func add(stream number: UInt32, _ fd: Int32) throws(EngineError) {
        let code = cburrow_epoll_set(descriptor, fd, Self.streamToken | UInt64(number), 1, 1)
        guard code == 0 else {
            throw EngineError(.system, "cannot watch a socket: \(SystemCall.text(code))")
        }
    }

    func remove(stream fd: Int32) {
        cburrow_epoll_remove(descriptor, fd)
    }

    func watch(stream number: UInt32, _ fd: Int32, isReadable: Bool, isWritable: Bool) {
        let token = Self.streamToken | UInt64(number)
        _ = cburrow_epoll_watch(descriptor, fd, token, isReadable ? 1 : 0, isWritable ? 1 : 0)
    }

    // MARK: Waiting

    /// Waits until something is ready or the deadline passes, and returns how many are ready.
    func wait(until deadline: Instant, now: Instant) -> Int {
        let left = deadline == .distantFuture ? -1 : max((deadline - now).microseconds, 0)
        let count = unsafe tokens.withUnsafeMutableBufferPointer { (tokens) -> Int32 in
            unsafe flags.withUnsafeMutableBufferPointer { (flags) -> Int32 in
                guard let first = tokens.baseAddress, let flag = flags.baseAddress else { return 0 }
                return unsafe cburrow_epoll_wait(descriptor, left, first, flag, Int32(Self.limit))
            }
        }
        return max(Int(count), 0)
    }

    /// One thing of the last wait.
    func ready(_ index: Int) -> Ready {
        let (token, flag) = (tokens[index], flags[index])
        let source: Ready.Source
        if token == Self.mailboxToken {
            source = .mailbox
        } else if token & Self.streamToken != 0 {
            source = .stream(UInt32(truncatingIfNeeded: token))
        } else {
            source = .socket(SocketID(rawValue: UInt32(truncatingIfNeeded: token)))
        }
        // An error is found by reading.
        return Ready(source: source, isReadable: flag & 5 != 0, isWritable: flag & 2 != 0)
    }
}
