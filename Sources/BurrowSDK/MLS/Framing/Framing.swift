internal import BurrowBase
package import BurrowCrypto

/// Signing, encrypting and opening of messages of one epoch (RFC 9420 §6).
///
/// It knows nothing of the group's rules: whether sender and content fit is decided above.
package struct Framing {
    let suite: CipherSuite

    package init(_ suite: CipherSuite) {
        self.suite = suite
    }

    /// Signs content. A commit gets its confirmation tag later, which the signature does not cover.
    package func sign(
        _ content: FramedContent,
        _ wireFormat: WireFormat,
        context: GroupContext,
        key: SignatureKeyPair
    ) throws(MLSError) -> [UInt8] {
        try suite.sign(content.toBeSigned(wireFormat, context: context), "FramedContentTBS", key)
    }

    package func isSigned(
        _ message: AuthenticatedContent,
        context: GroupContext,
        by signatureKey: [UInt8]
    ) throws(MLSError) -> Bool {
        try suite.isSigned(
            message.content.toBeSigned(message.wireFormat, context: context),
            "FramedContentTBS",
            message.authentication.signature,
            by: signatureKey
        )
    }

    package func publicMessage(
        _ message: AuthenticatedContent,
        context: GroupContext,
        membershipKey: Secret
    ) throws(MLSError) -> PublicMessage {
        if case .application = message.content.content {
            throw MLSError(.applicationInPublicMessage, "application data is always encrypted")
        }
        let untagged = PublicMessage(
            content: message.content,
            authentication: message.authentication,
            membershipTag: nil
        )
        guard case .member = message.content.sender else { return untagged }
        return PublicMessage(
            content: message.content,
            authentication: message.authentication,
            membershipTag: try suite.authenticate(
                untagged.membershipInput(context: context),
                key: membershipKey
            )
        )
    }

    /// Checks what makes a public message one of this group; its signature is checked by `isSigned`.
    package func verifyMembership(
        _ message: PublicMessage,
        context: GroupContext,
        membershipKey: Secret
    ) throws(MLSError) {
        if case .application = message.content.content {
            throw MLSError(.applicationInPublicMessage, "application data in a public message")
        }
        guard case .member = message.content.sender else { return }
        guard let tag = message.membershipTag,
            try suite.isAuthentic(tag, message.membershipInput(context: context), key: membershipKey)
        else { throw MLSError(.invalidMembershipTag, "membership tag does not match") }
    }

    /// The additional data of the content's encryption (RFC 9420 §6.3.1).
    private func contentAdditional(_ groupID: [UInt8], _ epoch: UInt64, _ kind: Content.Kind, _ data: [UInt8])
        -> [UInt8]
    {
        var writer = ByteWriter()
        writer.writeOpaque(groupID)
        writer.writeUInt64(epoch)
        writer.writeUInt8(kind.rawValue)
        writer.writeOpaque(data)
        return writer.bytes
    }

    /// The additional data of the sender data's encryption (RFC 9420 §6.3.2).
    private func senderAdditional(_ groupID: [UInt8], _ epoch: UInt64, _ kind: Content.Kind) -> [UInt8] {
        var writer = ByteWriter()
        writer.writeOpaque(groupID)
        writer.writeUInt64(epoch)
        writer.writeUInt8(kind.rawValue)
        return writer.bytes
    }

    /// The nonce with its first bytes changed by the reuse guard (RFC 9420 §6.3.1).
    private func guarded(_ nonce: [UInt8], _ reuseGuard: [UInt8]) -> [UInt8] {
        var nonce = nonce
        for (index, byte) in reuseGuard.enumerated() where index < nonce.count { nonce[index] ^= byte }
        return nonce
    }

    /// Encrypts a member's message with a key of its ratchet.
    package func encrypt(
        _ message: AuthenticatedContent,
        sender leaf: UInt32,
        key: MessageKey,
        reuseGuard: UInt32,
        padding: PaddingPolicy,
        senderDataSecret: Secret
    ) throws(MLSError) -> PrivateMessage {
        let content = message.content
        let kind = content.content.kind
        var plaintext = ByteWriter()
        content.content.encode(to: &plaintext)
        message.authentication.encode(to: &plaintext)
        plaintext.writeBytes(padding.bytes(after: plaintext.bytes.count))
        var guardWriter = ByteWriter()
        guardWriter.writeUInt32(reuseGuard)
        let ciphertext = try suite.seal(
            plaintext.bytes,
            key: key.key,
            nonce: guarded(key.nonce, guardWriter.bytes),
            additional: contentAdditional(
                content.groupID,
                content.epoch,
                kind,
                content.authenticatedData
            )
        )
        let senderKey = try SecretTree.senderDataKey(senderDataSecret, ciphertext: ciphertext, suite: suite)
        let senderData = SenderData(leaf: leaf, generation: key.generation, reuseGuard: guardWriter.bytes)
        return PrivateMessage(
            groupID: content.groupID,
            epoch: content.epoch,
            contentType: kind,
            authenticatedData: content.authenticatedData,
            encryptedSenderData: try suite.seal(
                senderData.encoded,
                key: senderKey.key,
                nonce: senderKey.nonce,
                additional: senderAdditional(content.groupID, content.epoch, kind)
            ),
            ciphertext: ciphertext
        )
    }

    /// Who sent a private message, and with which key.
    func senderData(
        of message: PrivateMessage,
        senderDataSecret: Secret
    ) throws(MLSError) -> SenderData {
        let senderKey = try SecretTree.senderDataKey(
            senderDataSecret,
            ciphertext: message.ciphertext,
            suite: suite
        )
        let opened = try suite.open(
            message.encryptedSenderData,
            key: senderKey.key,
            nonce: senderKey.nonce,
            additional: senderAdditional(message.groupID, message.epoch, message.contentType)
        )
        guard let opened, opened.count == SenderData.byteCount else {
            throw MLSError(.senderDataInvalid, "sender data is not authentic")
        }
        return try SenderData(decoding: opened)
    }

    /// Opens the content with the key that the sender data names.
    func decrypt(
        _ message: PrivateMessage,
        _ senderData: SenderData,
        key: MessageKey
    ) throws(MLSError) -> [UInt8] {
        let opened = try suite.open(
            message.ciphertext,
            key: key.key,
            nonce: guarded(key.nonce, senderData.reuseGuard),
            additional: contentAdditional(
                message.groupID,
                message.epoch,
                message.contentType,
                message.authenticatedData
            )
        )
        guard let opened else { throw MLSError(.decryptionFailed, "content is not authentic") }
        return opened
    }

    /// Takes the decrypted content apart (RFC 9420 §6.3.1, PrivateMessageContent).
    func content(
        _ plaintext: [UInt8],
        of message: PrivateMessage,
        sender leaf: UInt32
    ) throws(MLSError) -> AuthenticatedContent {
        var reader = ByteReader(plaintext.span)
        let content = try Content(message.contentType, from: &reader)
        let authentication = try ContentAuthentication(message.contentType, from: &reader)
        guard plaintext[reader.offset...].allSatisfy({ $0 == 0 }) else {
            throw MLSError(.nonZeroPadding, "padding is not zero")
        }
        return AuthenticatedContent(
            wireFormat: .privateMessage,
            content: FramedContent(
                groupID: message.groupID,
                epoch: message.epoch,
                sender: .member(leaf),
                authenticatedData: message.authenticatedData,
                content: content
            ),
            authentication: authentication
        )
    }

    /// Opens a private message whole: finds its sender, looks up and uses up its key, and takes it apart.
    package func open(
        _ message: PrivateMessage,
        secretTree: inout SecretTree,
        window: RatchetWindow,
        senderDataSecret: Secret,
        isMember: (UInt32) throws(MLSError) -> Void
    ) throws(MLSError) -> AuthenticatedContent {
        let opened = try decrypt(
            message,
            secretTree: &secretTree,
            window: window,
            senderDataSecret: senderDataSecret,
            isMember: isMember
        )
        secretTree.keep(opened.attempt, window: window)
        return try content(opened, of: message)
    }

    /// Decrypts without using up the key, for messages that may have to be looked at again.
    func decrypt(
        _ message: PrivateMessage,
        secretTree: inout SecretTree,
        window: RatchetWindow,
        senderDataSecret: Secret,
        isMember: (UInt32) throws(MLSError) -> Void
    ) throws(MLSError) -> Opened {
        let senderData = try senderData(of: message, senderDataSecret: senderDataSecret)
        try isMember(senderData.leaf)
        let attempt = try secretTree.attempt(
            senderData.leaf,
            SecretTree.Kind(message.contentType),
            generation: senderData.generation,
            window: window
        )
        let plaintext = try decrypt(message, senderData, key: attempt.key)
        return Opened(plaintext: plaintext, sender: senderData.leaf, attempt: attempt)
    }

    /// A message decrypted with a key that is still there.
    struct Opened {
        fileprivate let plaintext: [UInt8]
        fileprivate let sender: UInt32
        let attempt: SecretTree.Attempt
    }

    /// Takes a decrypted message apart.
    func content(_ opened: Opened, of message: PrivateMessage) throws(MLSError) -> AuthenticatedContent {
        try content(opened.plaintext, of: message, sender: opened.sender)
    }
}

/// How much a message is lengthened so that its length tells less.
package enum PaddingPolicy: Equatable, Sendable {
    case none
    /// To the next multiple of 64 bytes up to 1 KiB, then of 256.
    case standard

    /// These bytes, which nobody accepts unless they are zero: for tests of just that.
    case exactly([UInt8])

    func bytes(after length: Int) -> [UInt8] {
        switch self {
        case .none: return []
        case .standard:
            let step = length <= 1024 ? 64 : 256
            return [UInt8](repeating: 0, count: (step - length % step) % step)
        case .exactly(let bytes): return bytes
        }
    }
}
