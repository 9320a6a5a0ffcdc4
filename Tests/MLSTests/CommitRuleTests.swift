import BurrowBase
import BurrowCrypto
import BurrowMLS
import Testing

/// Rules P1 to P15, M1 to M12, S1 to S4 and A1, A2: what proposals may stand together, and what a commit must bring.
@Suite struct CommitRuleTests {
    let suite = CipherSuite(.x25519AES128GCM)

    /// Expects a refusal of a commit with these proposals by its author, who is honest, and by a member who gets it from
    /// one who is not.
    private func expectRefused(
        _ code: MLSError.Code,
        _ proposals: [Proposal],
        in circle: Circle,
        _ location: SourceLocation = #_sourceLocation
    ) throws {
        var circle = circle
        expect(code, location) { _ = try circle.groups[0].commit(CommitRequest(proposals), now: now) }
        let message = try circle.groups[0].forge(proposals)
        expect(code, location) { _ = try circle.groups[1].process(message, now: now) }
    }

    /// A commit by member 0 that names proposals which members made and all others have.
    private func expectRefused(
        _ code: MLSError.Code,
        references: [(Int, Proposal)],
        in circle: Circle,
        _ location: SourceLocation = #_sourceLocation
    ) throws {
        var circle = circle
        for (member, proposal) in references {
            let message = try circle.groups[member].forge(.proposal(proposal))
            for index in circle.groups.indices where index != member {
                _ = try circle.groups[index].process(message, now: now)
            }
        }
        let entries = circle.groups[1].proposals.map { ProposalOrRef.reference($0.reference) }
        let message = try circle.groups[0].forge(.commit(Commit(proposals: entries, path: nil)))
        expect(code, location) { _ = try circle.groups[1].process(message, now: now) }
    }

    private func update(_ circle: Circle, _ member: Int) throws -> Proposal {
        var group = circle.groups[member]
        _ = try group.proposeUpdate()
        return try #require(group.proposals.last?.proposal)
    }

    @Test func committerAndItself() throws {
        let circle = try Circle(4, suite)
        try expectRefused(.committerRemove, [.remove(0)], in: circle)
        try expectRefused(.committerRemove, [.selfRemove], in: circle)
        try expectRefused(.committerUpdate, [update(circle, 0)], in: circle)
        // By reference, from itself.
        var group = circle.groups[0]
        var other = circle.groups[1]
        let message = try group.proposeUpdate()
        _ = try other.process(message, now: now)
        let reference = try #require(other.proposals.first?.reference)
        let forged = try group.forge(.commit(Commit(proposals: [.reference(reference)], path: nil)))
        expect(.committerUpdate) { _ = try other.process(forged, now: now) }
    }

    @Test func conflicts() throws {
        let circle = try Circle(5, suite)
        try expectRefused(.conflictingProposals, [.remove(3), .remove(3)], in: circle)
        try expectRefused(
            .conflictingProposals,
            references: [(3, update(circle, 3)), (2, .remove(3))],
            in: circle
        )
        try expectRefused(.conflictingProposals, references: [(3, .selfRemove), (2, .remove(3))], in: circle)
        try expectRefused(
            .conflictingProposals,
            references: [(3, update(circle, 3)), (3, update(circle, 3))],
            in: circle
        )
    }

    @Test func ownCommitsAvoidConflicts() throws {
        var circle = try Circle(5, suite)
        try circle.deliver(circle.groups[3].proposeUpdate(), from: 3)
        try circle.deliver(circle.groups[3].proposeUpdate(), from: 3)
        try circle.deliver(circle.groups[2].propose(.remove(3)), from: 2)
        try circle.deliver(circle.groups[0].propose(.remove(4)), from: 0)
        try circle.deliver(circle.groups[4].proposeUpdate(), from: 4)
        let commit = try circle.commit(by: 1)
        #expect(commit.staged.removed.map(\.leaf).sorted() == [3, 4])
        #expect(commit.staged.updated.isEmpty)
        try circle.expectAgreement()
    }

    @Test func removalOfNobody() throws {
        var circle = try Circle(4, suite)
        try circle.commit(by: 0, CommitRequest([.remove(2)]))
        for leaf in [2, 4, 1 << 20, .max] as [UInt32] {
            try expectRefused(.removeUnknownLeaf, [.remove(leaf)], in: circle)
        }
    }

