import BurrowBase

/// What hosts do with a relay.
extension HostRelay {
    package func stop() throws(EngineError) -> UInt64 {
        let request = try engine.newRequest()
        guard markClosed() else {
            engine.requestCompleted()
            throw EngineError(.closed, "the relay is stopped")
        }
        engine.submit(.stopRelay(self, request: request))
        return request
    }

    /// The relay as last seen. Asking keeps its counters fresh.
    package func read() -> Snapshot {
        let (copy, mustAsk) = snapshot.withLock { (state) -> (Snapshot, Bool) in
            let now = SystemCall.now()
            let isStale = now - (state.measured ?? Instant(microseconds: 0)) > .milliseconds(300)
            state.lastAsked = now
            return (state, isStale && !state.isClosed)
        }
        if mustAsk { engine.submit(.wantStatistics) }
        return copy
    }
}
