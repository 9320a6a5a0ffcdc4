import BurrowBase
import BurrowQUIC
import CBurrowShims

/// Reads datagrams in batches. One per loop, because the memory is used again for every read.
@safe final class DatagramReceiver {
    /// Reads of one socket in a row, so that a flooded one does not starve the rest.
    private static let readsPerTurn = 8

    private let memory: OpaquePointer

    init() throws(EngineError) {
        guard let memory = unsafe cburrow_receiver_make() else {
            throw EngineError(.system, "no memory for receiving")
        }
        unsafe self.memory = memory
    }

    deinit {
        unsafe cburrow_receiver_free(memory)
    }

    /// What a read showed besides datagrams.
    enum Outcome {
        case drained
        /// There is more, for the next turn.
        case more
        /// The system says that nobody listens at the other end.
        case refused
    }

    /// Hands every datagram that waits in the socket to `take`.
    func read(
        _ socket: UDPSocket,
        take: (UnsafeMutableRawBufferPointer, DatagramPath, ECN) -> Void
    ) -> Outcome {
        var udp = socket.udp
        var isRefused = false
        for _ in 0..<Self.readsPerTurn {
            let count = unsafe cburrow_receiver_read(memory, &udp)
            if count < 0 {
                isRefused = isRefused || cburrow_is_refused(-count) == 1
                continue
            }
            for index in 0..<count {
                unsafe split(cburrow_receiver_arrival(memory, index).pointee, socket, take)
            }
            if count < cburrow_receiver_limit() { return isRefused ? .refused : .drained }
        }
        return isRefused ? .refused : .more
    }

    /// Undoes the joining of packets by the system.
    private func split(
        _ arrival: cburrow_arrival,
        _ socket: UDPSocket,
        _ take: (UnsafeMutableRawBufferPointer, DatagramPath, ECN) -> Void
    ) {
        var local = socket.local
        if unsafe arrival.local.is_set == 1 {
            local.ip = unsafe SocketAddress(arrival.local).ip
        }
        let path = unsafe DatagramPath(socket: socket.id, local: local, remote: SocketAddress(arrival.remote))
        let ecn = unsafe ECN(rawValue: arrival.ecn) ?? .notECT
        var offset = 0
        let (length, segment) = unsafe (Int(arrival.length), Int(arrival.segment))
        while offset < length {
            let count = min(segment, length - offset)
            let datagram = unsafe UnsafeMutableRawBufferPointer(start: arrival.bytes + offset, count: count)
            unsafe take(datagram, path, ecn)
            offset += count
        }
    }
}
