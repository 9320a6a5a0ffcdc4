internal import BurrowCrypto

/// Everything a member knows in one epoch.
///
/// A value whose copies share their secrets, which live until the last copy is gone.
struct Epoch {
    let suite: CipherSuite
    let context: GroupContext
    let tree: RatchetTree
    let ownLeaf: UInt32
    /// The private keys we have, by node: our leaf's and those of parents that we were told.
    let keys: [UInt32: EncryptionKeyPair]
    let confirmationTag: [UInt8]
    let interimTranscriptHash: [UInt8]
    let senderDataSecret: Secret
    let exporterSecret: Secret
    let authenticator: Secret
    let externalSecret: Secret
    let membershipKey: Secret
    let resumptionSecret: Secret
    let initSecret: Secret
    var secretTree: SecretTree

    init(
        suite: CipherSuite,
        context: GroupContext,
        tree: RatchetTree,
        ownLeaf: UInt32,
        keys: [UInt32: EncryptionKeyPair],
        confirmationTag: [UInt8],
        secrets: EpochSecrets
    ) throws(MLSError) {
        self.suite = suite
        self.context = context
        self.tree = tree
        self.ownLeaf = ownLeaf
        self.keys = keys
        self.confirmationTag = confirmationTag
        interimTranscriptHash = try Transcript.interimHash(
            confirmed: context.confirmedTranscriptHash,
            confirmationTag: confirmationTag,
            suite: suite
        )
        senderDataSecret = secrets.senderData
        exporterSecret = secrets.exporter
        authenticator = secrets.authenticator
        externalSecret = secrets.external
        membershipKey = secrets.membership
        resumptionSecret = secrets.resumption
        initSecret = secrets.initSecret
        secretTree = SecretTree(
            encryptionSecret: secrets.encryption,
            leafCount: tree.leafCount,
            suite: suite
        )
    }

    /// What is left of an epoch in which we were removed: who was there, and no key to anything.
    func withoutSecrets() throws(MLSError) -> Epoch {
        let nothing = try suite.zeros()
        return try Epoch(
            suite: suite,
            context: context,
            tree: tree,
            ownLeaf: ownLeaf,
            keys: [:],
            confirmationTag: confirmationTag,
            secrets: EpochSecrets(allEqual: nothing)
        )
    }

    /// Private keys that still belong to a node of `tree`: not those of nodes that were blanked, replaced or cut off.
    static func keys(_ keys: [UInt32: EncryptionKeyPair], in tree: RatchetTree) -> [UInt32: EncryptionKeyPair]
    {
        keys.filter { tree.encryptionKey(ofNode: $0.key) == $0.value.publicKey }
    }
}

/// What is kept of an epoch that has ended, to read messages that come late.
struct PastEpoch {
    let context: GroupContext
    let tree: RatchetTree
    let senderDataSecret: Secret
    var secretTree: SecretTree
    /// In seconds since 1970.
    let endedAt: UInt64

    init(_ epoch: Epoch, endedAt: UInt64) {
        context = epoch.context
        tree = epoch.tree
        senderDataSecret = epoch.senderDataSecret
        secretTree = epoch.secretTree
        self.endedAt = endedAt
    }
}
