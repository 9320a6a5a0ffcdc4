package import BurrowBase
package import BurrowNostr

/// Where a new identity's key is from.
package enum KeySource: Sendable {
    /// The one in its file, or a new one.
    case own
    /// An `nsec` or 64 digits.
    case secret(String)
    /// The host has it elsewhere, and answers within this time.
    case elsewhere(PublicKey, patience: Interval)
}

/// What becomes of something that was done with a key.
enum KeyUse: Sendable {
    /// The event is published.
    case publish(NostrTarget, request: UInt64)
    /// The completion carries what was in the wrap.
    case open(request: UInt64)
    /// The completion carries the proof.
    case proof(request: UInt64)
    /// A list of servers is published, by the reactor.
    case list(request: UInt64)
    /// A relay is told who we are, by the reactor. How often that was asked before.
    case authenticate(BurrowNostr.RelayID, Rumor, attempt: Int)
    /// A service is asked for a token, by the reactor.
    case token(request: UInt64)
    /// An event of our groups is published, by the state thread.
    case draft(UInt64)
    /// A wrap may hold an invitation, which is for the state thread.
    case invitation(Event, attempt: Int)
    /// A call is signalled, by the state thread; the number of the signal, or 0.
    case signal(UInt64)

    /// The host's request that ends with it.
    var request: UInt64 {
        switch self {
        case .publish(_, let request), .open(let request), .proof(let request), .list(let request): request
        // Those of calls are nobody's request.
        case .token(let request): request >> 63 == 0 ? request : 0
        case .authenticate, .draft, .invitation, .signal: 0
        }
    }
}

/// A result that is there already, or the request whose completion will carry it.
package enum SoonText: Sendable {
    case now(String)
    case later(request: UInt64)
}
