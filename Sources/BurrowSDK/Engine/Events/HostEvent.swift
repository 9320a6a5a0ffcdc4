package import BurrowBase
package import BurrowCalls

/// Something the host will learn about.
package struct HostEvent: Sendable {
    package enum Kind: Sendable {
        case done
        case overflow
        case roomState(RoomPhase)
        case participantJoined
        case participantLeft
        case participantMedia
        case speaker
        /// Something about keys; the number is the low bits of the epoch it is about.
        case protection(UInt32)
        /// Frames wait in the exchange of this track.
        case trackData(HostTrack)
        case trackState(TrackPhase)
        /// What the host encodes is wanted in another way.
        case trackEncoding
        case relayState(RelayPhase)
        case nostrRelay(NostrRelayPhase)
        /// An event for a subscription.
        case nostrEvent
        /// A subscription has brought all that was stored.
        case nostrStored
        /// A relay will not serve a subscription.
        case nostrClosed
        /// What one relay made of a publication.
        case nostrResult
        /// An event for relays that are the host's.
        case nostrOut
        /// One entry of a list of servers.
        case discovered
        /// A MoQ relay was tried.
        case relayTried
        /// A service has made a token.
        case token
        /// An event for an identity or a group was refused.
        case nostrRefused
        case keyPackageUsed
        /// Something for the holder of a key.
        case keyRequest(KeyRequestKind)
        case groupState(GroupPhase)
        case groupEpoch
        case groupMembers
        case groupData
        case groupMessage(MessageReceipt)
        case groupRolledBack
        /// A call is something else than before.
        case callState(HostCall, CallPhase, CallDetail, CallEndReason?)
        /// Somebody came into a call, left it, or changed in it.
        case callMember(CallMemberChange)
    }

    package var kind: Kind
    package var error: EngineError?
    package var participant: UInt32 = 0
    package var request: UInt64 = 0
    package var time: Instant
    package var value: Int64 = 0
    /// The handle of what it is about, or 0.
    package var subject: UInt = 0
    package var text = ""
    package var data: [UInt8] = []

    package init(_ kind: Kind, subject: UInt, time: Instant, error: EngineError? = nil) {
        self.kind = kind
        self.subject = subject
        self.time = time
        self.error = error
        if let error {
            text = error.context
            value = error.peerCode
        }
    }

    /// Whether it may be dropped when the host does not drain: the host can read the same from a snapshot.
    var isDiscrete: Bool {
        switch kind {
        case .done, .trackData, .overflow: false
        // Nobody could read them elsewhere; the first are as many as requests, the last makes relays wait.
        case .nostrResult, .nostrClosed, .nostrStored, .discovered, .nostrOut, .nostrEvent, .token,
            .relayTried:
            false
        // What was said stands nowhere else.
        case .groupMessage, .groupRolledBack: false
        // There is one for each transition.
        case .callState: false
        case .roomState, .participantJoined, .participantLeft, .participantMedia, .speaker, .protection,
            .trackState, .trackEncoding, .relayState, .nostrRelay, .nostrRefused, .keyPackageUsed,
            .groupState, .groupEpoch,
            .groupMembers, .groupData, .callMember:
            true
        // What is lost runs out of time.
        case .keyRequest: true
        }
    }
}

/// Where a room stands, as the host sees it.
package enum RoomPhase: UInt32, Sendable {
    case connecting = 1
    case connected, reconnecting, restored, closed
}

/// Where a track stands, as the host sees it.
package enum TrackPhase: UInt32, Sendable {
    case waiting = 1
    case live, ended, failed
}

/// Where a relay stands, as the host sees it.
package enum RelayPhase: UInt32, Sendable {
    case starting = 1
    case listening, stopping, stopped
}
