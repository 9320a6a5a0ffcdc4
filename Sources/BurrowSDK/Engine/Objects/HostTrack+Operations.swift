import BurrowBase
package import BurrowMoQ

/// What hosts do with a track.
extension HostTrack {
    /// A frame on loan, with the handle of its buffer.
    package struct Frame: Sendable {
        package let loan: FrameExchange.Loan
        package let handle: UInt
    }

    /// Unpublishes or unsubscribes.
    package func close() throws(EngineError) {
        guard markClosed() else { throw EngineError(.closed, "the track is over") }
        submitClose()
    }

    package func update(_ options: SubscribeOptions) throws(EngineError) {
        try check(.subscribed)
        try snapshot.withLock { (state) throws(EngineError) in
            guard !state.isClosed, state.phase != .ended else {
                throw EngineError(.closed, "the track is over")
            }
            state.options = options
        }
        room.engine.submit(.update(self, options))
    }

    /// Copies a frame for the loop. False when too many wait.
    package func push(
        _ bytes: UnsafeRawBufferPointer,
        timestamp: Int64,
        flags: FrameFlags
    ) throws(EngineError) -> Bool {
        if case .encodedSource(let source) = media {
            return try unsafe push(bytes, timestamp: timestamp, to: source)
        }
        try checkFrames(.published)
        let margin = exchange.margin
        guard bytes.count <= EngineLimits.frameBytes - margin.front - margin.back else {
            throw EngineError(.limit, "frame of \(bytes.count) bytes is too large")
        }
        switch unsafe exchange.push(bytes, timestamp: timestamp, flags: flags) {
        case .taken(let isFirst):
            if isFirst { room.engine.submit(.pushed(self)) }
            return true
        case .full: return false
        case .closed: throw EngineError(.closed, "the track is over")
        }
    }

    /// Ends the group and adds one without a frame, which marks a break in time.
    func pushBreak() {
        if case .taken(first: true) = exchange.pushBreak() { room.engine.submit(.pushed(self)) }
    }

    /// The next received frame, or `nil` when there is none now.
    package func pull() throws(EngineError) -> Frame? {
        if case .encodedSink = media { try check(.subscribed) } else { try checkFrames(.subscribed) }
        switch exchange.pull() {
        case .frame(let loan, let mustRefill):
            // The media thread does not wait for room.
            if mustRefill, media == nil { room.engine.submit(.refill(self)) }
            let handle = HandleTable.shared.insert(loan.buffer, owner: room.engine.number)
            guard handle != 0 else {
                loan.buffer.lastReferenceGone()
                throw EngineError(.limit, "too many handles")
            }
            return Frame(loan: loan, handle: handle)
        // Marks come on wire tracks only.
        case .nothing, .mark: return nil
        case .ended: throw EngineError(.closed, "the track is over")
        }
    }

    package func fetch(_ group: UInt64) throws(EngineError) -> UInt64 {
        try checkFrames(.subscribed)
        guard !snapshot.withLock({ $0.isClosed }) else { throw EngineError(.closed, "the track is over") }
        let request = try room.engine.newRequest()
        room.engine.submit(.fetch(self, group: group, request: request))
        return request
    }

    private func check(_ expected: Direction) throws(EngineError) {
        guard direction == expected else {
            throw EngineError(.wrongKind, "the track is \(direction), not \(expected)")
        }
    }

    /// Audio and video tracks have no frames of their own.
    private func checkFrames(_ expected: Direction) throws(EngineError) {
        try check(expected)
        guard media == nil else {
            throw EngineError(.wrongKind, "the track carries samples or pictures, not frames")
        }
    }

    /// The track as last seen. Asking keeps its counters fresh.
    package func read() -> Snapshot {
        let (copy, mustAsk) = snapshot.withLock { (state) -> (Snapshot, Bool) in
            let now = SystemCall.now()
            let isStale = now - (state.measured ?? Instant(microseconds: 0)) > .milliseconds(300)
            state.lastAsked = now
            return (state, isStale && !state.isClosed)
        }
        if mustAsk { room.engine.submit(.wantStatistics) }
        return copy
    }
}
