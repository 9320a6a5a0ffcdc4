/// What the owner of a pool is to do, in order.
package enum PoolAction: Equatable, Sendable {
    /// Open a WebSocket; answer with `opened` or `closed`.
    case connect(RelayID, ServerURL)
    /// Close the WebSocket, or stop opening it. No answer is wanted.
    case disconnect(RelayID)
    /// Send a text message.
    case send(RelayID, [UInt8])
    /// Send a ping; answer with `ponged` when its pong comes.
    case ping(RelayID)
    /// Sign this event and answer with `authenticate`.
    case sign(RelayID, Rumor)
    /// A relay wants to know who we are, and the user decides; answer with `allowAuthentication`.
    case askAuthentication(RelayID)

    /// A verified event that matches, once for each subscription.
    case deliver(SubscriptionID, Event)
    /// All relays that can be reached have told what they stored.
    case caughtUp(SubscriptionID)
    /// A relay will not serve the subscription.
    case ended(SubscriptionID, RelayID, RelayReason)
    case published(PublicationID, RelayID, PublishOutcome)
    /// No relay is left to answer; `accepted` have the event.
    case publishFinished(PublicationID, accepted: Int)
    case stateChanged(RelayID, isConnected: Bool)
    /// A relay has something to say to people.
    case notice(RelayID, String)
}

/// What one relay made of an event.
package enum PublishOutcome: Equatable, Sendable {
    /// It has the event.
    case accepted(RelayReason)
    /// It took the event, and says nobody was there to hear it.
    case unheard(RelayReason)
    case refused(RelayReason)
    /// It was connected and did not answer.
    case timedOut
    case unreachable

    package var isAccepted: Bool {
        if case .accepted = self { return true }
        return false
    }
}

/// What has happened with one relay since it was added.
package struct RelayFigures: Equatable, Sendable {
    package var connections = 0
    /// Events for a subscription, repetitions included.
    package var events = 0
    package var repetitions = 0
    /// Events that were no events, did not verify or did not match.
    package var invalidEvents = 0
    /// Messages that were no messages.
    package var badMessages = 0
    /// Events for subscriptions that are not open.
    package var strayEvents = 0
    package var notices = 0
    package var rateLimits = 0
    package var published = 0

    package init() {}
}
