/// What one session has seen, for statistics and tests.
package struct SessionCounters: Equatable, Sendable {
    package var announcementsSent: UInt64 = 0
    package var announcementsReceived: UInt64 = 0
    /// Announced where the peer may not publish.
    package var announcementsRefused: UInt64 = 0
    package var subscriptionsServed: UInt64 = 0
    package var subscriptionsRefused: UInt64 = 0
    /// For tracks and groups of this peer that others wanted while too much of what they had wanted was unanswered.
    package var requestsRefused: UInt64 = 0
    package var groupsSent: UInt64 = 0
    /// Given up because they became too old or too many.
    package var groupsExpired: UInt64 = 0
    package var groupsReceived: UInt64 = 0
    /// For subscriptions that we do not have.
    package var groupsUnknown: UInt64 = 0
    /// Already there, or too old.
    package var groupsUnwanted: UInt64 = 0
    package var datagramsSent: UInt64 = 0
    package var datagramsDropped: UInt64 = 0
    package var datagramsReceived: UInt64 = 0
    package var datagramsUnknown: UInt64 = 0
    /// Streams with bytes that mean nothing.
    package var malformed: UInt64 = 0
    package var unknownStreams: UInt64 = 0
    package var refusedStreams: UInt64 = 0
    package var pathChanges: UInt64 = 0

    /// Adds another session's counts.
    mutating func add(_ other: SessionCounters) {
        announcementsSent &+= other.announcementsSent
        announcementsReceived &+= other.announcementsReceived
        announcementsRefused &+= other.announcementsRefused
        subscriptionsServed &+= other.subscriptionsServed
        subscriptionsRefused &+= other.subscriptionsRefused
        requestsRefused &+= other.requestsRefused
        groupsSent &+= other.groupsSent
        groupsExpired &+= other.groupsExpired
        groupsReceived &+= other.groupsReceived
        groupsUnknown &+= other.groupsUnknown
        groupsUnwanted &+= other.groupsUnwanted
        datagramsSent &+= other.datagramsSent
        datagramsDropped &+= other.datagramsDropped
        datagramsReceived &+= other.datagramsReceived
        datagramsUnknown &+= other.datagramsUnknown
        malformed &+= other.malformed
        unknownStreams &+= other.unknownStreams
        refusedStreams &+= other.refusedStreams
        pathChanges &+= other.pathChanges
    }
}
