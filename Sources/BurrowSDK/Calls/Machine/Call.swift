import BurrowBase
package import BurrowNostr

/// A call as this device sees it.
package struct Call: Equatable, Sendable {
    package let id: CallID
    /// The group whose keys protect it.
    package let group: [UInt8]
    /// The other person in a call of two.
    package let peer: PublicKey?
    package let caller: PublicKey
    package let isOutgoing: Bool
    package let route: SignalRoute
    package let startedAt: UnixTime
    package internal(set) var media: CallMedia
    package internal(set) var state: CallState
    package internal(set) var room: RoomPath
    /// Our own broadcast.
    package let path: String
    /// The relay in use, then those to fall back to; empty until we chose one.
    package internal(set) var relays: [ServerURL]
    package internal(set) var roster = Roster()
    /// What we send.
    package internal(set) var isMuted = false
    package internal(set) var hasVideo = false
    /// The call in whose place it came.
    package internal(set) var predecessor: CallID?
    /// The call that came in its place.
    package internal(set) var successor: CallID?

    /// The device of the peer that is in the call with us: the one that called, or the first that accepted.
    var peerDevice: DeviceID?
    /// The offer it came with.
    var received: CallMachine.ReceivedOffer?
    /// When the peer last said something, by their clock.
    var peerHeardAt: UnixTime?
    /// Broadcasts that were in the room before we called.
    var earlier: [String] = []
    /// Until when broadcasts that appear may have been there before us.
    var settlesAt = Instant(microseconds: 0)
    /// When it became active.
    var activeSince: Instant?
    /// Broadcasts of which something could be decrypted.
    var heard: [String] = []
    /// When our call goes to another relay, how often it did, and whether the others are to be told where it is.
    var movesAt = Instant.distantFuture
    var moves = 0
    var hasMoved = false
    /// Where who was called is, if they could not reach us where we are.
    var wantedRelay: ServerURL?
    /// In others' calls: where the caller is, since which offer, how often we could not get there, and whether we wait for another
    /// offer because of that.
    var offeredRelay: ServerURL?
    var offeredAt: UnixTime?
    var setbacks = 0
    var awaitsOffer = false
    /// Whether our offer is to ring, and for how long, if not as usual.
    var rings = true
    var ringTime: Interval?
    /// The room was asked for.
    var wantsRoom = false
    var isConnected = false
    /// When what the state waits for has failed.
    var timer = Instant.distantFuture
    /// When connecting is given up whatever happens.
    var connectLimit = Instant.distantFuture
    /// When others are told again what we send.
    var refreshAt = Instant.distantFuture
    var sequence: Int64 = 0
    /// Our end on its way.
    var farewell: UInt64?

    var isPair: Bool { peer != nil }
}

/// What one is told of a call that one is not in.
package struct CallNotice: Equatable, Sendable {
    package let caller: PublicKey
    package let group: [UInt8]
    package let media: CallMedia
    package let offeredAt: UnixTime

    package init(caller: PublicKey, group: [UInt8], media: CallMedia, offeredAt: UnixTime) {
        self.caller = caller
        self.group = group
        self.media = media
        self.offeredAt = offeredAt
    }
}

/// Something the host learns about a call. Numbers only grow, over all calls.
package struct CallEvent: Equatable, Sendable {
    package enum Change: Equatable, Sendable {
        case state(CallState)
        case joined(Participant)
        case left(Participant)
        case changed(Participant)
        /// Somebody called, and nothing rang.
        case missed(CallNotice, CallEndReason)
        /// A call goes on in a group, and can be joined.
        case available(CallNotice)
        /// A call that could be joined is over.
        case over
        /// Somebody called in a way we cannot answer. Nobody but wraps has no group.
        case unsupported(PublicKey, CallMedia)
        /// The host is to say what happens with an offer.
        case question(CallNotice)
        /// A broadcast in the room that belongs to no member.
        case unknownBroadcast(String)
        /// Who is in a call that could be joined.
        case present([PublicKey])
    }

    package let number: UInt64
    package let call: CallID
    package let change: Change
}

/// What the owner of the machine is to do, in this order.
package enum CallAction: Equatable, Sendable {
    /// Enter the room and publish there; without relays, choose one first.
    case connect(CallID)
    case disconnect(CallID)
    /// See who is announced in a call that can be joined, without publishing.
    case look(CallID, RoomPath, [ServerURL])
    case send(OutgoingSignal)
    case tell(CallEvent)
}

/// A signal to be sent.
package struct OutgoingSignal: Equatable, Sendable {
    package enum Recipient: Equatable, Sendable {
        case group([UInt8])
        /// In a gift wrap for each.
        case people([PublicKey])
    }

    /// Its outcome is reported with this.
    package let number: UInt64
    package let call: CallID
    package let recipient: Recipient
    package let rumor: Rumor
    /// Seconds until relays may forget it.
    package let lifetime: Int64
}
