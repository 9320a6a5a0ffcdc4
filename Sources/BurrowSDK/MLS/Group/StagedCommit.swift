internal import BurrowCrypto

/// A commit that was checked, and the epoch it leads to. Nothing has changed before it is merged.
package struct StagedCommit {
    /// `nil` when we are removed.
    var next: Epoch?
    /// Marks the epoch it follows.
    let parentTranscriptHash: [UInt8]
    /// Our signature key from now on, if this is our commit and changes it.
    let newSignatureKey: SignatureKeyPair?

    package let epoch: UInt64
    package let committer: Sender
    /// The leaf of the committer in the new epoch.
    package let committerLeaf: UInt32
    package let authenticatedData: [UInt8]
    package let added: [(leaf: UInt32, node: LeafNode)]
    package let removed: [(leaf: UInt32, node: LeafNode)]
    package let updated: [(leaf: UInt32, node: LeafNode)]
    package let hasPath: Bool
    /// The context's extensions from now on.
    package let extensions: [Extension]
    package let changesExtensions: Bool
    package let reinit: ReInit?
    /// The types of its proposals, in its order: what an application's rules ask for.
    package let proposalTypes: [UInt16]

    package var removesUs: Bool { next == nil }

    /// The new epoch's members, for a decision before merging.
    package var tree: RatchetTree? { next?.tree }

    /// The `epoch_authenticator` of the new epoch.
    package var epochAuthenticator: [UInt8]? { next?.authenticator.copied() }
}
