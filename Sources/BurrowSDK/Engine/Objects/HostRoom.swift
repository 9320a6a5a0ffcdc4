package import BurrowBase
package import Synchronization

/// A room as hosts hold it: what can be read of it at any time, and the way to its engine.
package final class HostRoom: HandleObject {
    /// What the loop last said about the room.
    package struct Snapshot: Sendable {
        package var phase = RoomPhase.connecting
        package var error: EngineError?
        /// The number of the moq-lite version in use, or 0.
        package var version: UInt8 = 0
        package var participants: [HostParticipant] = []
        package var reconnects: UInt32 = 0
        package var connectedSince: Instant?
        package var peerCode: Int64 = 0
        package var remoteAddress = ""
        package var statistics = RoomStatistics()
        /// Names of our tracks, for refusing a second one at once.
        package var published: Set<String> = []
        package var tracks: UInt32 = 0
        /// The host closed it, or it failed.
        package var isClosed = false
        /// When the host last asked for statistics.
        package var lastAsked: Instant?
    }

    package static var kind: HandleKind { .room }

    package let engine: Engine
    package let number: UInt64
    /// Our own path in normal form; empty when we only listen.
    package let path: String
    package let snapshot = Mutex(Snapshot())

    init(engine: Engine, number: UInt64, path: String) {
        self.engine = engine
        self.number = number
        self.path = path
    }

    package func lastReferenceGone() {
        if markClosed() { engine.submit(.closeRoom(self, request: 0)) }
    }

    /// False when it is closed already.
    func markClosed() -> Bool {
        snapshot.withLock { (state) in
            defer { state.isClosed = true }
            return !state.isClosed
        }
    }
}

/// Counters of a room, over all its connections.
package struct RoomStatistics: Equatable, Sendable {
    package var measured: Instant?
    package var mtu: UInt32 = 0
    package var smoothedRTT: Interval = .zero
    package var minimumRTT: Interval = .zero
    package var sendRate: UInt64 = 0
    package var congestionWindow: UInt64 = 0
    package var bytesInFlight: UInt64 = 0
    package var sentBytes: UInt64 = 0
    package var receivedBytes: UInt64 = 0
    package var sentPackets: UInt64 = 0
    package var receivedPackets: UInt64 = 0
    package var lostPackets: UInt64 = 0
    package var publishedFrames: UInt64 = 0
    package var publishedBytes: UInt64 = 0
    package var subscribedFrames: UInt64 = 0
    package var subscribedBytes: UInt64 = 0
    package var expiredGroups: UInt64 = 0
    /// What only the JSON dump shows.
    package var extra: [Counter] = []

    package init() {}
}

/// A named number for the JSON dumps.
package struct Counter: Equatable, Sendable {
    package var name: String
    package var value: UInt64

    package init(_ name: String, _ value: UInt64) {
        self.name = name
        self.value = value
    }
}

/// Somebody who announces a broadcast in a room.
package struct HostParticipant: Equatable, Sendable {
    package var number: UInt32
    package var path: String
    package var joined: Instant
}
