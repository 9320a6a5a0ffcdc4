/// The versions of moq-lite we speak. They differ in codec only; one model serves them all.
package enum Version: UInt8, CaseIterable, Comparable, Sendable, CustomStringConvertible {
    case lite02 = 2
    case lite03
    case lite04
    case lite05

    /// What we offer and how we choose, newest first.
    package static let preferred: [Version] = [.lite05, .lite04, .lite03, .lite02]

    /// The protocol name in the TLS handshake on raw QUIC.
    package var alpn: String {
        switch self {
        case .lite02: "moql"
        case .lite03: "moq-lite-03"
        case .lite04: "moq-lite-04"
        case .lite05: "moq-lite-05"
        }
    }

    package init?(alpn: String) {
        guard let version = Self.allCases.first(where: { $0.alpn == alpn }) else { return nil }
        self = version
    }

    package static func < (a: Version, b: Version) -> Bool { a.rawValue < b.rawValue }

    package var description: String { "lite-0\(rawValue)" }

    // MARK: Connecting

    /// Each side opens a unidirectional stream with one SETUP message; the server waits for the client's.
    package var hasSetup: Bool { self >= .lite05 }
    /// The client's first bidirectional stream negotiates the version with CLIENT_SETUP and SERVER_SETUP, and stays
    /// open as long as the session.
    package var hasLegacySetup: Bool { self == .lite02 }
    package var hasGoaway: Bool { self >= .lite04 }
    package var hasProbe: Bool { self >= .lite03 }
    /// A PROBE message carries the round trip time, not only the bit rate.
    package var hasProbeRTT: Bool { self >= .lite04 }

    // MARK: Announcing

    /// The publisher's first message on an announce stream is ANNOUNCE_INIT.
    package var hasAnnounceInitial: Bool { self == .lite02 }
    /// The publisher's first message on an announce stream is ANNOUNCE_OK, with its own hop id. Announcements then
    /// leave that id out; in lite-04 the sender appends itself as the last hop.
    package var hasAnnounceOK: Bool { self >= .lite05 }
    /// Announcements say how many hops a broadcast has travelled.
    package var hasHopCount: Bool { self >= .lite03 }
    /// Announcements list the ids of the hops, and requests can exclude one.
    package var hasHopIDs: Bool { self >= .lite04 }
    /// A second announcement of a live path replaces the first instead of ending the session.
    package var allowsReannounce: Bool { self >= .lite05 }

    // MARK: Subscribing

    /// SUBSCRIBE carries order, maximum age and group range besides the priority.
    package var hasSubscribeOptions: Bool { self >= .lite03 }
    package var hasSubscribeUpdate: Bool { self >= .lite03 }
    /// Responses to SUBSCRIBE begin with a type; in lite-02 there is but one, an empty message.
    package var hasTypedResponses: Bool { self >= .lite03 }
    /// Acceptance is implicit: START tells the first group once it is known, END the first that never comes.
    package var hasSubscribeStart: Bool { self >= .lite05 }
    /// TRACK streams exist and frames cannot be read without their answer.
    package var hasTrackInfo: Bool { self >= .lite05 }
    /// Fetch is served. Upstream peers reset the stream in earlier versions.
    package var hasFetch: Bool { self >= .lite05 }

    // MARK: Sending

    /// Frames begin with the difference of their timestamp to the one before.
    package var hasTimestamps: Bool { self >= .lite05 }
    package var hasDatagrams: Bool { self >= .lite05 }
}
