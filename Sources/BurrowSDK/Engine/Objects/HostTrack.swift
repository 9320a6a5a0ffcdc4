package import BurrowBase
package import BurrowMoQ

/// A track as hosts hold it: its frames, what can be read of it at any time, and the way to its engine.
package final class HostTrack: HandleObject {
    package enum Direction: UInt32, Sendable {
        case published = 1
        case subscribed = 2
    }

    /// What the loop last said about the track.
    package struct Snapshot: Sendable {
        package var phase = TrackPhase.waiting
        package var error: EngineError?
        /// How it is sent or wanted.
        package var options: SubscribeOptions
        package var statistics: TrackStatistics?
        /// When they were taken.
        package var measured: Instant?
        /// When the host last asked for them.
        package var lastAsked: Instant?
        /// The host closed it, or it is over.
        package var isClosed = false
    }

    package static var kind: HandleKind { .track }

    package let room: HostRoom
    package let number: UInt64
    package let direction: Direction
    package let path: String
    package let name: String
    /// The ABI's number for what it carries.
    package let content: UInt32
    package let exchange = FrameExchange()
    package let snapshot: Guarded<Snapshot>

    init(
        room: HostRoom,
        number: UInt64,
        direction: Direction,
        path: String,
        name: String,
        content: UInt32,
        options: SubscribeOptions
    ) {
        self.room = room
        self.number = number
        self.direction = direction
        self.path = path
        self.name = name
        self.content = content
        snapshot = Guarded(Snapshot(options: options))
    }

    package func lastReferenceGone() {
        if markClosed() { room.engine.submit(.closeTrack(self)) }
    }

    /// False when it is closed already.
    func markClosed() -> Bool {
        let isFirst = snapshot.withLock { (state) in
            defer { state.isClosed = true }
            return !state.isClosed
        }
        guard isFirst else { return false }
        switch direction {
        case .published:
            exchange.closeOutgoing()
            room.snapshot.withLock { _ = $0.published.remove(name) }
        case .subscribed: exchange.discard()
        }
        return true
    }
}
