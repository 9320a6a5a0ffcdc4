package import BurrowBase
internal import BurrowCrypto
package import BurrowMoQ

/// A track as hosts hold it: its frames, what can be read of it at any time, and the way to its engine.
package final class HostTrack: HandleObject {
    package enum Direction: UInt32, Sendable {
        case published = 1
        case subscribed = 2
    }

    /// Who deals with what comes on a track.
    package enum User: Sendable {
        /// The host, which is told by events.
        case host
        /// The media thread, for an audio or video track of the host, who never sees this one.
        case mediaThread
        /// Whoever pulls sound of the host's track, without a word from anybody: there what is old makes room.
        case player
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
        /// What became of protected frames.
        package var protection = ProtectionCounts()
        /// Subscribed audio and video: the rendition that is received; empty while there is none.
        package var rendition = ""
    }

    package static var kind: HandleKind { .track }

    package let room: HostRoom
    package let number: UInt64
    package let direction: Direction
    package let path: String
    package let name: String
    /// The ABI's number for what it carries.
    package let content: UInt32
    let user: User
    /// Set on audio and video tracks, which have no frames of their own: wire tracks carry them.
    package let media: HostMedia?
    /// Of audio and video tracks: which wire tracks carry them.
    package let carriers: TrackCarriers?
    /// What its frames are authenticated as, in a protected room; `nil` for audio and video tracks of the host, which have
    /// none of their own.
    let protectedAs: MediaKind?
    /// Whether it is subscribed to as a recording.
    package let isRecorded: Bool
    package let exchange: FrameExchange
    package let snapshot: Guarded<Snapshot>

    init(
        room: HostRoom,
        number: UInt64,
        direction: Direction,
        path: String,
        name: String,
        content: UInt32,
        options: SubscribeOptions,
        user: User = .host,
        media: HostMedia? = nil,
        protectedAs: MediaKind? = nil,
        isRecorded: Bool = false
    ) {
        self.room = room
        self.number = number
        self.direction = direction
        self.path = path
        self.name = name
        self.content = content
        self.user = user
        self.media = media
        self.protectedAs = protectedAs
        self.isRecorded = isRecorded
        exchange = FrameExchange(margin: protectedAs == nil || direction == .subscribed ? .init() : .sealing)
        carriers = media == nil ? nil : TrackCarriers()
        snapshot = Guarded(Snapshot(options: options))
    }

    /// Whether it only serves an audio or video track of the host: what happens to it is told to the media thread.
    var isWire: Bool { user != .host }

    package func lastReferenceGone() {
        if markClosed() { submitClose() }
    }

    /// Lets whoever works for the track know that it is over.
    func submitClose() {
        if media != nil {
            room.engine.media.post(.close(self))
        } else {
            if isListed { room.engine.media.post(.close(self)) }
            room.engine.submit(.closeTrack(self))
        }
    }

    /// Whether it has a number on the wire that stands in a catalogue.
    var isListed: Bool { protectedAs == .data }

    /// False when it is closed already.
    func markClosed() -> Bool {
        let isFirst = snapshot.withLock { (state) in
            defer { state.isClosed = true }
            return !state.isClosed
        }
        guard isFirst else { return false }
        media?.close()
        switch direction {
        case .published:
            exchange.closeOutgoing()
            giveUpName()
        case .subscribed:
            exchange.discard()
            room.forget(media, of: path)
        }
        return true
    }
}
