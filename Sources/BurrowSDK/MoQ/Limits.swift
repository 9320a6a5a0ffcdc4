package import BurrowBase

/// The largest things we accept from a peer. A peer that exceeds one gets its stream or session closed with a
/// `DecodeError.tooLarge`; nothing is allocated for a number before it was compared with its limit.
package enum WireLimits {
    /// Body of a control message. The longest regular one is SETUP with a token in its path.
    package static let messageBytes = 64 * 1024
    /// Body of a request: a path and a track's name, or the address in a GOAWAY, and little besides.
    package static let requestBytes = 16 * 1024
    /// Body of what follows on a request's stream, on either side: a handful of numbers.
    package static let answerBytes = 1024
    /// Body of lite-02's ANNOUNCE_INIT, which lists every live broadcast at once.
    package static let announceInitialBytes = 1024 * 1024
    /// Suffixes in one ANNOUNCE_INIT.
    package static let announceInitialCount = 16 * 1024

    /// A broadcast path or prefix after normalisation, in UTF-8 bytes.
    package static let pathBytes = 1024
    /// The same before normalisation, so that a string of slashes is not chewed for long.
    package static let rawPathBytes = 4 * pathBytes
    /// Segments of a path; upstream peers refuse more.
    package static let pathSegments = 32
    /// A track name in UTF-8 bytes.
    package static let trackNameBytes = 256
    /// Hops of an announcement; upstream peers refuse more.
    package static let hops = 32

    /// Parameters of a SETUP message.
    package static let setupParameters = 64
    /// The path parameter of SETUP. It carries the query with the token, hence the room.
    package static let setupPathBytes = 16 * 1024
    /// Versions in a CLIENT_SETUP.
    package static let legacyVersions = 64
    /// The URI of a GOAWAY.
    package static let goawayURIBytes = 8 * 1024

    /// Payload of one frame.
    package static let frameBytes = 64 * 1024 * 1024
    /// Body of a datagram that we send. Peers drop longer ones.
    package static let datagramBytes = 1200
}

/// What one session may hold. Past a limit the stream or the session is refused; nobody else notices.
package struct SessionLimits: Equatable, Sendable {
    /// Paths the peer may announce at a time.
    package var announcements = 16 * 1024
    /// Paths a room keeps numbers for; at least as many as may be announced.
    package var rememberedPaths = 20_000
    /// Tracks the peer may be subscribed to at a time.
    package var subscriptions = 10_000
    /// Announce streams the peer may have open.
    package var announceStreams = 64
    /// How long a client may take from the handshake until it has said where it wants to go.
    package var setupTime = Interval.seconds(10)
    /// Requests of a client that wait until it is admitted.
    package var heldStreams = 64
    /// Bytes of one that may come before that.
    package var heldBytes = 16 * 1024
    /// Bytes of requests, all together, whose ends have not come yet.
    package var unfinishedBytes = 256 * 1024
    /// Paths on all announce streams of the peer beyond which it gets no further stream.
    package var announcedPaths = 128 * 1024
    /// Bytes of announcements that wait for a peer on one stream; beyond that only the latest state of each path is kept.
    package var announceBacklog = 64 * 1024
    /// Group streams of one subscription that are under way; the oldest are given up beyond that.
    package var groupsUnderWay = 256

    package init() {}
}

/// What one track keeps in memory.
package enum TrackLimits {
    /// Groups, the newest included.
    package static let groups = 4096
    /// Bytes of one group.
    package static let groupBytes = 96 * 1024 * 1024
    /// Bytes of a frame the host publishes.
    package static let publishedFrameBytes = 16 * 1024 * 1024
    /// A host's group that never ends is ended for it at this many frames or bytes.
    package static let publishedGroupFrames = 16 * 1024
    package static let publishedGroupBytes = 32 * 1024 * 1024
    /// Payload of a datagram, so that it fits `WireLimits.datagramBytes` with its header.
    package static let datagramPayload = 1150
    /// Bytes of all groups but the newest.
    package static let bytes = 64 * 1024 * 1024
    /// How long older groups are kept at most, whatever the publisher says.
    package static let retention = Interval.seconds(60)
    /// How long a slow subscriber gets for a group, if it wants, even when the track itself keeps groups shorter.
    package static let leastPatience = Interval.seconds(5)
    /// Datagrams waiting for the end of a turn.
    package static let datagramsPerTurn = 256
    /// Tracks of one broadcast.
    package static let tracksPerBroadcast = 4096
}

/// The largest things the access rules read, from hosts (keys) and from peers (tokens).
package enum AccessLimits {
    /// A key or key set file.
    package static let keyFileBytes = 64 * 1024
    /// Keys in a set.
    package static let keys = 256
    /// A compact JWS.
    package static let tokenBytes = 8 * 1024
    /// What a service answers with a token in it.
    package static let answerBytes = 32 * 1024
    /// Prefixes in one `put` or `get`.
    package static let grants = 256
    /// Nesting of any JSON in keys and tokens.
    package static let depth = 8
}
