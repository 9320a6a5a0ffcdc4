package import BurrowBase
package import BurrowMoQ

/// One track of a media publisher or consumer; its own number space, never that of the room below.
package struct MediaTrackID: Hashable, Sendable {
    package let rawValue: Int

    package init(rawValue: Int) {
        self.rawValue = rawValue
    }

    /// The catalogue's.
    package static let catalogue = MediaTrackID(rawValue: 0)
}

/// How tracks of a hang broadcast are sent and asked for unless somebody says otherwise: sound before pictures, and
/// whatever is too late for a call is not worth keeping.
package enum TrackDefaults {
    package static let cataloguePriority: UInt8 = 100
    package static let audioPriority: UInt8 = 80
    package static let videoPriority: UInt8 = 60

    /// How long we keep what we publish: for sound what a jitter buffer could still want, for pictures more than the
    /// longest group, so that nobody who joins meets half of one.
    package static let catalogueAge = Interval.seconds(5)
    package static let audioAge = Interval.seconds(1)
    package static let videoAge = Interval.seconds(5)

    package static func configuration(_ kind: MediaKind, name: String) -> TrackConfiguration {
        switch kind {
        case .audio: TrackConfiguration(name: name, priority: audioPriority, maxAge: audioAge)
        case .video: TrackConfiguration(name: name, priority: videoPriority, maxAge: videoAge)
        }
    }

    package static var catalogueConfiguration: TrackConfiguration {
        TrackConfiguration(name: Catalogue.trackName, priority: cataloguePriority, maxAge: catalogueAge)
    }

    package static var catalogueRequest: SubscribeOptions {
        SubscribeOptions(priority: cataloguePriority, maxAge: .seconds(10))
    }

    /// How late a frame may be before what follows is preferred, until a jitter buffer knows better.
    package static let maxLatency = Interval.milliseconds(500)
}
