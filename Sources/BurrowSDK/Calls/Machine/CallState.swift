/// Where a call stands, as its user sees it (burrow-signalling §6.2).
package enum CallState: Hashable, Sendable {
    package enum Outgoing: Hashable, Sendable, CaseIterable {
        /// The room is being made.
        case publishing
        /// The offer is out.
        case sent
        case remoteRinging
    }

    package enum Incoming: Hashable, Sendable, CaseIterable {
        case ringing
        /// The user may accept, and is not disturbed.
        case silent
    }

    package enum Connecting: Hashable, Sendable, CaseIterable {
        case relay
        /// In the room, and nothing was received yet.
        case waitingMedia
    }

    package enum Active: Hashable, Sendable, CaseIterable {
        /// In a group, with nobody else.
        case alone
        case ok
        case reconnecting
    }

    case outgoing(Outgoing)
    case incoming(Incoming)
    case connecting(Connecting)
    case active(Active)
    /// The user left, and the signal is on its way.
    case ending(CallEndReason)
    case ended(CallEndReason)
    case failed(CallEndReason)

    package var isOver: Bool {
        switch self {
        case .ended, .failed: true
        default: false
        }
    }

    /// Whether the user is in this call or has their phone ringing, so that another one finds them busy.
    package var isOccupying: Bool {
        switch self {
        case .outgoing, .connecting, .active, .incoming(.ringing): true
        case .incoming(.silent), .ending, .ended, .failed: false
        }
    }

    /// Whether the user has agreed to be in this call, so that there may be a connection to its relay.
    package var hasConsent: Bool {
        switch self {
        case .outgoing, .connecting, .active: true
        case .incoming, .ending, .ended, .failed: false
        }
    }

    var isActive: Bool {
        if case .active = self { true } else { false }
    }

    /// The table of burrow-signalling §6.3: whether one may follow the other.
    package func mayBecome(_ next: CallState) -> Bool {
        switch (self, next) {
        case (.ended, _), (.failed, _): false
        case (.ending, .ended): true
        case (.ending, _): false
        case (_, .failed): true
        case (_, .ended): true
        case (.incoming, .ending): false
        case (_, .ending): true
        case (.outgoing(.publishing), .outgoing(.sent)): true
        case (.outgoing(.sent), .outgoing(.remoteRinging)): true
        case (.outgoing, .connecting(.waitingMedia)), (.outgoing, .connecting(.relay)): true
        // A group's caller is in the room already.
        case (.outgoing, .active): true
        case (.incoming(.silent), .incoming(.ringing)), (.incoming, .connecting(.relay)): true
        case (.connecting(.relay), .connecting(.waitingMedia)): true
        case (.connecting(.waitingMedia), .connecting(.relay)): true
        case (.connecting, .active): true
        case (.active(let a), .active(let b)): a != b
        default: false
        }
    }
}
