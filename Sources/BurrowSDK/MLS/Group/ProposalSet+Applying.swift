internal import BurrowCrypto

/// The effect of proposals on tree and context (RFC 9420 §12.3).
extension ProposalSet {
    /// What came of applying a set.
    struct Effect {
        var tree: RatchetTree
        var extensions: [Extension]
        /// The new members in the order of their proposals.
        var added: [(leaf: UInt32, keyPackage: KeyPackage)] = []
        var removed: [(leaf: UInt32, node: LeafNode)] = []
        var updated: [(leaf: UInt32, node: LeafNode)] = []
        /// Removals by the committer itself, which in an external commit are of the leaf it had before.
        var ownRemoves: [LeafNode] = []
    }

    /// Applies in the order of the RFC: extensions, updates, removals, additions. Every proposal is checked by itself on
    /// the way; `tree` and `context` are those of the epoch that ends.
    func apply(
        to tree: RatchetTree,
        context: GroupContext,
        policy: GroupPolicy,
        now: UInt64?
    ) throws(MLSError) -> Effect {
        var effect = Effect(tree: tree, extensions: contextExtensions ?? context.extensions)
        let rules = try LeafRules(
            suite: tree.suite,
            groupID: context.groupID,
            extensions: effect.extensions
        )
        for (leaf, node) in updates {
            let old = try tree.requireLeaf(leaf, .unknownSender)
            guard old.encryptionKey != node.encryptionKey else {
                throw MLSError(.updateKeyReused, "update of leaf \(leaf) keeps its key")
            }
            try Self.requireSuccessor(node.credential, of: old.credential, policy)
            try rules.validate(node, .update(leaf))
            try effect.tree.update(leaf, to: node)
        }
        effect.updated = updates
        for leaf in removes {
            let old = try tree.requireLeaf(leaf, .removeUnknownLeaf)
            if hasSelfRemove, !removesSupported(tree) {
                throw MLSError(.unsupportedProposal, "a member does not support SelfRemove")
            }
            effect.removed.append((leaf, old))
            if valueRemoves.contains(leaf) { effect.ownRemoves.append(old) }
            try effect.tree.remove(leaf)
        }
        for keyPackage in adds {
            try keyPackage.validate(
                suite: tree.suite,
                now: policy.checksReceivedLifetimes ? now : nil,
                longestLifetime: policy.longestLifetime
            )
            try rules.validateCapabilities(keyPackage.leafNode)
            let signatureKey = keyPackage.leafNode.signatureKey
            guard try !effect.tree.index.contains(signatureKey: signatureKey, tree.suite) else {
                throw MLSError(.duplicateAdd, "somebody is added who is a member already")
            }
            effect.added.append((try effect.tree.add(keyPackage.leafNode), keyPackage))
        }
        if let contextExtensions {
            try Self.requireSupport(contextExtensions, effect.tree)
        }
        try effect.tree.requireAgreementOnCredentials()
        for id in preSharedKeys where id.nonce.count != tree.suite.hashLength {
            throw MLSError(.invalidPSKNonce, "nonce of \(id.nonce.count) bytes")
        }
        return effect
    }

    private func removesSupported(_ tree: RatchetTree) -> Bool {
        tree.index.allSupport(proposal: Proposal.selfRemoveType)
    }

    /// Whether a member may change its credential to this one; without a policy only for the same.
    static func requireSuccessor(
        _ new: Credential,
        of old: Credential,
        _ policy: GroupPolicy
    ) throws(MLSError) {
        guard policy.allowsCredentialChange || new == old else {
            throw MLSError(.credentialRejected, "member changes its credential")
        }
    }

    /// New extensions of the context: everybody knows them and has what they require (RFC 9420 §12.1.7).
    private static func requireSupport(_ extensions: [Extension], _ tree: RatchetTree) throws(MLSError) {
        for entry in extensions where !tree.index.allSupport(extension: entry.type) {
            throw MLSError(.unsupportedExtension, "a member does not support extension \(entry.type)")
        }
        _ = try extensions.externalSenders()
        guard let required = try extensions.requiredCapabilities() else { return }
        for type in required.extensions where !tree.index.allSupport(extension: type) {
            throw MLSError(.missingRequiredCapability, "a member does not support extension \(type)")
        }
        for type in required.proposals where !tree.index.allSupport(proposal: type) {
            throw MLSError(.missingRequiredCapability, "a member does not support proposal \(type)")
        }
        for type in required.credentials where !tree.index.allSupport(credential: type) {
            throw MLSError(.missingRequiredCapability, "a member does not support credential \(type)")
        }
    }
}
