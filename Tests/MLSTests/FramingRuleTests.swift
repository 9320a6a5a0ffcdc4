import BurrowBase
import BurrowCrypto
import BurrowMLS
import Testing

/// Rules F1 to F14: addressing and protection of messages.
@Suite struct FramingRuleTests {
    let suite = CipherSuite(.x25519AES128GCM)

    private func publicMessage(_ bytes: [UInt8]) throws -> PublicMessage {
        guard case .publicMessage(let message) = try MLSMessage(decoding: bytes) else {
            throw MLSError(.invalidArgument, "not in the clear")
        }
        return message
    }

    private func privateMessage(_ bytes: [UInt8]) throws -> PrivateMessage {
        guard case .privateMessage(let message) = try MLSMessage(decoding: bytes) else {
            throw MLSError(.invalidArgument, "not encrypted")
        }
        return message
    }

    private func expectRefused(
        _ code: MLSError.Code,
        _ message: PublicMessage,
        by group: Group,
        _ location: SourceLocation = #_sourceLocation
    ) {
        var group = group
        expect(code, location) {
            _ = try group.process(MLSMessage.publicMessage(message).encoded, now: now)
        }
    }

    @Test func groupAndEpoch() throws {
        var circle = try Circle(3, suite, policy: .inTheClear)
        let update = try publicMessage(circle.groups[1].proposeUpdate())
        let content = update.content
        expectRefused(.wrongGroup, update.with(content: content.with(groupID: [1])), by: circle.groups[0])
        expectRefused(.staleEpoch, update.with(content: content.with(epoch: 0)), by: circle.groups[0])
        expectRefused(.futureEpoch, update.with(content: content.with(epoch: 9)), by: circle.groups[0])
        let sealed = try privateMessage(circle.groups[0].seal([1]))
        for (epoch, code) in [(UInt64(0), MLSError.Code.staleEpoch), (9, .futureEpoch)] {
            let moved = PrivateMessage(
                groupID: sealed.groupID,
                epoch: epoch,
                contentType: .application,
                authenticatedData: [],
                encryptedSenderData: sealed.encryptedSenderData,
                ciphertext: sealed.ciphertext
            )
            expect(code) {
                _ = try circle.groups[2].process(MLSMessage.privateMessage(moved).encoded, now: now)
            }
        }
    }

    @Test func handshakesOfPastEpochs() throws {
        var circle = try Circle(3, suite)
        let late = try circle.groups[1].proposeUpdate()
        try circle.commit(by: 2)
        expect(.staleEpoch) { _ = try circle.groups[0].process(late, now: now) }
    }

    @Test func membershipTag() throws {
        var circle = try Circle(3, suite, policy: .inTheClear)
        let update = try publicMessage(circle.groups[1].proposeUpdate())
        let tag = try #require(update.membershipTag)
        for bad in [tag.flipped(0), [], Array(tag.dropLast())] {
            expectRefused(.invalidMembershipTag, update.with(membershipTag: .some(bad)), by: circle.groups[0])
        }
        // Bound to the signature as well.
        let authentication = ContentAuthentication(
            signature: update.authentication.signature.flipped(3),
            confirmationTag: nil
        )
        expectRefused(
            .invalidMembershipTag,
            update.with(authentication: authentication),
            by: circle.groups[0]
        )
    }

    @Test func signature() throws {
        var circle = try Circle(3, suite)
        for format in [WireFormat.publicMessage, .privateMessage] {
            let signed = try circle.groups[1].sign(.proposal(.remove(2)), [], format)
            let broken = AuthenticatedContent(
                wireFormat: format,
                content: signed.content,
                authentication: ContentAuthentication(
                    signature: signed.authentication.signature.flipped(5),
                    confirmationTag: nil
                )
            )
            let message = try circle.groups[1].protect(broken).encoded
            expect(.invalidSignature) { _ = try circle.groups[0].process(message, now: now) }
        }
        // Content in the name of somebody else.
        let other = FramedContent(
            groupID: circle.groups[0].groupID,
            epoch: circle.groups[0].epochNumber,
            sender: .member(1),
            authenticatedData: [],
            content: .proposal(.remove(1))
        )
        let own = try circle.groups[2].sign(.proposal(.remove(1)), [], .publicMessage)
        let forged = AuthenticatedContent(
            wireFormat: .publicMessage,
            content: other,
            authentication: own.authentication
        )
        let message = try circle.groups[2].protect(forged).encoded
        expect(.invalidSignature) { _ = try circle.groups[0].process(message, now: now) }
    }

    @Test func signatureIsBoundToTheWireFormat() throws {
        var circle = try Circle(3, suite)
        let signed = try circle.groups[1].sign(.proposal(.remove(2)), [], .publicMessage)
        let reframed = AuthenticatedContent(
            wireFormat: .privateMessage,
            content: signed.content,
            authentication: signed.authentication
        )
        let message = try circle.groups[1].protect(reframed).encoded
        expect(.invalidSignature) { _ = try circle.groups[0].process(message, now: now) }
    }

