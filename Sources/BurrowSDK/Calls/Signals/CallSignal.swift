package import BurrowNostr

extension EventKind {
    package static let callOffer = EventKind(25050)
    /// WebRTC's answer, which nobody sends any more.
    package static let oldCallAnswer = EventKind(25051)
    /// WebRTC's candidates, likewise.
    package static let oldCallCandidate = EventKind(25052)
    package static let callEnd = EventKind(25053)
    package static let callUpdate = EventKind(25054)

    package var isOfCalls: Bool { (25050...25054).contains(rawValue) }
}

/// An offer (25050): where the call is, and that somebody wants us there.
package struct CallOffer: Equatable, Sendable {
    package var media: CallMedia
    /// The relay the call is on, then those to fall back to.
    package var relays: [ServerURL]
    package var room: RoomPath
    /// The caller's own broadcast.
    package var path: String
    package var device: DeviceID?
    /// The MLS epoch whose keys the caller begins with.
    package var epoch: UInt64?
    /// How frames are protected; without it as we do.
    package var protection: String?
    package var capabilities: [String] = []
    /// False: the call is open, but nobody's phone has to ring.
    package var rings = true
    /// When the call began, if this is not the first offer.
    package var startedAt: UnixTime?

    package init(media: CallMedia, relays: [ServerURL], room: RoomPath, path: String) {
        self.media = media
        self.relays = relays
        self.room = room
        self.path = path
    }

    /// The name of the frame protection of this library: SFrame with keys of the MLS exporter.
    package static let protection = "burrow-frame-1"
}

/// An end (25053): of the call, or of somebody's part in it.
package struct CallEnd: Equatable, Sendable {
    package enum Scope: String, Sendable {
        /// The sender left.
        case own = "self"
        /// It is over for all.
        case call
    }

    package var reason: CallEndReason
    /// The reason as it was written when it is none we know.
    package var text: String?
    /// Without it, what is usual: all of a call of two, the sender's part of others.
    package var scope: Scope?
    package var device: DeviceID?
    /// The call that takes this one's place.
    package var successor: CallID?
    package var duration: Int64?

    package init(_ reason: CallEndReason, scope: Scope? = nil, device: DeviceID? = nil) {
        self.reason = reason
        self.scope = scope
        self.device = device
    }
}

/// A state update (25054): how far somebody is, and what they send.
package struct CallUpdate: Equatable, Sendable {
    package enum Progress: String, Sendable, CaseIterable {
        case ringing, accepted, joined, reconnecting, held
    }

    /// `nil` leaves it as it was.
    package var isMuted: Bool?
    package var hasVideo: Bool?
    package var progress: Progress?
    /// The sender's own broadcast.
    package var path: String?
    /// Where the sender is, when that is not where the offer said first.
    package var relay: ServerURL?
    package var media: CallMedia?
    /// Counts the sender's updates.
    package var sequence: Int64?
    package var device: DeviceID?
    package var epoch: UInt64?
    package var capabilities: [String] = []

    package init(_ progress: Progress? = nil) {
        self.progress = progress
    }
}

/// What people tell each other about a call.
package struct CallSignal: Equatable, Sendable {
    package enum Body: Equatable, Sendable {
        case offer(CallOffer)
        case end(CallEnd)
        case update(CallUpdate)
        /// An offer of a client that only knows WebRTC.
        case legacyOffer(CallMedia)
    }

    package let call: CallID
    package let body: Body

    package init(_ call: CallID, _ body: Body) {
        self.call = call
        self.body = body
    }
}
