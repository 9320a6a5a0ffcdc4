package import BurrowBase
internal import CBurrowQUIC

extension Endpoint {
    /// ngtcp2 now and then names a time that has passed; this keeps the loop from spinning on it.
    private static let leastPause: UInt64 = 1_000_000

    package func handleTimeouts(now: Instant) {
        hub.advance(to: now)
        while hub.timers.earliest <= now, let connection = hub.timers.first {
            hub.timers.remove(connection)
            connection.handleTimeout()
            if connection.phase == .gone { release(connection) }
        }
    }

    /// The earliest time `handleTimeouts` has something to do.
    package var deadline: Instant { hub.timers.earliest }

    /// The next connection that has events, each once. Read them with `nextEvent` until nil.
    package func nextActive() -> Connection? {
        guard let connection = hub.active.popFirst() else { return nil }
        connection.isActive = false
        return connection
    }

    /// Writes what may go now. True when everything is in the batch; false when the batch is full: send it, empty
    /// it and call again.
    package func flush(into batch: inout DatagramBatch, now: Instant) -> Bool {
        hub.advance(to: now)
        while let answer = hub.answers.first {
            guard !batch.isFull else { return false }
            _ = hub.answers.popFirst()
            batch.append(answer.bytes, path: answer.path)
        }
        while let connection = hub.dirty.first {
            let wasGone = connection.phase == .gone
            guard connection.flush(into: &batch) else {
                // The others come first when the batch is empty again.
                _ = hub.dirty.popFirst()
                hub.dirty.append(connection)
                return false
            }
            _ = hub.dirty.popFirst()
            connection.isDirty = false
            if connection.phase == .gone {
                if !wasGone { release(connection) }
            } else {
                arm(connection)
            }
        }
        return true
    }

    private func arm(_ connection: Connection) {
        guard connection.phase == .open, let handle = unsafe connection.handle else { return }
        let repeatTime = connection.repeats?.due ?? .max
        if let waiting = connection.acknowledgementTime {
            hub.timers.set(connection, Hub.instant(min(waiting, repeatTime)))
            return
        }
        var expiry = unsafe min(cburrow_quic_expiry(handle), repeatTime)
        if expiry <= hub.now { expiry = hub.now + Self.leastPause }
        hub.timers.set(connection, Hub.instant(expiry))
    }

    /// The next piece of any connection's qlog.
    package func nextQLog() -> QLogChunk? { hub.qlog.popFirst() }
}

extension Connection {
    /// Takes a packet for this connection.
    func receive(_ bytes: UnsafeRawBufferPointer, path from: DatagramPath, ecn: ECN) {
        switch phase {
        case .open:
            break
        case .closing:
            // Answered less and less often (RFC 9000 §10.2.1).
            packetsWhileClosing += 1
            if packetsWhileClosing & (packetsWhileClosing - 1) == 0 { hub.answer(from, closePacket) }
            return
        case .closeRequested, .draining, .gone:
            return
        }
        guard let handle = unsafe handle else { return }
        if receivedPath.path != from { receivedPath = (from, from.raw) }
        if unanswered == 0 { firstUnanswered = hub.now }
        unanswered += 1
        if ecn == .ce || from != path { mustWrite = true }
        tally.receivedPackets += 1
        tally.receivedBytes += UInt64(bytes.count)
        var raw = receivedPath.raw
        let start = unsafe bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
        let result = unsafe cburrow_quic_read(handle, &raw, ecn.rawValue, start, bytes.count, hub.now)
        if result != CBURROW_QUIC_OK { fail(result) }
        settlePendingFailure()
        if isServer, phase == .open, from != path { unsafe followPath(handle) }
        if pathIsInDoubt, phase == .open, result == CBURROW_QUIC_OK, from == path { confirmPath() }
        markDirty()
    }

    /// Server: the client may have moved (RFC 9000 §9.3).
    private func followPath(_ handle: OpaquePointer) {
        var raw = cburrow_quic_path()
        unsafe cburrow_quic_current_path(handle, &raw)
        let current = DatagramPath(raw)
        guard current != path else { return }
        path = current
        queueGuard.reset()
        emit(.pathChanged(current))
    }

    func handleTimeout() {
        switch phase {
        case .open:
            guard let handle = unsafe handle else { return }
            let result = unsafe cburrow_quic_handle_expiry(handle, hub.now)
            if result != CBURROW_QUIC_OK { fail(result) }
            settlePendingFailure()
            markDirty()
        case .closing, .draining:
            if hub.now >= deathTime { vanish() } else { hub.timers.set(self, Hub.instant(deathTime)) }
        case .closeRequested, .gone:
            break
        }
    }
}
