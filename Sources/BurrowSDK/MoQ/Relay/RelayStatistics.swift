package import BurrowQUIC

/// What happened at a relay's door.
package struct RelayCounters: Equatable, Sendable {
    package var sessionsAccepted: UInt64 = 0
    package var sessionsRefused: UInt64 = 0
    package var sessionsClosed: UInt64 = 0
    /// Closed because they never said what they came for.
    package var sessionsStalled: UInt64 = 0
    /// Closed because their tokens ran out.
    package var sessionsExpired: UInt64 = 0
}

/// A picture of a relay at one time.
package struct RelayStatistics: Equatable, Sendable {
    package let state: RelayState
    package let counters: RelayCounters
    package let endpoint: EndpointCounters
    package internal(set) var sessions = 0
    package internal(set) var broadcasts = 0
    /// Tracks followed upstream.
    package internal(set) var tracks = 0
    package internal(set) var subscriptions = 0
    /// Of all sessions since the start.
    package internal(set) var total = SessionCounters()

    init(state: RelayState, counters: RelayCounters, endpoint: EndpointCounters) {
        self.state = state
        self.counters = counters
        self.endpoint = endpoint
    }
}
