import BurrowBase
import BurrowQUIC
import CBurrowShims

/// Sends batches of datagrams, and keeps what the system does not take yet.
@safe final class DatagramTransmitter {
    /// Filled by the node, only while it is empty.
    var batch = DatagramBatch()
    /// Datagrams that could not be sent, which the protocol takes for losses.
    private(set) var dropped: UInt64 = 0
    /// Whether something waits for memory rather than for a descriptor.
    private(set) var isStarved = false

    private var queue: [DatagramBatch.Entry] = []
    private var held: [DatagramBatch.Entry] = []
    private let memory: OpaquePointer

    init() throws(EngineError) {
        guard let memory = unsafe cburrow_sender_make() else {
            throw EngineError(.system, "no memory for sending")
        }
        unsafe self.memory = memory
    }

    deinit {
        unsafe cburrow_sender_free(memory)
    }

    var isEmpty: Bool { batch.isEmpty }

    /// Sends as much of the batch as the system takes. `onBlocked` is called for each socket that became full.
    func send(_ sockets: SocketTable, onBlocked: (UDPSocket) -> Void) {
        isStarved = false
        if held.isEmpty {
            queue.append(contentsOf: batch.entries)
        } else {
            swap(&queue, &held)
        }
        var index = 0
        while index < queue.count {
            guard let socket = sockets[queue[index].path.socket] else {
                dropped &+= UInt64(queue[index].packetCount)
                index += 1
                continue
            }
            if case .starved = socket.blockage { socket.blockage = .none }
            if case .full = socket.blockage {
                held.append(queue[index])
                index += 1
                continue
            }
            index += sendRun(from: index, on: socket)
            switch socket.blockage {
            case .none: break
            case .full: onBlocked(socket)
            case .starved:
                isStarved = true
                holdRest(from: &index, of: socket)
            }
        }
        queue.removeAll(keepingCapacity: true)
        if held.isEmpty { batch.removeAll() }
    }

    private func holdRest(from index: inout Int, of socket: UDPSocket) {
        while index < queue.count, queue[index].path.socket == socket.id {
            held.append(queue[index])
            index += 1
        }
    }

    /// Sends entries of one socket that lie side by side; returns how many are dealt with. Stops at a blockage.
    private func sendRun(from start: Int, on socket: UDPSocket) -> Int {
        unsafe cburrow_sender_clear(memory)
        var end = start
        while end < queue.count, queue[end].path.socket == socket.id {
            let entry = queue[end]
            let isRun = entry.count > entry.segmentSize
            if isRun && socket.udp.has_gso == 0 { break }
            guard add(entry, count: entry.count, isRun: isRun, socket) else { break }
            end += 1
        }
        if end == start { return sendSeparately(start, on: socket) }
        var sent = 0
        while sent < end - start {
            var udp = socket.udp
            let result = unsafe cburrow_sender_send(memory, &udp, Int32(sent))
            if result >= 0 {
                sent += Int(result)
                continue
            }
            let entry = queue[start + sent]
            let failure = cburrow_send_failure(-result)
            if note(failure, socket) { return sent }
            let isRun = entry.count > entry.segmentSize
            if isRun && (failure == Int32(CBURROW_SEND_NO_GSO) || failure == Int32(CBURROW_SEND_TOO_LARGE)) {
                // Too large may be true of a single packet only, so only the other answer is about the socket.
                if failure == Int32(CBURROW_SEND_NO_GSO) { socket.disableSegmentation() }
                return sent + sendSeparately(start + sent, on: socket)
            }
            dropped &+= UInt64(entry.packetCount)
            sent += 1
        }
        return sent
    }

    /// Sends the packets of one entry one by one. Returns 1 when the entry is dealt with, 0 when it was shortened to what
    /// is left because the socket is blocked.
    private func sendSeparately(_ index: Int, on socket: UDPSocket) -> Int {
        while queue[index].count > 0 {
            let entry = queue[index]
            let size = min(entry.segmentSize, entry.count)
            unsafe cburrow_sender_clear(memory)
            _ = add(entry, count: size, isRun: false, socket)
            var udp = socket.udp
            let result = unsafe cburrow_sender_send(memory, &udp, 0)
            if result < 0 {
                if note(cburrow_send_failure(-result), socket) { return 0 }
                dropped &+= 1
            }
            queue[index].offset += size
            queue[index].count -= size
        }
        return 1
    }

    /// Notes a blockage. False when the failure is about one packet.
    private func note(_ failure: Int32, _ socket: UDPSocket) -> Bool {
        switch failure {
        case Int32(CBURROW_SEND_BLOCKED): socket.blockage = .full
        case Int32(CBURROW_SEND_NO_MEMORY): socket.blockage = .starved
        default: return false
        }
        return true
    }

    private func add(
        _ entry: DatagramBatch.Entry,
        count: Int,
        isRun: Bool,
        _ socket: UDPSocket
    ) -> Bool {
        var udp = socket.udp
        let bytes = unsafe UnsafeRawPointer(batch.bytes + entry.offset)
        let segment = isRun ? entry.segmentSize : 0
        if socket.isConnected {
            return unsafe cburrow_sender_add(
                memory,
                &udp,
                bytes,
                count,
                segment,
                entry.ecn.rawValue,
                nil,
                nil
            ) == 1
        }
        var remote = entry.path.remote.raw
        guard udp.needs_source == 1 else {
            return unsafe cburrow_sender_add(
                memory,
                &udp,
                bytes,
                count,
                segment,
                entry.ecn.rawValue,
                &remote,
                nil
            ) == 1
        }
        var local = entry.path.local.raw
        return unsafe cburrow_sender_add(
            memory,
            &udp,
            bytes,
            count,
            segment,
            entry.ecn.rawValue,
            &remote,
            &local
        ) == 1
    }
}
