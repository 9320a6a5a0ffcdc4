import BurrowBase
import BurrowCrypto
import BurrowMLS
import Testing

/// Rules E1 to E4, M6 and M8: joining by a commit, and paths whose keys are wrong.
@Suite struct ExternalRuleTests {
    let suite = CipherSuite(.x25519AES128GCM)

    private func info(_ group: Group) throws -> GroupInfo {
        guard case .groupInfo(let info) = try MLSMessage(decoding: group.groupInfo()) else {
            throw MLSError(.invalidArgument, "not a GroupInfo")
        }
        return info
    }

    /// An external commit with other proposals, signed by the joiner.
    private func forged(
        _ commit: [UInt8],
        _ person: Person,
        _ group: Group,
        path: Bool = true,
        _ change: ([ProposalOrRef]) throws -> [ProposalOrRef]
    ) throws -> [UInt8] {
        guard case .publicMessage(let message) = try MLSMessage(decoding: commit),
            case .commit(let honest) = message.content.content
        else { throw MLSError(.invalidArgument, "not an external commit") }
        let changed = Commit(proposals: try change(honest.proposals), path: path ? honest.path : nil)
        let content = message.content.with(content: .commit(changed))
        let signature = try Framing(suite).sign(
            content,
            .publicMessage,
            context: group.context,
            key: person.identity.signatureKey
        )
        let authentication = ContentAuthentication(
            signature: signature,
            confirmationTag: message.authentication.confirmationTag
        )
        return MLSMessage.publicMessage(message.with(content: content, authentication: authentication))
            .encoded
    }

    @Test func proposals() throws {
        let circle = try Circle(4, suite)
        let person = try Person("x", suite)
        let joined = try Group.join(
            info(circle.groups[0]),
            person.identity,
            options: .test,
            now: now,
            suite: suite
        )
        func refuse(
            _ code: MLSError.Code,
            path: Bool = true,
            _ location: SourceLocation = #_sourceLocation,
            _ change: ([ProposalOrRef]) throws -> [ProposalOrRef]
        ) throws {
            var group = circle.groups[1]
            let message = try forged(joined.commit, person, group, path: path, change)
            expect(code, location) { _ = try group.process(message, now: now) }
        }
        let other = try Person("y", suite).bundle().keyPackage
        try refuse(.invalidExternalCommit) { _ in [] }
        try refuse(.invalidExternalCommit) { $0 + $0 }
        try refuse(.invalidExternalCommit) { $0 + [.proposal(.add(other))] }
        try refuse(.invalidExternalCommit) { $0 + [.proposal(.groupContextExtensions([]))] }
        try refuse(.invalidExternalCommit) { $0 + [.proposal(.selfRemove)] }
        try refuse(.invalidExternalCommit) { $0 + [.proposal(.remove(2)), .proposal(.remove(3))] }
        // Somebody else's leaf is not the joiner's to replace.
        try refuse(.credentialRejected) { $0 + [.proposal(.remove(2))] }
        try refuse(.pathRequired, path: false) { $0 }
        try refuse(.invalidPublicKey) { _ in
            [.proposal(.externalInit(kemOutput: [UInt8](repeating: 0, count: 32)))]
        }
        try refuse(.invalidPublicKey) { _ in [.proposal(.externalInit(kemOutput: [1, 2, 3]))] }
        try refuse(.confirmationTagMismatch) { _ in
            [.proposal(.externalInit(kemOutput: try suite.generateEncryptionKey().publicKey))]
        }
    }

    @Test func references() throws {
        var circle = try Circle(4, suite)
        let person = try Person("x", suite)
        try circle.deliver(circle.groups[2].propose(.remove(3)), from: 2)
        let group = circle.groups[1]
        let reference = try #require(group.proposals.first?.reference)
        let joined = try Group.join(
            info(circle.groups[0]),
            person.identity,
            options: .test,
            now: now,
            suite: suite
        )
        let message = try forged(joined.commit, person, group) { $0 + [.reference(reference)] }
        expect(.invalidExternalCommit) { _ = try circle.groups[1].process(message, now: now) }
    }

    @Test func policy() throws {
        var circle = try Circle(2, suite)
        let person = try Person("x", suite)
        let joined = try Group.join(
            info(circle.groups[0]),
            person.identity,
            options: .test,
            now: now,
            suite: suite
        )
        circle.groups[1].policy.acceptsExternalCommits = false
        expect(.externalJoinRefused) { _ = try circle.groups[1].process(joined.commit, now: now) }
    }

