internal import BurrowCrypto

/// Application data that a member sent.
package struct ApplicationMessage {
    package let epoch: UInt64
    package let sender: UInt32
    /// The sender as it was in the message's epoch; indices are used again.
    package let senderNode: LeafNode
    package let authenticatedData: [UInt8]
    package let data: [UInt8]
}

/// What a message turned out to be.
package enum ReceivedMessage {
    case application(ApplicationMessage)
    /// It is kept for the next commit.
    case proposal(Group.StoredProposal)
    /// To be looked at, then merged or left.
    case commit(StagedCommit)
    /// Our own commit came back, so it is accepted: `mergePendingCommit` is next.
    case ownCommit
}

/// Receiving (RFC 9420 §6, §12.4.2, §15).
extension Group {
    /// Takes in a PublicMessage or PrivateMessage, as an MLSMessage. A failure changes nothing but that the key of application
    /// data which could be decrypted is used up.
    package mutating func process(_ message: [UInt8], now: UInt64) throws(MLSError) -> ReceivedMessage {
        try requireMember()
        if let pendingCommit, pendingCommit.message == message { return .ownCommit }
        switch try MLSMessage(decoding: message) {
        case .publicMessage(let message): return try process(message, now: now)
        case .privateMessage(let message): return try process(message, now: now)
        case .welcome, .groupInfo, .keyPackage:
            throw MLSError(.wireFormatRefused, "message is not for a group")
        }
    }

    private func requireGroup(_ groupID: [UInt8]) throws(MLSError) {
        guard groupID == self.groupID else { throw MLSError(.wrongGroup, "message of another group") }
    }

    private func requireCurrent(_ epoch: UInt64) throws(MLSError) {
        guard epoch <= epochNumber else {
            throw MLSError(.futureEpoch, "message of epoch \(epoch) in epoch \(epochNumber)")
        }
        guard epoch == epochNumber else {
            throw MLSError(.staleEpoch, "message of epoch \(epoch) in epoch \(epochNumber)")
        }
    }

    private mutating func process(_ message: PublicMessage, now: UInt64) throws(MLSError) -> ReceivedMessage {
        try requireGroup(message.content.groupID)
        try requireCurrent(message.content.epoch)
        if case .member(let leaf) = message.content.sender {
            guard policy.acceptsPublicHandshakes else {
                throw MLSError(.wireFormatRefused, "member's handshake message in the clear")
            }
            guard leaf != ownLeaf else { throw MLSError(.ownMessage, "our own message") }
        }
        let framing = Framing(suite)
        try framing.verifyMembership(message, context: context, membershipKey: epoch.membershipKey)
        let authenticated = message.authenticated
        try verifySignature(authenticated, framing)
        return try processHandshake(authenticated, now: now)
    }

    private mutating func process(
        _ message: PrivateMessage,
        now: UInt64
    ) throws(MLSError) -> ReceivedMessage {
        try requireGroup(message.groupID)
        if message.contentType == .application {
            forgetPastEpochs(now: now)
            return .application(try openApplication(message))
        }
        try requireCurrent(message.epoch)
        guard policy.acceptsPrivateHandshakes else {
            throw MLSError(.wireFormatRefused, "encrypted handshake message")
        }
        let framing = Framing(suite)
        let tree = epoch.tree
        let own = ownLeaf
        let opened = try framing.decrypt(
            message,
            secretTree: &epoch.secretTree,
            window: policy.window,
            senderDataSecret: epoch.senderDataSecret
        ) { (leaf) throws(MLSError) in
            _ = try tree.requireLeaf(leaf, .unknownSender)
            guard leaf != own else { throw MLSError(.ownMessage, "our own message") }
        }
        let authenticated = try framing.content(opened, of: message)
        try verifySignature(authenticated, framing)
        let received = try processHandshake(authenticated, now: now)
        // Not before: a commit may be refused because of something that can be had, and come again.
        epoch.secretTree.keep(opened.attempt, window: policy.window)
        return received
    }

    private mutating func openApplication(_ message: PrivateMessage) throws(MLSError) -> ApplicationMessage {
        guard message.epoch <= epochNumber else {
            throw MLSError(.futureEpoch, "message of epoch \(message.epoch) in epoch \(epochNumber)")
        }
        guard message.epoch != epochNumber else {
            let own = ownLeaf
            return try Self.openApplication(
                message,
                context: epoch.context,
                tree: epoch.tree,
                secretTree: &epoch.secretTree,
                senderDataSecret: epoch.senderDataSecret,
                window: policy.window,
                own: own,
                suite: suite
            )
        }
        guard let index = pastEpochs.lastIndex(where: { $0.context.epoch == message.epoch }) else {
            throw MLSError(.staleEpoch, "message of epoch \(message.epoch) in epoch \(epochNumber)")
        }
        let past = pastEpochs[index]
        return try Self.openApplication(
            message,
            context: past.context,
            tree: past.tree,
            secretTree: &pastEpochs[index].secretTree,
            senderDataSecret: past.senderDataSecret,
            window: policy.window,
            own: ownLeaf,
            suite: suite
        )
    }