    @Test func sender() throws {
        let circle = try Circle(3, suite)
        func outside(_ sender: Sender, _ content: Content) throws -> PublicMessage {
            let signed = try circle.groups[1].sign(content, [], .publicMessage)
            let tag: [UInt8]? = content.kind == .commit ? [1] : nil
            return PublicMessage(
                content: signed.content.with(sender: sender),
                authentication: ContentAuthentication(
                    signature: signed.authentication.signature,
                    confirmationTag: tag
                ),
                membershipTag: nil
            )
        }
        let commit = Content.commit(Commit(proposals: [], path: nil))
        let group = circle.groups[0]
        expectRefused(.unknownSender, try outside(.external(0), .proposal(.remove(1))), by: group)
        expectRefused(.senderNotAllowed, try outside(.external(0), commit), by: group)
        expectRefused(.senderNotAllowed, try outside(.newMemberProposal, .proposal(.remove(1))), by: group)
        expectRefused(.senderNotAllowed, try outside(.newMemberProposal, commit), by: group)
        expectRefused(.senderNotAllowed, try outside(.newMemberCommit, .proposal(.remove(1))), by: group)
        expectRefused(.pathRequired, try outside(.newMemberCommit, commit), by: group)
        expectRefused(
            .applicationInPublicMessage,
            try outside(.newMemberProposal, .application([1])),
            by: group
        )
    }

    @Test func unknownLeaf() throws {
        var circle = try Circle(3, suite)
        let content = FramedContent(
            groupID: circle.groups[0].groupID,
            epoch: circle.groups[0].epochNumber,
            sender: .member(3),
            authenticatedData: [],
            content: .proposal(.remove(1))
        )
        let signed = try circle.groups[1].sign(.proposal(.remove(1)), [], .publicMessage)
        let forged = AuthenticatedContent(
            wireFormat: .publicMessage,
            content: content,
            authentication: signed.authentication
        )
        let message = try circle.groups[1].protect(forged).encoded
        expect(.unknownSender) { _ = try circle.groups[0].process(message, now: now) }
    }

    @Test func externalSenderMayNotProposeEverything() throws {
        let server = try Person("server", suite)
        let senders = ExternalSenders([
            ExternalSender(
                signatureKey: server.identity.signatureKey.publicKey,
                credential: server.identity.credential
            )
        ])
        let circle = try Circle(2, suite, extensions: [senders.asExtension])
        let group = circle.groups[0]
        for proposal in [Proposal.selfRemove, .externalInit(kemOutput: [1])] {
            expect(.senderNotAllowed) {
                _ = try Group.propose(
                    proposal,
                    asExternalSender: 0,
                    to: group.groupID,
                    epoch: group.epochNumber,
                    signatureKey: server.identity.signatureKey,
                    suite: suite
                )
            }
            let content = FramedContent(
                groupID: group.groupID,
                epoch: group.epochNumber,
                sender: .external(0),
                authenticatedData: [],
                content: .proposal(proposal)
            )
            let signature = try Framing(suite).sign(
                content,
                .publicMessage,
                context: group.context,
                key: server.identity.signatureKey
            )
            let message = PublicMessage(
                content: content,
                authentication: ContentAuthentication(signature: signature, confirmationTag: nil),
                membershipTag: nil
            )
            expectRefused(.senderNotAllowed, message, by: group)
        }
    }

    @Test func senderData() throws {
        var circle = try Circle(3, suite)
        let sealed = try privateMessage(circle.groups[1].seal([1, 2, 3]))
        func changed(senderData: [UInt8]? = nil, ciphertext: [UInt8]? = nil, data: [UInt8] = []) -> [UInt8] {
            MLSMessage.privateMessage(
                PrivateMessage(
                    groupID: sealed.groupID,
                    epoch: sealed.epoch,
                    contentType: sealed.contentType,
                    authenticatedData: data,
                    encryptedSenderData: senderData ?? sealed.encryptedSenderData,
                    ciphertext: ciphertext ?? sealed.ciphertext
                )
            ).encoded
        }
        let intact = changed()
        for bad in [
            changed(senderData: sealed.encryptedSenderData.flipped(0)), changed(senderData: []),
            changed(senderData: Array(sealed.encryptedSenderData.dropLast())),
            // The sample is from the beginning of the ciphertext.
            changed(ciphertext: sealed.ciphertext.flipped(0)), changed(ciphertext: []),
        ] {
            expect(.senderDataInvalid) { _ = try circle.groups[0].process(bad, now: now) }
        }
        let last = sealed.ciphertext.count - 1
        expect(.decryptionFailed) {
            _ = try circle.groups[0].process(changed(ciphertext: sealed.ciphertext.flipped(last)), now: now)
        }
        expect(.decryptionFailed) { _ = try circle.groups[0].process(changed(data: [1]), now: now) }
        // None of that used up the key.
        _ = try circle.groups[0].process(intact, now: now)
    }

