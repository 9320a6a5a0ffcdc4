import BurrowBase
import BurrowCrypto
import BurrowMLS
import Testing

@Suite(.enabled(if: Vectors.exist, Vectors.absence)) struct FramingVectorTests {
    /// Keys and context of one case: two leaves, and the sender is leaf 1.
    struct World {
        let suite: CipherSuite
        let framing: Framing
        let context: GroupContext
        let signatureKey: SignatureKeyPair
        let senderDataSecret: Secret
        let encryptionSecret: Secret
        let membershipKey: Secret

        init(_ entry: Case, _ suite: CipherSuite) throws {
            self.suite = suite
            framing = Framing(suite)
            context = GroupContext(
                cipherSuite: suite.id.rawValue,
                groupID: try entry.bytes("group_id"),
                epoch: UInt64(try entry.integer("epoch")),
                treeHash: try entry.bytes("tree_hash"),
                confirmedTranscriptHash: try entry.bytes("confirmed_transcript_hash"),
                extensions: []
            )
            signatureKey = try SignatureKeyPair(seed: entry.secret("signature_priv", suite))
            senderDataSecret = try entry.secret("sender_data_secret", suite)
            encryptionSecret = try entry.secret("encryption_secret", suite)
            membershipKey = try entry.secret("membership_key", suite)
        }

        var tree: SecretTree { SecretTree(encryptionSecret: encryptionSecret, leafCount: 2, suite: suite) }

        func open(_ bytes: [UInt8]) throws -> AuthenticatedContent {
            switch try MLSMessage(decoding: bytes) {
            case .publicMessage(let message):
                try framing.verifyMembership(message, context: context, membershipKey: membershipKey)
                return AuthenticatedContent(
                    wireFormat: .publicMessage,
                    content: message.content,
                    authentication: message.authentication
                )
            case .privateMessage(let message):
                var tree = tree
                return try framing.open(
                    message,
                    secretTree: &tree,
                    window: RatchetWindow(),
                    senderDataSecret: senderDataSecret
                ) { (leaf) throws(MLSError) in
                    guard leaf == 1 else { throw MLSError(.unknownSender, "leaf \(leaf)") }
                }
            default: throw MLSError(.wireFormatRefused, "not a group message")
            }
        }

        func protect(_ content: Content, _ format: WireFormat) throws -> [UInt8] {
            let framed = FramedContent(
                groupID: context.groupID,
                epoch: context.epoch,
                sender: .member(1),
                authenticatedData: [],
                content: content
            )
            let signature = try framing.sign(framed, format, context: context, key: signatureKey)
            let tag: [UInt8]? = if case .commit = content { [1, 2, 3] } else { nil }
            let message = AuthenticatedContent(
                wireFormat: format,
                content: framed,
                authentication: ContentAuthentication(signature: signature, confirmationTag: tag)
            )
            guard format == .privateMessage else {
                let message = try framing.publicMessage(
                    message,
                    context: context,
                    membershipKey: membershipKey
                )
                return MLSMessage.publicMessage(message).encoded
            }
            var tree = tree
            let kind = SecretTree.Kind(content.kind)
            let encrypted = try framing.encrypt(
                message,
                sender: 1,
                key: tree.nextKey(1, kind),
                reuseGuard: 0x0102_0304,
                padding: .standard,
                senderDataSecret: senderDataSecret
            )
            return MLSMessage.privateMessage(encrypted).encoded
        }
    }

    @Test func messageProtection() throws {
        try Vectors.forEach("message-protection", atLeast: 2) { (entry, suite) in
            let world = try World(entry, suite)
            #expect(try world.signatureKey.publicKey == entry.bytes("signature_pub"))
            let contents: [(String, Content, [WireFormat])] = [
                (
                    "proposal", .proposal(try Proposal(decoding: entry.bytes("proposal"))),
                    [.publicMessage, .privateMessage]
                ),
                (
                    "commit", .commit(try Commit(decoding: entry.bytes("commit"))),
                    [.publicMessage, .privateMessage]
                ),
                ("application", .application(try entry.bytes("application")), [.privateMessage]),
            ]
            for (name, content, formats) in contents {
                for format in formats {
                    let published = try entry.bytes(name + (format == .publicMessage ? "_pub" : "_priv"))
                    for message in [published, try world.protect(content, format)] {
                        let opened = try world.open(message)
                        #expect(opened.content.content == content, "\(name)")
                        let isSigned = try world.framing.isSigned(
                            opened,
                            context: world.context,
                            by: world.signatureKey.publicKey
                        )
                        #expect(isSigned)
                    }
                }
            }
            #expect(throws: MLSError.self) {
                try world.protect(.application(try entry.bytes("application")), .publicMessage)
            }
        }
    }
}
