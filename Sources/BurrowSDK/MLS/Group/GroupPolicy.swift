/// What a group accepts and sends where RFC 9420 leaves the choice.
package struct GroupPolicy: Equatable, Sendable {
    /// How our own proposals and commits are wrapped.
    package var handshakeFormat = WireFormat.privateMessage
    /// Whether members' proposals and commits may come in the clear. Those of outsiders cannot come otherwise.
    package var acceptsPublicHandshakes = true
    package var acceptsPrivateHandshakes = true
    /// Whether others may join by a commit of their own (RFC 9420 §12.4.3.2).
    package var acceptsExternalCommits = false
    /// Whether a member may become somebody else by an update. If not, credentials stay the same byte for byte.
    package var allowsCredentialChange = false
    /// Whether key packages that others add must be current by our clock.
    package var checksReceivedLifetimes = false
    /// The longest lifetime of a key package that we add, in seconds.
    package var longestLifetime: UInt64? = 366 * 86_400
    /// Whether application data may be sent while proposals wait for a commit, against RFC 9420 §12.4.
    package var sendsBeforeCommitting = false
    package var padding = PaddingPolicy.standard
    package var window = RatchetWindow()
    /// How many past epochs' messages can still be read, and for how many seconds.
    package var pastEpochs = 3
    package var pastEpochSeconds: UInt64 = 120
    /// For how many past epochs the resumption secret is kept.
    package var resumptionEpochs = 3
    /// Whether Welcomes carry the tree.
    package var welcomesWithTree = true

    package init() {}
}
