package import BurrowBase
package import BurrowMoQ

/// How the tracks of one kind are asked for, and how long what is missing in them is waited for.
package struct MediaTerms: Equatable, Sendable {
    /// Higher is sent first.
    package var priority: UInt8
    /// How late frames may be before what follows is preferred.
    package var maxLatency: Interval

    package init(_ kind: MediaKind, maxLatency: Interval = TrackDefaults.maxLatency) {
        priority = kind == .audio ? TrackDefaults.audioPriority : TrackDefaults.videoPriority
        self.maxLatency = maxLatency
    }

    /// Never an age of 0, with which the publisher may give up every group but the newest.
    package var request: SubscribeOptions {
        SubscribeOptions(priority: priority, maxAge: max(maxLatency, .milliseconds(1)))
    }
}