    @Test func joiner() throws {
        let circle = try Circle(3, suite)
        let person = try Person("x", suite)
        let group = circle.groups[0]
        guard case .groupInfo(let closed) = try MLSMessage(decoding: group.groupInfo(withExternalKey: false))
        else { return }
        expect(.missingExternalKey) {
            _ = try Group.join(closed, person.identity, options: .test, now: now, suite: suite)
        }
        expect(.credentialRejected) {
            _ = try Group.join(
                info(group),
                person.identity,
                replacing: 1,
                options: .test,
                now: now,
                suite: suite
            )
        }
        var known = JoinOptions.test
        known.knownGroups = [group.groupID]
        expect(.groupAlreadyExists) {
            _ = try Group.join(info(group), person.identity, options: known, now: now, suite: suite)
        }
        // Without giving up the old leaf the signature key would be there twice.
        expect(.duplicateSignatureKey) {
            _ = try Group.join(info(group), circle.people[1].identity, options: .test, now: now, suite: suite)
        }
        var changed = try info(group)
        changed.context.epoch += 1
        expect(.invalidGroupInfoSignature) {
            _ = try Group.join(changed, person.identity, options: .test, now: now, suite: suite)
        }
    }

    @Test func joinerHasWhatIsRequired() throws {
        let required = RequiredCapabilities(proposals: [Proposal.selfRemoveType]).asExtension
        let circle = try Circle(2, suite, extensions: [required])
        let person = try Person("x", suite, proposals: [])
        expect(.missingRequiredCapability) {
            _ = try Group.join(
                info(circle.groups[0]),
                person.identity,
                options: .test,
                now: now,
                suite: suite
            )
        }
    }

    /// A committer who announces other keys than those its secrets give, with everything else in order.
    @Test(arguments: [0, 1]) func keysOfThePathFitItsSecrets(_ wrong: Int) throws {
        let circle = try Circle(4, suite)
        let group = circle.groups[0]
        var tree = group.tree
        var context = group.context
        context.epoch += 1
        let steps = tree.filteredPath(of: 0)
        #expect(steps.count == 2)
        var secrets = [try suite.secret([UInt8](repeating: 1, count: 32))]
        secrets.append(try suite.deriveSecret(secrets[0], "path"))
        var keys = try secrets.map { try suite.nodeKeyPair($0).publicKey }
        keys[wrong] = try suite.generateEncryptionKey().publicKey
        let (parents, parentHash) = try tree.parents(on: steps, keys: keys)
        var leaf = try #require(tree.leaf(0))
        leaf.encryptionKey = try suite.generateEncryptionKey().publicKey
        leaf.source = .commit(parentHash: parentHash)
        try leaf.resign(circle.people[0], group)
        try tree.apply(leaf, at: 0, parents: parents)
        context.treeHash = try tree.treeHash()
        var nodes: [UpdatePathNode] = []
        for (position, step) in steps.enumerated() {
            let ciphertexts = try tree.recipients(of: step, without: []).map {
                try suite.encrypt(
                    secrets[position],
                    label: Array("UpdatePathNode".utf8),
                    context: context.encoded,
                    to: $0.key
                )
            }
            nodes.append(UpdatePathNode(encryptionKey: keys[position], encryptedPathSecrets: ciphertexts))
        }
        var author = group
        let commit = Commit(proposals: [], path: UpdatePath(leafNode: leaf, nodes: nodes))
        let message = try author.forge(.commit(commit))
        // Leaf 1 derives both keys, leaf 2 only the upper one.
        var near = circle.groups[1]
        expect(.pathKeyMismatch) { _ = try near.process(message, now: now) }
        var far = circle.groups[2]
        expect(wrong == 1 ? .pathKeyMismatch : .confirmationTagMismatch) {
            _ = try far.process(message, now: now)
        }
    }

    @Test func keysOfThePathAreNew() throws {
        let circle = try Circle(4, suite)
        var tree = circle.groups[0].tree
        let steps = tree.filteredPath(of: 0)
        let leaf = try Person("x", suite).bundle().keyPackage.leafNode
        let fresh = try suite.generateEncryptionKey().publicKey
        let taken = try #require(tree.encryptionKey(ofNode: 3))
        for keys in [[fresh, fresh], [fresh, taken], [leaf.encryptionKey, fresh]] {
            let (parents, _) = try tree.parents(on: steps, keys: keys)
            var copy = tree
            expect(.duplicateEncryptionKey) { try copy.apply(leaf, at: 0, parents: parents) }
        }
        let other = try suite.generateEncryptionKey().publicKey
        let (parents, _) = try tree.parents(on: steps, keys: [fresh, other])
        try tree.apply(leaf, at: 0, parents: parents)
    }
}