    @Test func generations() throws {
        var circle = try Circle(2, suite)
        circle.groups[1].policy.window = RatchetWindow(forward: 10, skipped: 4, skippedInAll: 6)
        var messages: [[UInt8]] = []
        for number in 0..<14 as Range<UInt8> { messages.append(try circle.groups[0].seal([number])) }
        expect(.generationTooFar) { _ = try circle.groups[1].process(messages[11], now: now) }
        _ = try circle.groups[1].process(messages[10], now: now)
        expect(.generationConsumed) { _ = try circle.groups[1].process(messages[10], now: now) }
        // The oldest of those passed over are given up.
        expect(.generationConsumed) { _ = try circle.groups[1].process(messages[5], now: now) }
        for number in [6, 8, 7, 9, 13, 11] { _ = try circle.groups[1].process(messages[number], now: now) }
        expect(.generationConsumed) { _ = try circle.groups[1].process(messages[7], now: now) }
    }

    @Test func padding() throws {
        var circle = try Circle(2, suite)
        for length in [0, 1, 63, 64, 1000, 1023, 1024, 1025, 5000] {
            let message = try circle.groups[0].seal([UInt8](repeating: 1, count: length))
            let size = try privateMessage(message).ciphertext.count - 16
            #expect(size.isMultiple(of: size <= 1024 + 64 ? 64 : 256))
            _ = try circle.groups[1].process(message, now: now)
        }
    }

    @Test func paddingIsZero() throws {
        let world = try Circle(2, suite)
        var tree = SecretTree(encryptionSecret: try suite.zeros(), leafCount: 2, suite: suite)
        var sending = tree
        let secret = try suite.zeros()
        let signed = try world.groups[0].sign(.application([1]), [], .privateMessage)
        let framing = Framing(suite)
        let key = try sending.nextKey(0, .application)
        // Data with a tail that is no zero, put where padding belongs.
        for (tail, isFine) in [([UInt8](repeating: 0, count: 40), true), ([0, 0, 1], false)] {
            var copy = tree
            let message = try framing.encrypt(
                signed,
                sender: 0,
                key: key,
                reuseGuard: 1,
                padding: .exactly(tail),
                senderDataSecret: secret
            )
            let open = { () throws(MLSError) -> AuthenticatedContent in
                try framing.open(
                    message,
                    secretTree: &copy,
                    window: RatchetWindow(),
                    senderDataSecret: secret
                ) { (_) throws(MLSError) in }
            }
            if isFine {
                #expect(try open().content.content == .application([1]))
            } else {
                expect(.nonZeroPadding) { _ = try open() }
            }
        }
        _ = try tree.nextKey(0, .handshake)
    }

    @Test func applicationDataIsNeverInTheClear() throws {
        let circle = try Circle(2, suite)
        var group = circle.groups[0]
        let signed = try group.sign(.application([1]), [], .publicMessage)
        expect(.applicationInPublicMessage) { _ = try group.protect(signed) }
        let message = PublicMessage(
            content: signed.content,
            authentication: signed.authentication,
            membershipTag: [UInt8](repeating: 0, count: 32)
        )
        expectRefused(.applicationInPublicMessage, message, by: circle.groups[1])
    }

    @Test func confirmationTagGoesWithCommits() throws {
        // On the wire its presence follows from the kind, so a missing one shifts everything behind it.
        var circle = try Circle(2, suite, policy: .inTheClear)
        let bytes = try circle.groups[0].forge([.selfRemove])
        let message = try publicMessage(bytes)
        let without = message.with(
            authentication: ContentAuthentication(
                signature: message.authentication.signature,
                confirmationTag: nil
            )
        )
        expectRefused(.codecTruncated, without, by: circle.groups[1])
    }

    @Test func ownMessages() throws {
        var circle = try Circle(2, suite)
        let sealed = try circle.groups[0].seal([1])
        expect(.ownMessage) { _ = try circle.groups[0].process(sealed, now: now) }
        for format in [WireFormat.publicMessage, .privateMessage] {
            let proposal = try circle.groups[0].propose(.remove(1), wireFormat: format)
            expect(.ownMessage) { _ = try circle.groups[0].process(proposal, now: now) }
        }
    }

    @Test func wireFormatPolicy() throws {
        var circle = try Circle(3, suite)
        circle.groups[0].policy.acceptsPublicHandshakes = false
        circle.groups[1].policy.acceptsPrivateHandshakes = false
        let open = try circle.groups[2].propose(.remove(1), wireFormat: .publicMessage)
        let closed = try circle.groups[2].propose(.remove(1), wireFormat: .privateMessage)
        expect(.wireFormatRefused) { _ = try circle.groups[0].process(open, now: now) }
        expect(.wireFormatRefused) { _ = try circle.groups[1].process(closed, now: now) }
        let package = MLSMessage.keyPackage(try circle.people[0].bundle().keyPackage).encoded
        expect(.wireFormatRefused) { _ = try circle.groups[0].process(package, now: now) }
    }
}
