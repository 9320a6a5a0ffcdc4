package import BurrowBase
package import BurrowMoQ

/// An embedded relay as hosts hold it: what can be read of it at any time, and the way to its engine.
package final class HostRelay: HandleObject {
    /// What the loop last said about the relay.
    package struct Snapshot: Sendable {
        package var phase = RelayPhase.starting
        package var error: EngineError?
        package var addresses: [SocketAddress] = []
        package var fingerprint: [UInt8] = []
        package var statistics: RelayStatistics?
        /// When they were taken.
        package var measured: Instant?
        package var isClosed = false
        /// When the host last asked for statistics.
        package var lastAsked: Instant?
    }

    package static var kind: HandleKind { .relay }

    package let engine: Engine
    package let number: UInt64
    package let snapshot = Guarded(Snapshot())

    init(engine: Engine, number: UInt64) {
        self.engine = engine
        self.number = number
    }

    package func lastReferenceGone() {
        if markClosed() { engine.submit(.stopRelay(self, request: 0)) }
    }

    /// False when it is stopped already.
    func markClosed() -> Bool {
        snapshot.withLock { (state) in
            defer { state.isClosed = true }
            return !state.isClosed
        }
    }
}
