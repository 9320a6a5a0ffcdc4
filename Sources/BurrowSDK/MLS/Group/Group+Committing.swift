internal import BurrowBase
internal import BurrowCrypto

/// What a commit of ours shall do besides taking up proposals.
package struct CommitRequest {
    /// Sent inside of the commit.
    package var proposals: [Proposal] = []
    /// Whether proposals received in this epoch go in. Those that cannot are left out.
    package var takesStored = true
    /// If not `nil`, only those of these references go in.
    package var storedReferences: Set<[UInt8]>?
    /// New keys even where the RFC does not demand them: without, the commit does not heal from a stolen state.
    package var forcesPath = true
    package var authenticatedData: [UInt8] = []
    /// A new key for our signatures; needs a path.
    package var newSignatureKey: SignatureKeyPair?
    /// Replaces our leaf's capabilities and extensions; needs a path.
    package var newCapabilities: Capabilities?
    package var newLeafExtensions: [Extension]?
    /// Extensions of the GroupInfo inside the Welcome, besides the tree.
    package var groupInfoExtensions: [Extension] = []

    package init() {}

    package init(_ proposals: [Proposal]) {
        self.proposals = proposals
    }
}

/// A commit to be sent, as MLSMessages.
package struct OutgoingCommit {
    package let message: [UInt8]
    /// For the new members, once the commit is accepted.
    package let welcome: [UInt8]?
    package let staged: StagedCommit
}

/// Making commits (RFC 9420 §12.4.1).
extension Group {
    /// Makes a commit, which stays pending until it is merged or discarded.
    package mutating func commit(_ request: CommitRequest, now: UInt64) throws(MLSError) -> OutgoingCommit {
        try requireActive()
        guard pendingCommit == nil else {
            throw MLSError(.pendingCommitExists, "our last commit is neither merged nor discarded")
        }
        var list = request.proposals.map {
            ResolvedProposal($0, sender: .member(ownLeaf), isReference: false)
        }
        var entries = request.proposals.map { ProposalOrRef.proposal($0) }
        if request.takesStored {
            for stored in try usableProposals(request.storedReferences, with: list, now: now) {
                list.append(ResolvedProposal(stored.proposal, sender: stored.sender, isReference: true))
                entries.append(.reference(stored.reference))
            }
        }
        let set = try ProposalSet(list, committer: .member(ownLeaf), allowsResumption: epochNumber == 0)
        try requireCurrent(request.proposals, now: now)
        let effect = try set.apply(to: tree, context: context, policy: policy, now: now)
        let renewsLeaf =
            request.newSignatureKey != nil || request.newCapabilities != nil
            || request.newLeafExtensions != nil
        let template = try leafTemplate(request, effect)
        let builder = CommitBuilder(
            suite: suite,
            context: context,
            interimTranscriptHash: epoch.interimTranscriptHash,
            initSecret: epoch.initSecret,
            sender: .member(ownLeaf),
            leaf: ownLeaf,
            signatureKey: request.newSignatureKey ?? signatureKey,
            authenticatedData: request.authenticatedData,
            wireFormat: policy.handshakeFormat
        )
        let hasPath = set.requiresPath || request.forcesPath || renewsLeaf
        let result = try builder.build(
            entries,
            set,
            effect,
            template: hasPath ? template : nil,
            messageKey: signatureKey,
            keys: epoch.keys,
            preSharedKeys: preSharedKeys
        )
        let staged = StagedCommit(
            parent: epoch,
            next: result.next,
            sender: .member(ownLeaf),
            committerLeaf: ownLeaf,
            message: result.message.content,
            effect: effect,
            set: set,
            hasPath: hasPath,
            newSignatureKey: request.newSignatureKey
        )
        let welcome = try welcome(
            result,
            effect,
            set,
            extensions: request.groupInfoExtensions,
            signatureKey: request.newSignatureKey ?? signatureKey
        )
        let message = try protect(result.message).encoded
        pendingCommit = PendingCommit(message: message, staged: staged)
        return OutgoingCommit(message: message, welcome: welcome?.encoded, staged: staged)
    }

    /// What we add ourselves is current and not valid for too long; what others proposed is a matter of policy.
    private func requireCurrent(_ proposals: [Proposal], now: UInt64) throws(MLSError) {
        for case .add(let keyPackage) in proposals {
            try keyPackage.validate(suite: suite, now: now, longestLifetime: policy.longestLifetime)
        }
    }

    private func leafTemplate(
        _ request: CommitRequest,
        _ effect: ProposalSet.Effect
    ) throws(MLSError) -> LeafNode {
        var leaf = try effect.tree.requireLeaf(ownLeaf, .ownLeafMissing)
        if let capabilities = request.newCapabilities { leaf.capabilities = capabilities }
        if let extensions = request.newLeafExtensions {
            try extensions.requireUniqueTypes()
            leaf.extensions = extensions
        }
        if request.newCapabilities != nil || request.newLeafExtensions != nil {
            let rules = try LeafRules(suite: suite, groupID: groupID, extensions: effect.extensions)
            try LeafRules.validateForm(leaf, suite: suite)
            try rules.validateCapabilities(leaf)
        }
        return leaf
    }

