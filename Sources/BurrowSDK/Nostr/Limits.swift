/// What input from relays, hosts and other people may cost.
package enum NostrLimits {
    package static let eventBytes = 128 << 10
    /// Objects and arrays inside each other: a message, its event, the tags, one tag, and room for members to come.
    package static let eventDepth = 6
    package static let tags = 2000
    package static let tagStringBytes = 8 << 10
    /// A message around an event: its name and the subscription.
    package static let messageBytes = eventBytes + 1024
    package static let subscriptionIDBytes = 64
    package static let filterListCount = 1000
    package static let filtersPerRequest = 10
    package static let reasonBytes = 1024
    package static let challengeBytes = 512
    package static let urlBytes = 2048
    /// NIP-19 names no limit; texts of people and hosts are short.
    package static let bech32Bytes = 5000
    package static let relayHints = 16
    package static let authorizationBytes = 8 << 10
    /// Entries of a list of relays that are looked at.
    package static let listEntries = 10
    package static let mediaRelays = 8
    /// Beyond this many seconds ahead the state of somebody's lists is not believed.
    package static let stateAheadSeconds: Int64 = 15 * 60
}
