package import BurrowBase
package import BurrowNostr

/// What happens with an offer before anybody is disturbed.
package enum Admission: Equatable, Sendable {
    case ring
    /// It may be accepted, and nothing rings.
    case silence
    case drop
    /// The host decides each time.
    case ask
}

/// The numbers of burrow-signalling §6.4, and what else hosts choose.
package struct CallSettings: Sendable {
    /// Seconds until an offer means nothing any more.
    package var offerLifetime: Int64 = 60
    /// Seconds after which an offer does not ring.
    package var ringAge: Int64 = 60
    /// Seconds after which an offer may have been stored, with what was said later, and how long that is waited for.
    package var storedAge: Int64 = 3
    package var replayTime = Interval.milliseconds(400)
    /// Seconds an offer may be ahead of our clock.
    package var futureSkew: Int64 = 60
    /// Seconds in which a group's call can still be joined by its offer.
    package var availableAge: Int64 = 4 * 3600
    package var ringTime = Interval.seconds(45)
    /// How long a relay may take to say who was in the room before us: until then nobody has answered by being there.
    package var settleTime = Interval.zero
    package var connectTime = Interval.seconds(20)
    package var mediaTime = Interval.seconds(20)
    package var reconnectGrace = Interval.seconds(30)
    /// How long somebody stays in a group's call with nobody else; zero is for ever.
    package var aloneTime = Interval.seconds(300)
    package var teardownTime = Interval.seconds(5)
    /// How long who called waits for a relay that is lost, before the call goes to another one.
    package var moveTime = Interval.seconds(8)
    /// How long who is called and reached another relay than ours may take to be seen, before the call goes there.
    package var followTime = Interval.seconds(1)
    package var deadTime = Interval.seconds(600)
    /// How long the host may think about an offer before it is silenced.
    package var questionTime = Interval.seconds(5)
    package var admission = Admission.ring
    /// Whether who called a group waits in the room when nobody came while it rang.
    package var waitsUnanswered = false
    /// Whether clients that only know WebRTC are told that we do not.
    package var answersLegacyOffers = true
    package var relays = RelayChoice.Policy()
    package var capabilities = ["opus", "h264"]
    /// Calls from before this were missed in an earlier life, and told then.
    package var missedSince = UnixTime(0)

    package init() {}
}

/// How a call's signals travel.
package enum SignalRoute: Hashable, Sendable {
    /// Gift wraps.
    case wrap
    /// Messages of the group.
    case group
}

/// A group as calls need it: who may be in them.
package struct GroupView: Equatable, Sendable {
    /// The MLS group id, which never leaves this device.
    package let id: [UInt8]
    /// The public id, which names the room.
    package var room: Bytes32
    /// Each person once.
    package var members: [PublicKey]
    package var admins: [PublicKey]
    package var epoch: UInt64
    /// Whether another device of ours is a member too.
    package var hasSiblings: Bool

    package init(
        id: [UInt8],
        room: Bytes32,
        members: [PublicKey],
        admins: [PublicKey],
        epoch: UInt64,
        hasSiblings: Bool
    ) {
        self.id = id
        self.room = room
        self.members = members
        self.admins = admins
        self.epoch = epoch
        self.hasSiblings = hasSiblings
    }
}
