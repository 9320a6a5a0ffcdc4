internal import BurrowCrypto

/// Makes a commit from checked proposals, for a member and for somebody who joins by it (RFC 9420 §12.4.1).
struct CommitBuilder {
    let suite: CipherSuite
    /// Of the epoch that ends.
    let context: GroupContext
    let interimTranscriptHash: [UInt8]
    let initSecret: Secret
    let sender: Sender
    let leaf: UInt32
    /// Of the leaf that the path brings.
    let signatureKey: SignatureKeyPair
    let authenticatedData: [UInt8]
    let wireFormat: WireFormat

    struct Result {
        let message: AuthenticatedContent
        let next: Epoch
        let schedule: KeySchedule
        let path: PathSender.Result?
    }

    /// `template` is our leaf; with `nil` there is no path. The message is signed with `messageKey`, the one that others
    /// know us by until now.
    func build(
        _ proposals: [ProposalOrRef],
        _ set: ProposalSet,
        _ effect: ProposalSet.Effect,
        template: LeafNode?,
        messageKey: SignatureKeyPair,
        keys oldKeys: [UInt32: EncryptionKeyPair],
        preSharedKeys: PreSharedKeys
    ) throws(MLSError) -> Result {
        var tree = effect.tree
        var provisional = context
        provisional.epoch = try context.nextEpoch()
        provisional.extensions = effect.extensions
        var path: PathSender.Result?
        var keys = oldKeys
        if let template {
            let result = try PathSender(suite: suite, leaf: leaf, signatureKey: signatureKey).send(
                template,
                tree: &tree,
                context: &provisional,
                added: effect.added.map(\.leaf)
            )
            try tree.requireAgreementOnCredentials()
            keys.merge(result.keys) { (_, new) in new }
            path = result
        } else {
            provisional.treeHash = try tree.treeHash()
        }
        keys = Epoch.keys(keys, in: tree)

        let content = FramedContent(
            groupID: context.groupID,
            epoch: context.epoch,
            sender: sender,
            authenticatedData: authenticatedData,
            content: .commit(Commit(proposals: proposals, path: path?.path))
        )
        let signature = try Framing(suite).sign(content, wireFormat, context: context, key: messageKey)
        let unconfirmed = AuthenticatedContent(
            wireFormat: wireFormat,
            content: content,
            authentication: ContentAuthentication(signature: signature, confirmationTag: nil)
        )
        provisional.confirmedTranscriptHash = try Transcript.confirmedHash(
            interim: interimTranscriptHash,
            unconfirmed,
            suite: suite
        )
        let commitSecret = if let path { path.commitSecret } else { try suite.zeros() }
        let schedule = try KeySchedule(
            initSecret: initSecret,
            commitSecret: commitSecret,
            pskSecret: preSharedKeys.secret(set.preSharedKeys, suite: suite),
            context: provisional,
            suite: suite
        )
        let tag = try suite.authenticate(
            provisional.confirmedTranscriptHash,
            key: schedule.secrets.confirmation
        )
        let next = try Epoch(
            suite: suite,
            context: provisional,
            tree: tree,
            ownLeaf: leaf,
            keys: keys,
            confirmationTag: tag,
            secrets: schedule.secrets
        )
        let message = AuthenticatedContent(
            wireFormat: wireFormat,
            content: content,
            authentication: ContentAuthentication(signature: signature, confirmationTag: tag)
        )
        return Result(message: message, next: next, schedule: schedule, path: path)
    }
}
