/// What a peer may make us hold or do.
package enum MLSLimits {
    /// Bytes of one message.
    package static let messageBytes = 16 << 20
    /// Leaves of a tree, a power of two.
    package static let leaves: UInt32 = 1 << 17
    /// Entries of one list of extensions.
    package static let extensions = 256
    /// Entries of one list inside capabilities.
    package static let capabilities = 1024
    /// Certificates of one X.509 credential.
    package static let certificates = 16
    /// Proposals of one commit.
    package static let proposals = 1 << 16
    /// Proposals that wait for a commit.
    package static let storedProposals = 4096
    /// Proposals that are tried together one after the other when they do not all fit.
    package static let proposalsAtOdds = 64
    /// Pre-shared keys of one commit or Welcome.
    package static let preSharedKeys = 256
    /// Bytes of a group id.
    package static let groupIDBytes = 1024
}