    @Test func additions() throws {
        let circle = try Circle(3, suite)
        let person = try Person("x", suite)
        let twice = [Proposal.add(try person.bundle().keyPackage), .add(try person.bundle().keyPackage)]
        try expectRefused(.duplicateAdd, twice, in: circle)
        let member = try circle.people[2].bundle().keyPackage
        try expectRefused(.duplicateAdd, [.add(member)], in: circle)
        // With its removal in the same commit it comes back.
        var changed = circle
        try changed.commit(by: 0, CommitRequest([.remove(2), .add(member)]))
        #expect(changed.groups[0].tree.memberCount == 3)
    }

    @Test func updates() throws {
        let circle = try Circle(4, suite)
        var update = try #require(circle.groups[2].tree.leaf(2))
        update.source = .update
        try update.resign(circle.people[2], circle.groups[2])
        try expectRefused(.updateKeyReused, references: [(2, .update(update))], in: circle)
        update.encryptionKey = try suite.generateEncryptionKey().publicKey
        try expectRefused(.invalidLeafSignature, references: [(2, .update(update))], in: circle)
        update.source = .commit(parentHash: [])
        try update.resign(circle.people[2], circle.groups[2])
        try expectRefused(.wrongLeafSource, references: [(2, .update(update))], in: circle)
        update.source = .update
        update.encryptionKey = try #require(circle.groups[0].tree.leaf(3)).encryptionKey
        try update.resign(circle.people[2], circle.groups[2])
        try expectRefused(.duplicateEncryptionKey, references: [(2, .update(update))], in: circle)
        update.encryptionKey = [UInt8](repeating: 0, count: 32)
        try update.resign(circle.people[2], circle.groups[2])
        try expectRefused(.invalidPublicKey, references: [(2, .update(update))], in: circle)
    }

    @Test func preSharedKeys() throws {
        let circle = try Circle(3, suite)
        let group = circle.groups[0]
        let id = PreSharedKeyID(kind: .external(id: [1]), nonce: [UInt8](repeating: 1, count: 32))
        try expectRefused(.duplicatePSK, [.preSharedKey(id), .preSharedKey(id)], in: circle)
        try expectRefused(
            .invalidPSKNonce,
            [.preSharedKey(PreSharedKeyID(kind: .external(id: [1]), nonce: [1]))],
            in: circle
        )
        for usage in [PreSharedKeyID.Usage.reinit, .branch] {
            let kind = PreSharedKeyID.Kind.resumption(usage, groupID: group.groupID, epoch: 1)
            try expectRefused(.invalidPSKUsage, [group.preSharedKeyProposal(kind)], in: circle)
        }
        let unknown = try group.preSharedKeyProposal(.external(id: [9]))
        var other = circle
        expect(.pskUnavailable) { _ = try other.groups[0].commit(CommitRequest([unknown]), now: now) }
        // One knows it, the other does not.
        other.groups[0].preSharedKeys.set(try suite.secret([1]), external: [9])
        let commit = try other.groups[0].commit(CommitRequest([unknown]), now: now)
        expect(.pskUnavailable) { _ = try other.groups[1].process(commit.message, now: now) }
        // One knows another. That it was refused before does not stand in the way.
        other.groups[1].preSharedKeys.set(try suite.secret([2]), external: [9])
        expect(.confirmationTagMismatch) { _ = try other.groups[1].process(commit.message, now: now) }
    }

    @Test func resumptionSecretsAreGivenUp() throws {
        var circle = try Circle(2, suite)
        let first = PreSharedKeyID.Kind.resumption(.application, groupID: circle.groups[0].groupID, epoch: 1)
        for _ in 0..<4 { try circle.commit(by: 0) }
        let proposal = try circle.groups[0].preSharedKeyProposal(first)
        expect(.pskUnavailable) { _ = try circle.groups[0].commit(CommitRequest([proposal]), now: now) }
    }

    @Test func extensions() throws {
        let circle = try Circle(3, suite)
        try expectRefused(
            .multipleContextExtensions,
            [.groupContextExtensions([]), .groupContextExtensions([])],
            in: circle
        )
        try expectRefused(
            .unsupportedExtension,
            [.groupContextExtensions([Extension(type: 0x1234, data: [])])],
            in: circle
        )
        for required in [
            RequiredCapabilities(extensions: [0x1234]), RequiredCapabilities(proposals: [0x1234]),
            RequiredCapabilities(credentials: [2]),
        ] {
            try expectRefused(
                .missingRequiredCapability,
                [.groupContextExtensions([required.asExtension])],
                in: circle
            )
        }
        try expectRefused(
            .codecTrailing,
            [.groupContextExtensions([Extension(type: Extension.requiredCapabilities, data: [0, 0, 0, 0])])],
            in: circle
        )
    }

