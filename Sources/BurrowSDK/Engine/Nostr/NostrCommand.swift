package import BurrowBase
package import BurrowNostr
package import BurrowQUIC

/// How one Nostr relay is to be used, as the host says it.
package struct NostrRelayOptions: Sendable {
    package var trust = TLSContext.ClientTrust()
    /// Whether the relay may learn who we are when it asks.
    package var authenticates = true

    package init() {}
}

/// Where a Nostr relay stands, as the host sees it.
package enum NostrRelayPhase: UInt32, Sendable {
    case connecting = 1
    case connected, waiting, removed
}

/// A relay of the host's list, as it was last looked at.
package struct NostrRelayInfo: Sendable {
    package let url: ServerURL
    package var phase = NostrRelayPhase.connecting
    package var error: EngineError?
    package var figures = RelayFigures()
    package var since: Instant?
}

/// What the loop last said about Nostr.
struct NostrSnapshot: Sendable {
    /// In the order in which they were added.
    var relays: [NostrRelayInfo] = []
}

/// Where an event goes.
package enum NostrTarget: Sendable {
    /// All relays of the host's list.
    case own
    case relays([ServerURL])
    /// Where a person receives wraps.
    case inbox(PublicKey)
}

/// What a host asks of the loop about Nostr.
enum NostrCommand: Sendable {
    case addRelay(ServerURL, NostrRelayOptions)
    case removeRelay(ServerURL)
    case authenticate(HostIdentity?)
    case publish(Event, NostrTarget, request: UInt64)
    case subscribe([Filter], [ServerURL]?, request: UInt64)
    case ingest(Event)
    /// A person's list of servers.
    case look(EventKind, PublicKey, request: UInt64)
    /// A list of our own, signed once the version before is known.
    case publishList(HostIdentity, EventKind, [Tag], request: UInt64)
    case resolved(UInt64, Result<[SocketAddress.IP], EngineError>)
}
