package import BurrowBase
package import BurrowMedia
package import BurrowMoQ
package import BurrowNostr
package import BurrowQUIC

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
        package var statistics: RoomStatistics?
        /// When they were taken.
        package var measured: Instant?
        /// Of the connections before the present one.
        package var pastConnections = ConnectionStatistics()
        /// Of the tracks we publish.
        package var names = TrackNames()
        /// Whose sound and whose pictures are subscribed, for the same.
        var heard: Set<String> = []
        var seen: Set<String> = []
        package var tracks: UInt32 = 0
        /// The host closed it, or it failed.
        package var isClosed = false
        package var handle: UInt = 0
        /// Whether the media thread has to hear of changes.
        package var usesMedia = false
        /// What participants offer, by path, as far as it is known.
        package var catalogues: [String: Catalogue] = [:]
        /// Of a protected room: how that goes, the newest epoch that the host gave a key for, and the number of the last
        /// track.
        package var protection = ProtectionReport()
        var givenEpoch: UInt64?
        var lastTrackNumber: UInt64 = 0
        /// When the host last asked for statistics.
        package var lastAsked: Instant?
    }

    package static var kind: HandleKind { .room }

    package let engine: Engine
    package let number: UInt64
    /// Our own path in normal form; empty when we only listen.
    package let path: String
    /// Whether everybody's catalogue is followed.
    let followsMedia: Bool
    /// Of how many participants pictures are received at most.
    let lastN: Int
    /// The request whose tokens the room takes, or 0.
    let tokens: UInt64
    /// Set when everything is sealed that goes out, and only what was sealed is let in.
    let protection: RoomProtectionOptions?
    /// The call that the room is for.
    let seat: CallSeat?
    let mixer = RoomMixer()
    package let snapshot = Guarded(Snapshot())

    init(
        engine: Engine,
        number: UInt64,
        path: String,
        followsMedia: Bool,
        lastN: Int,
        tokens: UInt64,
        protection: RoomProtectionOptions?,
        seat: CallSeat? = nil
    ) {
        self.engine = engine
        self.number = number
        self.path = path
        self.followsMedia = followsMedia
        self.lastN = lastN
        self.tokens = tokens
        self.protection = protection
        self.seat = seat
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

/// Somebody who announces a broadcast in a room.
package struct HostParticipant: Equatable, Sendable {
    package var number: UInt32
    package var path: String
    package var joined: Instant
    /// Whose broadcast it is, in a room of a group.
    package var member: PublicKey?
}