    @Test func reinitialisation() throws {
        let circle = try Circle(3, suite)
        let reinit = Proposal.reinit(ReInit(groupID: [1], cipherSuite: 1, extensions: []))
        try expectRefused(.reinitNotAlone, [reinit, .remove(2)], in: circle)
        let older = Proposal.reinit(ReInit(groupID: [1], version: 0, cipherSuite: 1, extensions: []))
        try expectRefused(.reinitDowngrade, [older], in: circle)
    }

    @Test func externalInit() throws {
        let circle = try Circle(3, suite)
        try expectRefused(.unexpectedExternalInit, [.externalInit(kemOutput: [1])], in: circle)
        var group = circle.groups[0]
        expect(.unexpectedExternalInit) { _ = try group.propose(.externalInit(kemOutput: [1])) }
    }

    @Test func unknownReference() throws {
        var circle = try Circle(3, suite)
        let message = try circle.groups[0].forge(
            .commit(Commit(proposals: [.reference([UInt8](repeating: 1, count: 32))], path: nil))
        )
        expect(.proposalNotFound) { _ = try circle.groups[1].process(message, now: now) }
        // Proposals live for one epoch.
        try circle.deliver(circle.groups[2].proposeUpdate(), from: 2)
        let reference = try #require(circle.groups[1].proposals.first?.reference)
        var request = CommitRequest()
        request.takesStored = false
        try circle.commit(by: 0, request)
        let late = try circle.groups[0].forge(.commit(Commit(proposals: [.reference(reference)], path: nil)))
        expect(.proposalNotFound) { _ = try circle.groups[1].process(late, now: now) }
    }

    @Test func selfRemoveNeedsSupport() throws {
        var circle = try Circle(2, suite)
        try circle.add([try Person("old", suite, proposals: [])], by: 0)
        try expectRefused(.unsupportedProposal, references: [(2, .selfRemove)], in: circle)
    }

    // MARK: Paths

    @Test func pathIsThere() throws {
        let circle = try Circle(4, suite)
        for proposals in [[], [.remove(3)], [.groupContextExtensions([])]] as [[Proposal]] {
            var group = circle.groups[0]
            var other = circle.groups[1]
            let message = try group.forge(proposals)
            expect(.pathRequired) { _ = try other.process(message, now: now) }
        }
    }

    /// Changes the path of an honest commit and gives it to another member.
    private func expectPathRefused(
        _ code: MLSError.Code,
        _ circle: Circle,
        resigns: Bool = true,
        _ location: SourceLocation = #_sourceLocation,
        _ change: (inout LeafNode, inout [UpdatePathNode]) throws -> Void
    ) throws {
        var author = circle.groups[0]
        let before = author
        let message = try author.forge { (commit) in
            let path = try #require(commit.path)
            var leaf = path.leafNode
            var nodes = path.nodes
            try change(&leaf, &nodes)
            if resigns { try leaf.resign(circle.people[0], before) }
            return Commit(proposals: commit.proposals, path: UpdatePath(leafNode: leaf, nodes: nodes))
        }
        var other = circle.groups[3]
        expect(code, location) { _ = try other.process(message, now: now) }
    }

    @Test func pathLeaf() throws {
        let circle = try Circle(5, suite)
        let old = try #require(circle.groups[0].tree.leaf(0))
        try expectPathRefused(.pathKeyReused, circle) { (leaf, _) in leaf.encryptionKey = old.encryptionKey }
        try expectPathRefused(.invalidLeafSignature, circle, resigns: false) { (leaf, _) in
            leaf.extensions = [Extension(type: Extension.applicationID, data: [1])]
        }
        try expectPathRefused(.wrongLeafSource, circle) { (leaf, _) in leaf.source = .update }
        try expectPathRefused(.parentHashMismatch, circle) { (leaf, _) in
            leaf.source = .commit(parentHash: [UInt8](repeating: 1, count: 32))
        }
        try expectPathRefused(.parentHashMismatch, circle) { (leaf, _) in
            leaf.source = .commit(parentHash: [])
        }
        let taken = try #require(circle.groups[0].tree.leaf(4))
        try expectPathRefused(.duplicateEncryptionKey, circle) { (leaf, _) in
            leaf.encryptionKey = taken.encryptionKey
        }
        try expectPathRefused(.duplicateSignatureKey, circle, resigns: false) { (leaf, _) in
            leaf.signatureKey = taken.signatureKey
            try leaf.resign(circle.people[4], circle.groups[0])
        }
    }

