internal import BurrowCrypto

/// Checking the commit of somebody else (RFC 9420 §12.4.2).
extension Group {
    /// Looks up the proposals that a commit names, in its order.
    func resolve(_ commit: Commit, committer: Sender) throws(MLSError) -> [ResolvedProposal] {
        var positions: [[UInt8]: Int] = [:]
        for (position, stored) in proposals.enumerated() { positions[stored.reference] = position }
        var list: [ResolvedProposal] = []
        for entry in commit.proposals {
            switch entry {
            case .proposal(let proposal):
                list.append(ResolvedProposal(proposal, sender: committer, isReference: false))
            case .reference(let reference):
                guard let position = positions[reference] else {
                    throw MLSError(.proposalNotFound, "commit names a proposal that is not known")
                }
                let stored = proposals[position]
                list.append(ResolvedProposal(stored.proposal, sender: stored.sender, isReference: true))
            }
        }
        return list
    }

    func stage(
        _ commit: Commit,
        _ message: AuthenticatedContent,
        now: UInt64
    ) throws(MLSError) -> StagedCommit {
        let sender = message.content.sender
        let committer: ProposalSet.Committer
        switch sender {
        case .member(let leaf): committer = .member(leaf)
        case .newMemberCommit: committer = .newMember
        case .external, .newMemberProposal:
            throw MLSError(.senderNotAllowed, "commit from somebody who is no member")
        }
        guard let confirmationTag = message.authentication.confirmationTag, !confirmationTag.isEmpty else {
            throw MLSError(.missingConfirmationTag, "commit without confirmation tag")
        }
        let set = try ProposalSet(resolve(commit, committer: sender), committer: committer)
        var effect = try set.apply(to: tree, context: context, policy: policy, now: now)
        guard commit.path != nil || !set.requiresPath else {
            throw MLSError(.pathRequired, "commit without a path")
        }
        let committerLeaf = try prepareCommitter(committer, commit.path, &effect)
        guard !effect.removed.contains(where: { $0.leaf == ownLeaf }) else {
            return StagedCommit(
                parent: epoch,
                next: nil,
                sender: sender,
                committerLeaf: committerLeaf,
                message: message.content,
                effect: effect,
                set: set,
                hasPath: commit.path != nil
            )
        }

        var keys = Epoch.keys(epoch.keys, in: effect.tree)
        for (leaf, node) in effect.updated where leaf == ownLeaf {
            guard let update = pendingUpdates[node.encryptionKey] else {
                throw MLSError(.proposalNotFound, "private key of our update is gone")
            }
            keys[leaf << 1] = update.encryptionKey
        }
        var provisional = context
        provisional.epoch = try context.nextEpoch()
        provisional.extensions = effect.extensions
        var commitSecret = try suite.zeros()
        if let path = commit.path {
            let receiver = PathReceiver(
                suite: suite,
                sender: committerLeaf,
                own: ownLeaf,
                added: effect.added.map(\.leaf)
            )
            commitSecret = try receiver.receive(path, tree: &effect.tree, context: &provisional, keys: &keys)
            // The committer's leaf is another one now.
            try effect.tree.requireAgreementOnCredentials()
        } else {
            provisional.treeHash = try effect.tree.treeHash()
        }
        var initSecret = epoch.initSecret
        if let kemOutput = set.externalInit {
            let pair = try suite.deriveKeyPair(epoch.externalSecret)
            initSecret = try suite.exportExternalInit(kemOutput, with: pair)
        }
        provisional.confirmedTranscriptHash = try Transcript.confirmedHash(
            interim: epoch.interimTranscriptHash,
            message,
            suite: suite
        )
        let schedule = try KeySchedule(
            initSecret: initSecret,
            commitSecret: commitSecret,
            pskSecret: preSharedKeys.secret(set.preSharedKeys, suite: suite),
            context: provisional,
            suite: suite
        )
        let isConfirmed = try suite.isAuthentic(
            confirmationTag,
            provisional.confirmedTranscriptHash,
            key: schedule.secrets.confirmation
        )
        guard isConfirmed else {
            throw MLSError(.confirmationTagMismatch, "confirmation tag does not match")
        }
        let next = try Epoch(
            suite: suite,
            context: provisional,
            tree: effect.tree,
            ownLeaf: ownLeaf,
            keys: keys,
            confirmationTag: confirmationTag,
            secrets: schedule.secrets
        )
        return StagedCommit(
            parent: epoch,
            next: next,
            sender: sender,
            committerLeaf: committerLeaf,
            message: message.content,
            effect: effect,
            set: set,
            hasPath: commit.path != nil
        )
    }

    /// Checks the leaf that the committer brings, and gives one who joins by this commit its place.
    private func prepareCommitter(
        _ committer: ProposalSet.Committer,
        _ path: UpdatePath?,
        _ effect: inout ProposalSet.Effect
    ) throws(MLSError) -> UInt32 {
        let rules = try LeafRules(suite: suite, groupID: groupID, extensions: effect.extensions)
        switch committer {
        case .member(let leaf):
            guard let path else { return leaf }
            let old = try effect.tree.requireLeaf(leaf, .unknownSender)
            guard old.encryptionKey != path.leafNode.encryptionKey else {
                throw MLSError(.pathKeyReused, "committer keeps its key")
            }
            try ProposalSet.requireSuccessor(path.leafNode.credential, of: old.credential, policy)
            try rules.validate(path.leafNode, .commit(leaf))
            return leaf
        case .newMember:
            guard let path else { throw MLSError(.pathRequired, "external commit without a path") }
            for node in effect.ownRemoves {
                try ProposalSet.requireSuccessor(path.leafNode.credential, of: node.credential, policy)
            }
            let leaf = try effect.tree.add(path.leafNode)
            try rules.validate(path.leafNode, .commit(leaf))
            try effect.tree.requireAgreementOnCredentials()
            return leaf
        }
    }
}

extension GroupContext {
    func nextEpoch() throws(MLSError) -> UInt64 {
        let (next, overflow) = epoch.addingReportingOverflow(1)
        guard !overflow else { throw MLSError(.limit, "group has no epoch left") }
        return next
    }
}

extension StagedCommit {
    init(
        parent: Epoch,
        next: Epoch?,
        sender: Sender,
        committerLeaf: UInt32,
        message: FramedContent,
        effect: ProposalSet.Effect,
        set: ProposalSet,
        hasPath: Bool,
        newSignatureKey: SignatureKeyPair? = nil
    ) {
        self.next = next
        parentTranscriptHash = parent.interimTranscriptHash
        self.newSignatureKey = newSignatureKey
        // Wraps only in an epoch that nothing can follow, where there is no staged commit but of our removal.
        epoch = parent.context.epoch &+ 1
        committer = sender
        self.committerLeaf = committerLeaf
        authenticatedData = message.authenticatedData
        added = effect.added.map { ($0.leaf, $0.keyPackage.leafNode) }
        removed = effect.removed
        updated = effect.updated
        self.hasPath = hasPath
        extensions = effect.extensions
        changesExtensions = set.contextExtensions != nil
        reinit = set.reinit
        proposalTypes = set.types
    }
}
