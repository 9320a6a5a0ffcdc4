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

/// A group's events: where they are, and from when on they matter.
struct GroupFeed: Equatable, Sendable {
    let tags: [Bytes32]
    let relays: [String]
    let since: UnixTime?

    /// The date changes all the time, and matters only in the beginning.
    static func == (a: GroupFeed, b: GroupFeed) -> Bool { a.tags == b.tags && a.relays == b.relays }
}

/// An event of an identity with groups on its way to relays.
struct Delivery: Sendable {
    let host: HostIdentity
    let event: Event
    /// Where it belongs; wraps go where their recipient receives them, and here when nobody knows where that is.
    let relays: [ServerURL]
    var attempts = 0
    /// When it is tried again; `nil` while it is on its way.
    var due: Instant?
    /// When it means nothing any more. Until then it is delivered even if its identity is closed.
    let until: Instant?
    /// Why a relay refused it.
    var refusal: EngineError?
    /// A relay may have it, or get it later.
    var isUnclear = false

    init(_ host: HostIdentity, _ event: Event, _ relays: [ServerURL], until: Instant? = nil) {
        self.host = host
        self.until = until
        self.event = event
        self.relays = relays
    }
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
    /// Whose wraps and which groups to listen for from now on.
    case follow(HostIdentity, PublicKey, [GroupFeed])
    case unfollow(HostIdentity)
    /// To be brought to relays however long that takes.
    case deliver(Delivery)
    /// Where we publish key packages, if others do not know that yet.
    case announceKeyPackages(HostIdentity, [ServerURL])
    /// The command goes on to the state thread once the key packages of these people were looked for.
    case findKeyPackages(of: [PublicKey], before: StateCommand, request: UInt64)
    /// An identity asks the host for what its key is needed for: look after the time.
    case watchKey(HostIdentity)
    /// What became of something that was done with a key.
    case keyUsed(HostIdentity, KeyUse, Result<KeyTask.Product, EngineError>)
    /// News for the host from one of its own threads, on which nobody may wake it.
    case tell(HostEvent)
    /// A token of a service, kept fresh until the request is cancelled.
    case lease(TokenLease.Wish, request: UInt64)
    /// The MoQ relay for a call.
    case select(RelayWish, request: UInt64)
    /// The same for a call of ours, which the state thread is told of.
    case choose(RelayWish, CallSeat)
    case endChoice(CallSeat)
    /// A token for a call of ours, kept fresh until that is ended.
    case leaseForCall(TokenLease.Wish, CallSeat)
    case endLease(CallSeat)
    case resolved(UInt64, Result<[SocketAddress.IP], EngineError>)
}