    @Test func pathNodes() throws {
        let circle = try Circle(5, suite)
        try expectPathRefused(.pathLengthMismatch, circle) { (_, nodes) in nodes.removeLast() }
        try expectPathRefused(.pathLengthMismatch, circle) { (_, nodes) in nodes.append(nodes[0]) }
        try expectPathRefused(.pathCiphertextCount, circle) { (_, nodes) in
            nodes[0] = UpdatePathNode(encryptionKey: nodes[0].encryptionKey, encryptedPathSecrets: [])
        }
        try expectPathRefused(.pathCiphertextCount, circle) { (_, nodes) in
            let more = nodes[1].encryptedPathSecrets + nodes[0].encryptedPathSecrets
            nodes[1] = UpdatePathNode(encryptionKey: nodes[1].encryptionKey, encryptedPathSecrets: more)
        }
        try expectPathRefused(.invalidPublicKey, circle) { (_, nodes) in
            nodes[1] = UpdatePathNode(
                encryptionKey: [UInt8](repeating: 0, count: 32),
                encryptedPathSecrets: nodes[1].encryptedPathSecrets
            )
        }
        try expectPathRefused(.decryptionFailed, circle) { (_, nodes) in
            nodes[1] = UpdatePathNode(
                encryptionKey: nodes[1].encryptionKey,
                encryptedPathSecrets: nodes[1].encryptedPathSecrets.map {
                    HPKECiphertext(kemOutput: $0.kemOutput, ciphertext: $0.ciphertext.flipped(0))
                }
            )
        }
        try expectPathRefused(.invalidPublicKey, circle) { (_, nodes) in
            nodes[1] = UpdatePathNode(
                encryptionKey: nodes[1].encryptionKey,
                encryptedPathSecrets: nodes[1].encryptedPathSecrets.map {
                    HPKECiphertext(kemOutput: [UInt8](repeating: 0, count: 32), ciphertext: $0.ciphertext)
                }
            )
        }
    }

    @Test func confirmationTag() throws {
        var circle = try Circle(3, suite)
        var author = circle.groups[0]
        author.policy.handshakeFormat = .publicMessage
        guard
            case .publicMessage(let honest) = try MLSMessage(
                decoding: author.commit(CommitRequest(), now: now).message
            ), let tag = honest.authentication.confirmationTag
        else { return }
        for (bad, code) in [
            (tag.flipped(0), MLSError.Code.confirmationTagMismatch), ([], .missingConfirmationTag),
            (Array(tag.dropLast()), .confirmationTagMismatch),
        ] {
            let message = try author.protect(
                AuthenticatedContent(
                    wireFormat: .publicMessage,
                    content: honest.content,
                    authentication: ContentAuthentication(
                        signature: honest.authentication.signature,
                        confirmationTag: bad
                    )
                )
            ).encoded
            expect(code) { _ = try circle.groups[1].process(message, now: now) }
        }
        _ = try circle.groups[1].process(MLSMessage.publicMessage(honest).encoded, now: now)
    }

    @Test func removedMemberKeepsNothing() throws {
        var circle = try Circle(3, suite)
        try circle.commit(by: 0, CommitRequest([.remove(1)]))
        #expect(circle.groups[1].status == .removed)
        let message = try circle.groups[0].seal([1])
        expect(.groupInactive) { _ = try circle.groups[1].process(message, now: now) }
        expect(.groupInactive) { _ = try circle.groups[1].commit(CommitRequest(), now: now) }
        expect(.groupInactive) { _ = try circle.groups[1].groupInfo() }
        expect(.groupInactive) { _ = try circle.groups[1].propose(.remove(0)) }
    }

    @Test(arguments: [0, -1, 255 * 32 + 1, .max, .min])
    func exporterLength(_ count: Int) throws {
        let group = try Circle(1, suite).groups[0]
        expect(.invalidLength) { _ = try group.export(label: "x", context: [], count: count) }
    }

    @Test func exporterGivesUpToItsLimit() throws {
        let group = try Circle(1, suite).groups[0]
        #expect(try group.export(label: "x", context: [], count: 255 * 32).count == 255 * 32)
    }
}
