package import BurrowBase

/// How much an engine keeps for a host before it says no.
package enum EngineLimits {
    /// Discrete events that wait to be drained; what comes on top is dropped and reported as an overflow.
    package static let waitingEvents = 4096
    /// Requests without their completion event.
    package static let openRequests = 65536
    /// Received frames of one track that wait to be pulled; the rest waits in the track's groups and expires there.
    package static let waitingFrames = 256
    package static let waitingFrameBytes = 8 * 1024 * 1024
    /// Frames of one track that the host may hold at a time.
    package static let loans = 64
    /// Pushed frames of one track that wait for the loop.
    package static let pushedFrames = 1024
    package static let pushedBytes = 32 * 1024 * 1024
    /// One pushed frame.
    package static let frameBytes = 16 * 1024 * 1024
    /// Memory an idle frame buffer may keep.
    package static let idleBufferBytes = 256 * 1024
    /// Lines in the log ring.
    package static let logLines = 512
    /// Host names that wait to be resolved.
    package static let waitingQueries = 1024
    /// A participant's path with a NUL behind it, as the header has room for it.
    package static let pathBytes = 1024
    /// Pushed sound that waits to be encoded.
    package static let waitingSound = Interval.seconds(1)
    /// Pushed pictures of one track that wait to be encoded.
    package static let waitingPictures = 2
    /// The shorter side of a picture that is to be encoded.
    package static let smallestPicture = 16
    /// How far the time of pushed samples and pictures may be behind the clock and ahead of it.
    package static let captureAge = Interval.seconds(10)
    package static let captureLead = Interval.seconds(1)
    /// Decoded pictures of one track that the host may hold at a time.
    package static let lentPictures = 3
    package static let listenAddresses = 16
    package static let pins = 16
    /// Nostr relays of the host's list.
    package static let nostrRelays = 64
    /// How long a frame is that the host has sealed or opened, with what sealing adds.
    package static let protectedFrameBytes = (16 << 20) + 64
    /// How many tracks a broadcast has whose frames the host seals itself.
    package static let sealedTracks = 4096
    /// People whose key packages are remembered, and how many of each.
    package static let keyPackageOwners = 1024
    package static let keyPackagesOfOne = 16
    /// Older key packages of somebody that are remembered, so that a device is not taken for a new one.
    package static let formerKeyPackagesOfOne = 64
    /// Events of one identity that wait for a relay; what comes on top is not published again after a restart.
    package static let waitingPublications = 1024
}
