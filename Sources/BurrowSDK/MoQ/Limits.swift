/// The largest things we accept from a peer. A peer that exceeds one gets its stream or session closed with a
/// `DecodeError.tooLarge`; nothing is allocated for a number before it was compared with its limit.
package enum WireLimits {
    /// Body of a control message. The longest regular one is SETUP with a token in its path.
    package static let messageBytes = 64 * 1024
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
