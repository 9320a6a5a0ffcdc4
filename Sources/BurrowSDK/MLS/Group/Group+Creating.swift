internal import BurrowCrypto

/// Founding a group (RFC 9420 §11).
extension Group {
    /// A group of one, whose first epoch nobody else ever sees.
    package init(
        founding groupID: [UInt8],
        _ identity: MemberIdentity,
        extensions: [Extension] = [],
        lifetime: Lifetime,
        policy: GroupPolicy = GroupPolicy(),
        preSharedKeys: PreSharedKeys = PreSharedKeys(),
        suite: CipherSuite
    ) throws(MLSError) {
        guard groupID.count <= MLSLimits.groupIDBytes else {
            throw MLSError(.invalidArgument, "group id of \(groupID.count) bytes")
        }
        try extensions.requireUniqueTypes()
        let pair = try suite.generateEncryptionKey()
        var leaf = identity.leaf(encryptionKey: pair.publicKey, source: .keyPackage(lifetime))
        try leaf.sign(suite, identity.signatureKey, groupID: [], index: 0)
        try LeafRules.validateForm(leaf, suite: suite)
        try LeafRules(suite: suite, groupID: groupID, extensions: extensions).validateCapabilities(leaf)
        let tree = try RatchetTree(founder: leaf, suite: suite)
        let context = GroupContext(
            cipherSuite: suite.id.rawValue,
            groupID: groupID,
            epoch: 0,
            treeHash: try tree.treeHash(),
            confirmedTranscriptHash: [],
            extensions: extensions
        )
        let secrets = try EpochSecrets(epochSecret: suite.randomSecret(), suite: suite)
        let epoch = try Epoch(
            suite: suite,
            context: context,
            tree: tree,
            ownLeaf: 0,
            keys: [0: pair],
            confirmationTag: suite.authenticate([], key: secrets.confirmation),
            secrets: secrets
        )
        self.init(
            epoch: epoch,
            signatureKey: identity.signatureKey,
            policy: policy,
            preSharedKeys: preSharedKeys
        )
    }

    /// The first commit of a group that continues another one: its members, and the proof of having been in the old
    /// group (RFC 9420 §11.2, §11.3).
    package mutating func continueGroup(
        _ predecessor: Group,
        usage: PreSharedKeyID.Usage,
        adding members: [KeyPackage],
        now: UInt64
    ) throws(MLSError) -> OutgoingCommit {
        guard epochNumber == 0 else {
            throw MLSError(.invalidResumption, "group has begun already")
        }
        try predecessor.requireSuccessor(context, usage)
        preSharedKeys.set(
            predecessor.epoch.resumptionSecret,
            groupID: predecessor.groupID,
            epoch: predecessor.epochNumber
        )
        let kind = PreSharedKeyID.Kind.resumption(
            usage,
            groupID: predecessor.groupID,
            epoch: predecessor.epochNumber
        )
        var request = CommitRequest([try preSharedKeyProposal(kind)])
        request.proposals += members.map { .add($0) }
        return try commit(request, now: now)
    }

    /// Whether a group may continue this one: as the ReInit said, or with the same suite for a branch.
    func requireSuccessor(_ new: GroupContext, _ usage: PreSharedKeyID.Usage) throws(MLSError) {
        switch usage {
        case .application: throw MLSError(.invalidPSKUsage, "usage does not continue a group")
        case .branch:
            guard new.cipherSuite == suite.id.rawValue else {
                throw MLSError(.invalidResumption, "branch with another cipher suite")
            }
        case .reinit:
            guard case .reinitialized(let reinit) = status else {
                throw MLSError(.invalidResumption, "group was not reinitialized")
            }
            guard new.groupID == reinit.groupID, new.cipherSuite == reinit.cipherSuite,
                new.extensions == reinit.extensions, reinit.version == ProtocolVersion.mls10
            else { throw MLSError(.invalidResumption, "group is not the one that was announced") }
        }
    }
}
