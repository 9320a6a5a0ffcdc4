package import BurrowBase

/// The patience and the limits of a pool.
package struct PoolOptions: Sendable {
    package var connectPatience = Interval.seconds(10)
    /// For the answer to an event.
    package var answerPatience = Interval.seconds(10)
    /// For the next stored event or their end.
    package var storedPatience = Interval.seconds(15)
    package var authenticationPatience = Interval.seconds(10)
    /// How long a publication may take altogether, reconnections included.
    package var publishPatience = Interval.seconds(30)

    /// After this much silence a relay is asked whether it is there.
    package var pingAfter = Interval.seconds(30)
    package var pongPatience = Interval.seconds(10)
    /// How long a relay that was only needed for publishing is kept.
    package var idleAfter = Interval.seconds(20)

    package var reconnect = Backoff.Range(first: .milliseconds(500), last: .seconds(300))
    /// The longest pause behind a connection on which the relay has served us, however short it was.
    package var reconnectServed = Interval.seconds(4)
    package var slowDown = Backoff.Range(first: .seconds(1), last: .seconds(60))
    /// A connection that lasted this long was a good one.
    package var goodAfter = Interval.seconds(30)
    /// The least pause behind a relay that misbehaves.
    package var penalty = Interval.seconds(60)

    package var relayCount = 64
    package var subscriptionCount = 48
    package var publicationsPerRelay = 1024
    /// Events on the way to a relay at a time.
    package var unansweredPerRelay = 32
    /// Messages of one connection that are no messages, or bring events that are none, before it is closed.
    package var badMessagesPerConnection = 32
    /// Events for subscriptions that are closed, which the relay may not have heard of yet.
    package var strayEventsPerConnection = 4096
    package var seenEvents = 65536
    package var seenFor = Interval.seconds(3 * 86400 + 3600)
    /// An answer with fewer stored events than this is a whole one; with more the relay may have cut it.
    package var wholePage = 50
    package var pagesPerRequest = 1000

    package init() {}
}

/// How a relay is used.
package struct RelayUse: Sendable {
    package enum Authentication: Equatable, Sendable {
        /// Tell the relay who we are when it asks: for relays on the user's own lists.
        case automatic
        case ask
        case never
    }

    package var authentication: Authentication
    /// Connected only while there is something to publish, then forgotten.
    package var isTransient: Bool

    package init(authentication: Authentication, isTransient: Bool = false) {
        self.authentication = authentication
        self.isTransient = isTransient
    }
}

package struct RelayID: Hashable, Comparable, Sendable {
    package let number: UInt32

    package static func < (a: RelayID, b: RelayID) -> Bool { a.number < b.number }
}

package struct SubscriptionID: Hashable, Sendable {
    package let number: UInt32
}

package struct PublicationID: Hashable, Sendable {
    package let number: UInt32
}
