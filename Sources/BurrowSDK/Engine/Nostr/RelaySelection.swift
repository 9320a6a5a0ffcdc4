package import BurrowBase
package import BurrowNostr
package import BurrowQUIC

/// A MoQ relay being looked for: first the list of the one who calls, then a race of sessions with those it may be.
final class RelaySelection {
    let request: UInt64
    let wish: RelayWish
    /// The call it is for; else it is for the host.
    let seat: CallSeat?
    let began: Instant
    /// When the own list is waited for no longer.
    var until: Instant = .distantFuture
    private(set) var candidates: [RelayChoice.Candidate] = []
    var notes: [RelayChoice.Note] = []
    var race: RelayRace?
    /// The sessions, by the candidates' places.
    var probes: [Int: UInt64] = [:]
    var started: [Int: Instant] = [:]

    init(_ request: UInt64, _ wish: RelayWish, _ seat: CallSeat? = nil, now: Instant) {
        self.request = request
        self.wish = wish
        self.seat = seat
        began = now
    }

    var deadline: Instant { race?.deadline ?? until }

    func begin(_ candidates: [RelayChoice.Candidate], now: Instant) {
        self.candidates = candidates
        until = .distantFuture
        race = RelayRace(count: candidates.count, isStaggered: !wish.isOffer, now: now)
    }
}

/// What a host says of the MoQ relay it wants for a call.
package struct RelayWish: Sendable {
    /// The group's, or those of an offer; `nil` when the group never had any.
    package var group: [String]?
    /// They are those of an offer, and no others count.
    package var isOffer = false
    /// Whose list comes next.
    package var person: PublicKey?
    package var standard: [String] = []
    /// Those that come before all others, and make it needless to wait for a list.
    package var preferred: [String] = []
    package var policy = RelayChoice.Policy()
    /// With what relays are asked to let us in.
    package var token: String?
    package var trust = TLSContext.ClientTrust()
    /// From the first name look-up of one relay to its session.
    package var timeout = Interval.seconds(5)

    package init() {}
}

/// What the loop has to do for a selection.
enum ProbeAction {
    case open(UInt64, RelayChoice.Candidate, RelayWish)
    case close(UInt64)
}
