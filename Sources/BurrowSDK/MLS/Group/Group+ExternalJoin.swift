internal import BurrowCrypto

/// Joining without an invitation (RFC 9420 §12.4.3.2).
extension Group {
    /// A commit that makes its sender a member.
    package struct ExternalJoin {
        /// As it will be once the group has taken the commit.
        package let group: Group
        /// An MLSMessage.
        package let commit: [UInt8]
    }

    /// Makes the commit. `replacing` is a leaf that was ours and that we have lost the keys of; `selfRemoves` are messages
    /// of members who leave, which the commit takes up.
    package static func join(
        _ info: GroupInfo,
        _ identity: MemberIdentity,
        replacing oldLeaf: UInt32? = nil,
        selfRemoves: [PublicMessage] = [],
        pskProposals: [PreSharedKeyID] = [],
        authenticatedData: [UInt8] = [],
        options: JoinOptions = JoinOptions(),
        now: UInt64,
        suite: CipherSuite
    ) throws(MLSError) -> ExternalJoin {
        guard !options.knownGroups.contains(info.context.groupID) else {
            throw MLSError(.groupAlreadyExists, "we are in this group already")
        }
        let tree = try info.validatedTree(
            options.ratchetTree,
            suite: suite,
            now: options.policy.checksReceivedLifetimes ? now : nil
        )
        let (kemOutput, initSecret) = try suite.exportExternalInit(to: info.externalKey())
        var proposals: [Proposal] = [.externalInit(kemOutput: kemOutput)]
        if let oldLeaf {
            let old = try tree.requireLeaf(oldLeaf, .removeUnknownLeaf)
            try ProposalSet.requireSuccessor(identity.credential, of: old.credential, options.policy)
            proposals.append(.remove(oldLeaf))
        }
        proposals += pskProposals.map { .preSharedKey($0) }
        var list = proposals.map { ResolvedProposal($0, sender: .newMemberCommit, isReference: false) }
        var entries = proposals.map { ProposalOrRef.proposal($0) }
        for message in selfRemoves {
            list.append(try selfRemove(message, info.context, tree))
            let encoded = message.authenticated.encoded
            entries.append(.reference(try suite.referenceHash("MLS 1.0 Proposal Reference", encoded)))
        }
        let set = try ProposalSet(list, committer: .newMember)
        var effect = try set.apply(to: tree, context: info.context, policy: options.policy, now: now)
        let template = identity.leaf(
            encryptionKey: try suite.generateEncryptionKey().publicKey,
            source: .commit(parentHash: [])
        )
        try LeafRules.validateForm(template, suite: suite)
        try LeafRules(suite: suite, groupID: info.context.groupID, extensions: info.context.extensions)
            .validateCapabilities(template)
        let leaf = try effect.tree.add(template)
        try effect.tree.requireAgreementOnCredentials()
        let builder = CommitBuilder(
            suite: suite,
            context: info.context,
            interimTranscriptHash: try Transcript.interimHash(
                confirmed: info.context.confirmedTranscriptHash,
                confirmationTag: info.confirmationTag,
                suite: suite
            ),
            initSecret: initSecret,
            sender: .newMemberCommit,
            leaf: leaf,
            signatureKey: identity.signatureKey,
            authenticatedData: authenticatedData,
            wireFormat: .publicMessage
        )
        let result = try builder.build(
            entries,
            set,
            effect,
            template: template,
            messageKey: identity.signatureKey,
            keys: [:],
            preSharedKeys: options.preSharedKeys
        )
        let message = PublicMessage(
            content: result.message.content,
            authentication: result.message.authentication,
            membershipTag: nil
        )
        let group = Group(
            epoch: result.next,
            signatureKey: identity.signatureKey,
            policy: options.policy,
            preSharedKeys: options.preSharedKeys
        )
        return ExternalJoin(group: group, commit: MLSMessage.publicMessage(message).encoded)
    }

    /// A member's SelfRemove as somebody outside can check it: by its signature, not by the membership tag.
    private static func selfRemove(
        _ message: PublicMessage,
        _ context: GroupContext,
        _ tree: RatchetTree
    ) throws(MLSError) -> ResolvedProposal {
        let content = message.content
        guard content.groupID == context.groupID else {
            throw MLSError(.wrongGroup, "SelfRemove of another group")
        }
        guard content.epoch == context.epoch else {
            throw MLSError(.staleEpoch, "SelfRemove of another epoch")
        }
        guard case .member(let leaf) = content.sender, case .proposal(.selfRemove) = content.content else {
            throw MLSError(.invalidExternalCommit, "message is no SelfRemove")
        }
        let key = try tree.requireLeaf(leaf, .unknownSender).signatureKey
        guard try Framing(tree.suite).isSigned(message.authenticated, context: context, by: key) else {
            throw MLSError(.invalidSignature, "signature of the SelfRemove does not match")
        }
        return ResolvedProposal(.selfRemove, sender: content.sender, isReference: true)
    }

    // MARK: Proposals of outsiders (RFC 9420 §12.1.8)

    /// Asks to be added.
    package static func proposeJoining(
        _ bundle: KeyPackageBundle,
        to groupID: [UInt8],
        epoch: UInt64,
        suite: CipherSuite
    ) throws(MLSError) -> [UInt8] {
        try outsiderProposal(
            .add(bundle.keyPackage),
            .newMemberProposal,
            groupID,
            epoch,
            bundle.signatureKey,
            suite
        )
    }

    /// A proposal of an external sender, by its index in the group's list.
    package static func propose(
        _ proposal: Proposal,
        asExternalSender index: UInt32,
        to groupID: [UInt8],
        epoch: UInt64,
        signatureKey: SignatureKeyPair,
        suite: CipherSuite
    ) throws(MLSError) -> [UInt8] {
        try outsiderProposal(proposal, .external(index), groupID, epoch, signatureKey, suite)
    }

    private static func outsiderProposal(
        _ proposal: Proposal,
        _ sender: Sender,
        _ groupID: [UInt8],
        _ epoch: UInt64,
        _ key: SignatureKeyPair,
        _ suite: CipherSuite
    ) throws(MLSError) -> [UInt8] {
        try ProposalSet.requireAllowed(ResolvedProposal(proposal, sender: sender, isReference: true))
        let content = FramedContent(
            groupID: groupID,
            epoch: epoch,
            sender: sender,
            authenticatedData: [],
            content: .proposal(proposal)
        )
        // Outsiders do not sign the context, so any will do.
        let context = GroupContext(
            cipherSuite: suite.id.rawValue,
            groupID: groupID,
            epoch: epoch,
            treeHash: [],
            confirmedTranscriptHash: [],
            extensions: []
        )
        let signature = try Framing(suite).sign(content, .publicMessage, context: context, key: key)
        let message = PublicMessage(
            content: content,
            authentication: ContentAuthentication(signature: signature, confirmationTag: nil),
            membershipTag: nil
        )
        return MLSMessage.publicMessage(message).encoded
    }
}