    /// Stored proposals that can go into one commit together with a list (RFC 9420 §12.2).
    ///
    /// A removal goes before an update of the same member, a later proposal before an earlier one of the same kind.
    private func usableProposals(
        _ references: Set<[UInt8]>?,
        with list: [ResolvedProposal],
        now: UInt64
    ) throws(MLSError) -> [StoredProposal] {
        let candidates = proposals.filter { references?.contains($0.reference) ?? true }
        let others = candidates.filter { !$0.proposal.isReInit }
        if list.isEmpty, others.isEmpty { return candidates.last.map { [$0] } ?? [] }
        func fit(_ chosen: [StoredProposal]) -> Bool {
            let entries = chosen.map { ResolvedProposal($0.proposal, sender: $0.sender, isReference: true) }
            guard let set = try? ProposalSet(list + entries, committer: .member(ownLeaf)) else {
                return false
            }
            return (try? set.apply(to: tree, context: context, policy: policy, now: now)) != nil
        }
        // Mostly all are fine. If not, those that are not fine by themselves go first. Only what still is at odds has to be
        // tried one after the other, and nobody can make us do that with many.
        if fit(others) { return others }
        let sound = others.filter { fit([$0]) }
        if fit(sound) { return sound }
        let ordered = sound.filter(\.proposal.isRemoval) + sound.reversed().filter { !$0.proposal.isRemoval }
        var chosen: [StoredProposal] = []
        for stored in ordered.prefix(MLSLimits.proposalsAtOdds) where fit(chosen + [stored]) {
            chosen.append(stored)
        }
        // In the order in which they came.
        return sound.filter { (stored) in chosen.contains { $0.reference == stored.reference } }
    }

    /// Wraps a message of ours as policy says, with keys of the current epoch.
    package mutating func protect(_ message: AuthenticatedContent) throws(MLSError) -> MLSMessage {
        let framing = Framing(suite)
        guard message.wireFormat == .privateMessage else {
            return .publicMessage(
                try framing.publicMessage(message, context: context, membershipKey: epoch.membershipKey)
            )
        }
        let kind = SecretTree.Kind(message.content.content.kind)
        let key = try epoch.secretTree.nextKey(ownLeaf, kind)
        var random = SystemRandom()
        return .privateMessage(
            try framing.encrypt(
                message,
                sender: ownLeaf,
                key: key,
                reuseGuard: UInt32(truncatingIfNeeded: random.next()),
                padding: policy.padding,
                senderDataSecret: epoch.senderDataSecret
            )
        )
    }

    private func welcome(
        _ result: CommitBuilder.Result,
        _ effect: ProposalSet.Effect,
        _ set: ProposalSet,
        extensions: [Extension],
        signatureKey: SignatureKeyPair
    ) throws(MLSError) -> MLSMessage? {
        guard !effect.added.isEmpty else { return nil }
        let info = try result.next.encodedGroupInfo(
            extensions: extensions,
            withTree: policy.welcomesWithTree,
            withExternalKey: false,
            signatureKey: signatureKey
        )
        let secret = result.schedule.welcomeSecret
        let encrypted = try suite.seal(
            info,
            key: suite.expand(secret, "key", [], suite.keyLength),
            nonce: suite.expand(secret, "nonce", [], suite.nonceLength).copied(),
            additional: []
        )
        var secrets: [EncryptedGroupSecrets] = []
        for (leaf, keyPackage) in effect.added {
            let content = GroupSecrets(
                joinerSecret: result.schedule.joinerSecret,
                pathSecret: result.path?.pathSecret(sender: ownLeaf, receiver: leaf),
                preSharedKeys: set.preSharedKeys
            )
            secrets.append(
                EncryptedGroupSecrets(
                    newMember: try keyPackage.reference(suite),
                    encryptedGroupSecrets: try suite.encrypt(
                        content.encoded(suite),
                        label: Welcome.label,
                        context: encrypted,
                        to: keyPackage.initKey
                    )
                )
            )
        }
        return .welcome(
            Welcome(cipherSuite: suite.id.rawValue, secrets: secrets, encryptedGroupInfo: encrypted)
        )
    }
}

extension Welcome {
    static let label = Array("Welcome".utf8)
}

extension Proposal {
    var isRemoval: Bool {
        switch self {
        case .remove, .selfRemove: true
        default: false
        }
    }

    var isReInit: Bool {
        if case .reinit = self { return true }
        return false
    }
}

extension Epoch {
    /// The state of this epoch for somebody outside (RFC 9420 §12.4.3). With a large tree in it, most of the work is writing,
    /// so that is done once.
    func encodedGroupInfo(
        extensions: [Extension],
        withTree: Bool,
        withExternalKey: Bool,
        signatureKey: SignatureKeyPair
    ) throws(MLSError) -> [UInt8] {
        var extensions = extensions
        if withTree { extensions.append(Extension(type: Extension.ratchetTree, data: tree.encoded)) }
        if withExternalKey {
            var writer = ByteWriter()
            writer.writeOpaque(try suite.deriveKeyPair(externalSecret).publicKey)
            extensions.append(Extension(type: Extension.externalPub, data: writer.bytes))
        }
        try extensions.requireUniqueTypes()
        let info = GroupInfo(
            context: context,
            extensions: extensions,
            confirmationTag: confirmationTag,
            signer: ownLeaf,
            signature: []
        )
        var writer = ByteWriter()
        writer.reserve(extensions.reduce(1024) { $0 + $1.data.count })
        info.encodeUnsigned(to: &writer)
        writer.writeOpaque(try suite.sign(writer.bytes, "GroupInfoTBS", signatureKey))
        return writer.bytes
    }
}
