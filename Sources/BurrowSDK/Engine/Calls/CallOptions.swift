package import BurrowBase
package import BurrowMoQ

/// How a host wants to be in a call.
package struct CallOptions: Sendable {
    package var hasVideo = false
    package var isMuted = false
    package var rings = true
    /// Whether a call of two is signalled by messages of its group.
    package var isByGroup = false
    /// MoQ relays that come before all others, when the call is ours.
    package var relays: [String] = []
    /// Those that come after all others.
    package var lastRelays: [String] = []
    /// How the room is reached; where it is, the call says.
    package var room: RoomConfiguration?
    /// Of how many participants pictures are received at most.
    package var lastN = Int.max
    /// Who makes tokens for relays that want some.
    package var tokenService: String?
    /// `nil` for as long as usual.
    package var ringTime: Interval?
    package var connectTime: Interval?
    package var graceTime: Interval?
    package var aloneTime: Interval?

    package init() {}
}

/// How a host leaves a call.
package struct CallEnding: Sendable {
    package var isForAll = false
    package var isBusy = false

    package init() {}
}

/// What is to be different in a call.
package struct CallChange: Sendable {
    package enum Answer: Sendable {
        case ring, silence, drop
    }

    package var isMuted: Bool?
    package var hasVideo: Bool?
    package var answer: Answer?
    /// Whether the relay is to be asked who is there.
    package var looks = false
    /// How that relay is reached.
    package var room: RoomConfiguration?

    package init() {}
}

/// What hosts decide about calls before there are any.
package struct CallRules: Sendable {
    /// The host is asked about each offer.
    package var asks = false
    /// Offers may name relays in private networks.
    package var allowsPrivateRelays = false

    package init() {}
}
