package import BurrowBase
internal import CBurrowQUIC

extension Connection {
    /// Stream objects kept for reuse when many were open at once.
    private static let poolLimit = 256

    /// How many more bidirectional streams the peer allows now.
    package var bidirectionalCredit: Int {
        guard phase == .open, let handle = unsafe handle else { return 0 }
        return Int(clamping: unsafe cburrow_quic_bidirectional_credit(handle))
    }

    /// Opens a stream, or returns nil when the peer's limit is reached; `creditAvailable` follows then.
    package func openStream(bidirectional: Bool) -> Stream? {
        guard phase == .open, let handle = unsafe handle else { return nil }
        let stream = takeStream()
        var id: Int64 = -1
        let opaque = unsafe Unmanaged.passUnretained(stream).toOpaque()
        let result = unsafe cburrow_quic_open_stream(handle, bidirectional ? 1 : 0, opaque, &id)
        guard result == CBURROW_QUIC_OK else {
            recycle(stream)
            creditWanted = true
            return nil
        }
        stream.id = id
        stream.begin(isLocal: true)
        return stream
    }

    /// Appends to the stream's own bytes.
    package func write(_ bytes: Span<UInt8>, to stream: Stream) {
        guard bytes.count > 0, accepts(stream) else { return }
        append(hub.allocator.copy(bytes), to: stream)
    }

    package func write(_ bytes: [UInt8], to stream: Stream) {
        write(bytes.span, to: stream)
    }

    /// Without a copy.
    package func write(_ slice: Slice, to stream: Stream) {
        guard slice.count > 0, accepts(stream) else { return }
        append(slice, to: stream)
    }

    /// Nothing more is written to the stream.
    package func finish(_ stream: Stream) {
        guard accepts(stream), stream.shared == nil else { return }
        stream.finishRequested = true
        schedule(stream)
    }

    /// Sends what a shared log holds and will hold from `cursor` on, after what was written before. The stream ends
    /// the way the log ends.
    package func attach(_ log: ByteLog, at cursor: ByteLog.Cursor, bare: Bool, to stream: Stream) {
        guard accepts(stream), stream.shared == nil else { return }
        stream.shared = log
        stream.sharedCursor = cursor
        stream.isBare = bare
        wake(stream)
    }

    /// The stream's shared log grew or ended.
    package func wake(_ stream: Stream) {
        guard phase == .open, stream.isOpen, !stream.sendIsOver else { return }
        if case .aborted(let code)? = stream.shared?.end {
            reset(stream, code: code)
        } else {
            schedule(stream)
        }
    }

    package func setPriority(_ stream: Stream, _ priority: SendPriority) {
        guard stream.isOpen else { return }
        stream.priority = priority
        if scheduler.contains(stream.slot) { scheduler.insert(stream.slot, priority) }
    }

    /// Abandons the sending half.
    package func reset(_ stream: Stream, code: UInt64) {
        guard phase == .open, stream.isOpen, !stream.sendIsOver, stream.canSend, let handle = unsafe handle
        else { return }
        stream.sendIsOver = true
        stream.resetByUs = true
        scheduler.remove(stream.slot)
        unsafe cburrow_quic_reset_stream(handle, stream.id, min(code, Varint.max))
        mustWrite = true
        markDirty()
    }

    /// Abandons the receiving half.
    package func stopReading(_ stream: Stream, code: UInt64) {
        guard stream.isOpen, !stream.receiveIsSettled, stream.canReceive else { return }
        if phase == .open, !stream.isClosed, !stream.receiveIsOver, let handle = unsafe handle {
            unsafe cburrow_quic_stop_stream(handle, stream.id, min(code, Varint.max))
            mustWrite = true
            markDirty()
        }
        settleReceiving(stream)
    }

    /// The next bytes of a stream. Credit for them goes back to the peer.
    package func read(_ stream: Stream) -> ReadResult {
        guard stream.isOpen, !stream.receiveIsSettled else { return .end }
        if let slice = stream.received.popFirst() {
            stream.unread -= slice.count
            if phase == .open, let handle = unsafe handle {
                if !stream.isClosed, !stream.receiveIsOver {
                    unsafe cburrow_quic_extend_stream(handle, stream.id, UInt64(slice.count))
                }
                unsafe cburrow_quic_extend_connection(handle, UInt64(slice.count))
                markDirty()
            }
            return .bytes(slice)
        }
        guard stream.receiveIsOver else { return .pending }
        settleReceiving(stream)
        return .end
    }

    private func accepts(_ stream: Stream) -> Bool {
        phase == .open && stream.isOpen && !stream.sendIsOver && !stream.finishRequested && stream.canSend
    }

    private func append(_ slice: Slice, to stream: Stream) {
        let log = stream.prefix ?? ByteLog()
        stream.prefix = log
        log.extend(slice)
        schedule(stream)
    }

    func schedule(_ stream: Stream) {
        guard stream.hasWork else { return }
        scheduler.insert(stream.slot, stream.priority)
        markDirty()
    }

    /// The session knows that nothing more comes. What it did not read is thrown away and credited.
    func settleReceiving(_ stream: Stream) {
        guard !stream.receiveIsSettled else { return }
        stream.receiveIsSettled = true
        stream.received.removeAll()
        if stream.unread > 0, phase == .open, let handle = unsafe handle {
            unsafe cburrow_quic_extend_connection(handle, UInt64(stream.unread))
            markDirty()
        }
        stream.unread = 0
        finishIfOver(stream)
    }

    func finishIfOver(_ stream: Stream) {
        guard stream.isOpen, stream.isClosed, stream.receiveIsSettled || !stream.canReceive else { return }
        stream.isOpen = false
        scheduler.remove(stream.slot)
        emit(.streamFinished(stream))
    }

    func takeStream() -> Stream {
        liveStreams += 1
        if let stream = pool.popLast() {
            slots[stream.slot] = stream
            return stream
        }
        let slot: Int
        if let free = freeSlots.popLast() {
            slot = free
        } else {
            slot = slots.count
            slots.append(nil)
        }
        let stream = Stream(slot: slot)
        slots[slot] = stream
        return stream
    }

    /// Takes a stream back that nobody uses any more, and gives its place in the peer's limit back.
    func recycle(_ stream: Stream) {
        guard slots.indices.contains(stream.slot), slots[stream.slot] === stream else { return }
        let id = stream.id
        let returnsCredit = id >= 0 && !stream.isLocal
        let isBidirectional = stream.isBidirectional
        scheduler.remove(stream.slot)
        stream.recycle()
        slots[stream.slot] = nil
        liveStreams -= 1
        if pool.count < Self.poolLimit { pool.append(stream) } else { freeSlots.append(stream.slot) }
        guard returnsCredit, phase == .open, let handle = unsafe handle else { return }
        // Raising the limit costs a frame, so it is done for many streams at once.
        if isBidirectional {
            endedBidirectional += 1
            guard endedBidirectional >= max(settings.bidirectionalStreams / 4, 1) else { return }
            unsafe cburrow_quic_extend_streams(handle, 1, endedBidirectional)
            endedBidirectional = 0
        } else {
            endedUnidirectional += 1
            guard endedUnidirectional >= max(settings.unidirectionalStreams / 4, 1) else { return }
            unsafe cburrow_quic_extend_streams(handle, 0, endedUnidirectional)
            endedUnidirectional = 0
        }
        mustWrite = true
        markDirty()
    }
}
