/// What signals of other people may cost.
package enum CallLimits {
    package static let contentBytes = 16 << 10
    package static let contentDepth = 8
    package static let idBytes = 128
    package static let pathBytes = 255
    package static let pathSegments = 8
    /// Relays an offer may name, the one the call is on included.
    package static let offeredRelays = 4
    package static let capabilities = 16
    package static let capabilityBytes = 32
    /// Longest text of a reason that is kept.
    package static let reasonBytes = 64
    /// Signals that are known again when they come twice.
    package static let seenSignals = 1024
    /// Calls that are over, or ended before they began.
    package static let deadCalls = 256
    package static let participants = 32
    /// Offers that wait for the host's word.
    package static let openQuestions = 16
    /// What is kept of a call until it rings.
    package static let storedSignals = 64
    /// Calls that go on without us.
    package static let availableCalls = 16
    /// Calls that are over and can still be looked at.
    package static let finishedCalls = 8
    /// How often a call goes to another relay.
    package static let moves = 2
    package static let offersPerMinute = 5
    package static let updatesPerSecond = 10
    /// Senders whose signals are counted.
    package static let countedSenders = 256
    /// Broadcasts of nobody that are reported in one call.
    package static let unknownBroadcasts = 16
}
