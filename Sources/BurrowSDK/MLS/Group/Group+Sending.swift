internal import BurrowBase
internal import BurrowCrypto

/// Sending of what is no commit (RFC 9420 §6.3, §12.1).
extension Group {
    /// Encrypts application data, as an MLSMessage. Store the group before the message gets out: its key is used up.
    package mutating func seal(
        _ data: [UInt8],
        authenticatedData: [UInt8] = []
    ) throws(MLSError) -> [UInt8] {
        try requireActive()
        guard policy.sendsBeforeCommitting || proposals.isEmpty else {
            throw MLSError(.pendingProposals, "proposals wait for a commit")
        }
        let message = try sign(.application(data), authenticatedData, .privateMessage)
        return try protect(message).encoded
    }

    /// Signs content of ours for the current epoch. Nothing is checked; `propose`, `commit` and `seal` do that.
    package func sign(
        _ content: Content,
        _ authenticatedData: [UInt8],
        _ wireFormat: WireFormat
    ) throws(MLSError) -> AuthenticatedContent {
        let framed = FramedContent(
            groupID: groupID,
            epoch: epochNumber,
            sender: .member(ownLeaf),
            authenticatedData: authenticatedData,
            content: content
        )
        let signature = try Framing(suite).sign(framed, wireFormat, context: context, key: signatureKey)
        return AuthenticatedContent(
            wireFormat: wireFormat,
            content: framed,
            authentication: ContentAuthentication(signature: signature, confirmationTag: nil)
        )
    }

    /// Proposes a change, as an MLSMessage. A SelfRemove goes in the clear, because somebody who joins by an external commit
    /// has to take it up.
    package mutating func propose(
        _ proposal: Proposal,
        authenticatedData: [UInt8] = [],
        wireFormat: WireFormat? = nil
    ) throws(MLSError) -> [UInt8] {
        try requireActive()
        switch proposal {
        case .externalInit: throw MLSError(.unexpectedExternalInit, "members do not join")
        case .update(let leaf):
            guard pendingUpdates[leaf.encryptionKey] != nil else {
                throw MLSError(.invalidArgument, "update whose private key is not here")
            }
        default: break
        }
        let format = wireFormat ?? (proposal == .selfRemove ? .publicMessage : policy.handshakeFormat)
        let message = try sign(.proposal(proposal), authenticatedData, format)
        _ = try store(proposal, .member(ownLeaf), message)
        return try protect(message).encoded
    }

    /// Proposes new keys for ourselves, which somebody else's commit puts in place.
    package mutating func proposeUpdate(
        newSignatureKey: SignatureKeyPair? = nil,
        authenticatedData: [UInt8] = []
    ) throws(MLSError) -> [UInt8] {
        try requireActive()
        let pair = try suite.generateEncryptionKey()
        let signer = newSignatureKey ?? signatureKey
        var leaf = try tree.requireLeaf(ownLeaf, .ownLeafMissing)
        leaf.encryptionKey = pair.publicKey
        leaf.signatureKey = signer.publicKey
        leaf.source = .update
        try leaf.sign(suite, signer, groupID: groupID, index: ownLeaf)
        pendingUpdates[pair.publicKey] = PendingUpdate(encryptionKey: pair, signatureKey: signer)
        return try propose(.update(leaf), authenticatedData: authenticatedData)
    }

    /// A proposal to use a pre-shared key in the next epoch, with a fresh nonce.
    package func preSharedKeyProposal(_ kind: PreSharedKeyID.Kind) throws(MLSError) -> Proposal {
        .preSharedKey(PreSharedKeyID(kind: kind, nonce: try suite.randomSecret().copied()))
    }

    /// The state of the current epoch, signed, as an MLSMessage: for those who join by an external commit.
    package func groupInfo(
        withTree: Bool = true,
        withExternalKey: Bool = true,
        extensions: [Extension] = []
    ) throws(MLSError) -> [UInt8] {
        try requireActive()
        var writer = ByteWriter()
        writer.writeUInt16(ProtocolVersion.mls10)
        writer.writeUInt16(WireFormat.groupInfo.rawValue)
        writer.writeBytes(
            try epoch.encodedGroupInfo(
                extensions: extensions,
                withTree: withTree,
                withExternalKey: withExternalKey,
                signatureKey: signatureKey
            )
        )
        return writer.bytes
    }
}