    private static func openApplication(
        _ message: PrivateMessage,
        context: GroupContext,
        tree: RatchetTree,
        secretTree: inout SecretTree,
        senderDataSecret: Secret,
        window: RatchetWindow,
        own: UInt32,
        suite: CipherSuite
    ) throws(MLSError) -> ApplicationMessage {
        let framing = Framing(suite)
        let authenticated = try framing.open(
            message,
            secretTree: &secretTree,
            window: window,
            senderDataSecret: senderDataSecret
        ) { (leaf) throws(MLSError) in
            _ = try tree.requireLeaf(leaf, .unknownSender)
            guard leaf != own else { throw MLSError(.ownMessage, "our own message") }
        }
        guard case .member(let leaf) = authenticated.content.sender,
            case .application(let data) = authenticated.content.content
        else { throw MLSError(.senderNotAllowed, "application data not from a member") }
        let node = try tree.requireLeaf(leaf, .unknownSender)
        guard try framing.isSigned(authenticated, context: context, by: node.signatureKey) else {
            throw MLSError(.invalidSignature, "signature does not match")
        }
        return ApplicationMessage(
            epoch: message.epoch,
            sender: leaf,
            senderNode: node,
            authenticatedData: authenticated.content.authenticatedData,
            data: data
        )
    }

    /// Finds the key of whoever claims to be the sender and checks the signature (RFC 9420 §6.1).
    private func verifySignature(_ message: AuthenticatedContent, _ framing: Framing) throws(MLSError) {
        let key: [UInt8]
        switch (message.content.sender, message.content.content) {
        case (.member(let leaf), _): key = try tree.requireLeaf(leaf, .unknownSender).signatureKey
        case (.external(let index), .proposal):
            let senders = try context.extensions.externalSenders()
            guard let position = Int(exactly: index), position < senders.count else {
                throw MLSError(.unknownSender, "external sender \(index) is not known")
            }
            key = senders[position].signatureKey
        case (.newMemberProposal, .proposal(.add(let keyPackage))): key = keyPackage.leafNode.signatureKey
        case (.newMemberCommit, .commit(let commit)):
            guard policy.acceptsExternalCommits else {
                throw MLSError(.externalJoinRefused, "group does not let others join by themselves")
            }
            guard let path = commit.path else {
                throw MLSError(.pathRequired, "external commit without a path")
            }
            key = path.leafNode.signatureKey
        default: throw MLSError(.senderNotAllowed, "sender that may not send this")
        }
        guard try framing.isSigned(message, context: context, by: key) else {
            throw MLSError(.invalidSignature, "signature does not match")
        }
    }

    private mutating func processHandshake(
        _ message: AuthenticatedContent,
        now: UInt64
    ) throws(MLSError) -> ReceivedMessage {
        try requireActive()
        switch message.content.content {
        case .application: throw MLSError(.applicationInPublicMessage, "application data in a public message")
        case .proposal(let proposal): return .proposal(try store(proposal, message))
        case .commit(let commit): return .commit(try stage(commit, message, now: now))
        }
    }

    private mutating func store(
        _ proposal: Proposal,
        _ message: AuthenticatedContent
    ) throws(MLSError) -> StoredProposal {
        let sender = message.content.sender
        try ProposalSet.requireAllowed(ResolvedProposal(proposal, sender: sender, isReference: true))
        return try store(proposal, sender, message)
    }

    /// Keeps a proposal under its reference. The list of a commit is judged as a whole later.
    mutating func store(
        _ proposal: Proposal,
        _ sender: Sender,
        _ message: AuthenticatedContent
    ) throws(MLSError) -> StoredProposal {
        let reference = try suite.referenceHash("MLS 1.0 Proposal Reference", message.encoded)
        let stored = StoredProposal(reference: reference, proposal: proposal, sender: sender)
        guard !proposals.contains(where: { $0.reference == reference }) else { return stored }
        guard proposals.count < MLSLimits.storedProposals else {
            throw MLSError(.limit, "too many proposals wait for a commit")
        }
        proposals.append(stored)
        return stored
    }
}
