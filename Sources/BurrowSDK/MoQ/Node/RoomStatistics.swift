package import BurrowBase
package import BurrowQUIC

/// How a room stands.
package struct RoomInformation: Equatable, Sendable {
    package let state: RoomState
    package let version: Version?
    package let remoteAddress: SocketAddress?
    package let connectedSince: Instant?
    /// Why it is closed or reconnecting.
    package let error: MoQError?
}

/// How much went through a room, and how good its line is.
package struct RoomStatistics: Equatable, Sendable {
    /// Of the present connection; `nil` when there is none.
    package let connection: ConnectionStatistics?
    /// Of the present session.
    package let session: SessionCounters
    /// What the relay says it could send us, bits per second; 0 when it says nothing.
    package let peerBandwidth: UInt64
    package let publishedFrames: UInt64
    package let publishedBytes: UInt64
    package let subscribedFrames: UInt64
    package let subscribedBytes: UInt64
    package let expiredGroups: UInt64
}

/// How much went through a track.
package struct TrackStatistics: Equatable, Sendable {
    package let counters: TrackCounters
    package var droppedFrames: UInt64 = 0
    package let latestGroup: UInt64?
    package let subscribers: Int
}

extension Room {
    var statistics: RoomStatistics {
        var (publishedFrames, publishedBytes): (UInt64, UInt64) = (0, 0)
        for track in published.values {
            publishedFrames &+= track.track.counters.frames
            publishedBytes &+= track.track.counters.bytes
        }
        var read = pastReaders
        for subscription in subscriptions.values { read.add(subscription.reader.counters) }
        var expired = past.groupsExpired &+ read.expiredGroups
        if let session { expired &+= session.counters.groupsExpired }
        for (attempt, _) in leaving { expired &+= attempt.session?.counters.groupsExpired ?? 0 }
        return RoomStatistics(
            connection: session?.connection.statistics,
            session: session?.counters ?? SessionCounters(),
            peerBandwidth: session?.peerBandwidth ?? 0,
            publishedFrames: publishedFrames,
            publishedBytes: publishedBytes,
            subscribedFrames: read.frames,
            subscribedBytes: read.bytes,
            expiredGroups: expired
        )
    }
}
