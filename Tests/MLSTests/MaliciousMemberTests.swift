import BurrowBase
import BurrowCrypto
import BurrowMLS
import Testing

/// A member with real keys whose messages are in order but for one thing: signed, tagged, and with key schedule, tree hashes
/// and path of their own making. Whatever comes of it, everybody else goes on afterwards.
@Suite struct MaliciousMemberTests {
    let suite = CipherSuite(.x25519AES128GCM)

    /// Lets a victim have something, and then the group live on.
    private func expect(
        _ code: MLSError.Code,
        _ circle: Circle,
        victim: Int = 2,
        _ location: SourceLocation = #_sourceLocation,
        _ attack: (inout Group) throws -> [UInt8]
    ) throws {
        var circle = circle
        var attacker = circle.groups[0]
        let message = try attack(&attacker)
        let before = circle.groups[victim].epochAuthenticator
        BurrowMLSTests.expect(code, location) { _ = try circle.groups[victim].process(message, now: now) }
        #expect(circle.groups[victim].epochAuthenticator == before, sourceLocation: location)
        try circle.deliver(circle.groups[1].seal([42]), from: 1)
        try circle.commit(by: victim)
        try circle.commit(by: 0)
        try circle.expectAgreement()
    }

    /// A commit that is right in everything its author could compute, without any of the rules.
    private func commit(
        _ group: inout Group,
        _ person: Person,
        _ proposals: [Proposal] = [],
        leaf change: (inout LeafNode) throws -> Void = { _ in },
        keys changeKeys: (inout [[UInt8]]) throws -> Void = { _ in },
        sends: (Secret) throws -> Secret = { $0 },
        nodes changeNodes: (inout [UpdatePathNode]) throws -> Void = { _ in }
    ) throws -> [UInt8] {
        let own = group.ownLeaf
        var tree = group.tree
        for case .remove(let leaf) in proposals { try tree.remove(leaf) }
        var added: [UInt32] = []
        for case .add(let package) in proposals { added.append(try tree.add(package.leafNode)) }
        var context = group.context
        context.epoch += 1
        for case .groupContextExtensions(let extensions) in proposals { context.extensions = extensions }
        let steps = tree.filteredPath(of: own)
        var secrets = [try suite.secret([UInt8](repeating: 1, count: 32))]
        while secrets.count < steps.count {
            secrets.append(try suite.deriveSecret(secrets[secrets.count - 1], "path"))
        }
        var keys = try secrets.prefix(steps.count).map { try suite.nodeKeyPair($0).publicKey }
        try changeKeys(&keys)
        let (parents, parentHash) = try tree.parents(on: steps, keys: keys)
        var leaf = try #require(tree.leaf(own))
        leaf.encryptionKey = try suite.generateEncryptionKey().publicKey
        leaf.source = .commit(parentHash: parentHash)
        try change(&leaf)
        try leaf.resign(person, group)
        // What cannot be put into a tree of ours has no hash that would fit; the receiver is not to come that far.
        try? tree.apply(leaf, at: own, parents: parents)
        context.treeHash = try tree.treeHash()
        var nodes: [UpdatePathNode] = []
        for (position, step) in steps.enumerated() {
            let ciphertexts = try tree.recipients(of: step, without: added).map {
                try suite.encrypt(
                    sends(secrets[position]),
                    label: Array("UpdatePathNode".utf8),
                    context: context.encoded,
                    to: $0.key
                )
            }
            nodes.append(UpdatePathNode(encryptionKey: keys[position], encryptedPathSecrets: ciphertexts))
        }
        try changeNodes(&nodes)
        let path = UpdatePath(leafNode: leaf, nodes: nodes)
        return try group.forge(.commit(Commit(proposals: proposals.map { .proposal($0) }, path: path)))
    }

    @Test func honestlyMadeOnlyTheTagIsWrong() throws {
        let circle = try Circle(5, suite)
        let person = circle.people[0]
        for victim in [2, 4] {
            try expect(.confirmationTagMismatch, circle, victim: victim) { try commit(&$0, person) }
        }
        let package = try Person("x", suite).bundle().keyPackage
        try expect(.confirmationTagMismatch, circle) { try commit(&$0, person, [.remove(3), .add(package)]) }
    }

    /// The leaf of a path has to know what others use, as one that is added has to.
    @Test func leafOfThePathForgetsACredential() throws {
        let knows = [Credential.basicType, Credential.x509Type]
        var people = try (0..<4).map { try Person("member \($0)", suite) }
        for index in people.indices { people[index].identity.capabilities.credentials = knows }
        people[3].identity = MemberIdentity(
            credential: .x509([[1]]),
            capabilities: people[3].identity.capabilities,
            signatureKey: people[3].identity.signatureKey
        )
        var circle = try Circle(1, suite)
        circle.people = [people[0]]
        circle.groups = [try people[0].found()]
        try circle.add(Array(people[1...]), by: 0)
        try circle.commit(by: 1)
        try expect(.unsupportedCredential, circle) { (group) in
            try commit(&group, people[0], leaf: { $0.capabilities.credentials = [Credential.basicType] })
        }
        var request = CommitRequest()
        var fewer = people[0].identity.capabilities
        fewer.credentials = [Credential.basicType]
        request.newCapabilities = fewer
        BurrowMLSTests.expect(.unsupportedCredential) { _ = try circle.groups[0].commit(request, now: now) }
        try circle.commit(by: 0)
        try circle.expectAgreement()
    }

    @Test func leafOfThePathForgetsWhatIsRequired() throws {
        let required = RequiredCapabilities(proposals: [Proposal.selfRemoveType])
        let circle = try Circle(4, suite, extensions: [required.asExtension])
        let person = circle.people[0]
        try expect(.missingRequiredCapability, circle) { (group) in
            try commit(&group, person, leaf: { $0.capabilities.proposals = [] })
        }
        try expect(.unsupportedCredential, circle) { (group) in
            try commit(&group, person, leaf: { $0.capabilities.credentials = [] })
        }
        try expect(.unsupportedExtension, circle) { (group) in
            try commit(&group, person, leaf: { $0.extensions = [Extension(type: 0x7777, data: [])] })
        }
        try expect(.credentialRejected, circle) { (group) in
            try commit(&group, person, leaf: { $0.credential = .basic(Array("member 1".utf8)) })
        }
        try expect(.duplicateExtension, circle) { (group) in
            let twice = [Extension](repeating: Extension(type: Extension.applicationID, data: []), count: 2)
            return try commit(&group, person, leaf: { $0.extensions = twice })
        }
    }

    /// Keys that are somebody's already, where the receiver has no secret to find that out with.
    @Test func keysOfThePathAreTaken() throws {
        let circle = try Circle(8, suite)
        let person = circle.people[0]
        let tree = circle.groups[0].tree
        let leaf = try #require(tree.leaf(5)).encryptionKey
        let root = try #require(tree.encryptionKey(ofNode: 7))
        for key in [leaf, root] {
            try expect(.duplicateEncryptionKey, circle, victim: 6) { (group) in
                try commit(&group, person, keys: { $0[0] = key })
            }
        }
        try expect(.duplicateEncryptionKey, circle, victim: 6) { (group) in
            try commit(&group, person, keys: { $0[0] = $0[1] })
        }
        try expect(.pathKeyMismatch, circle, victim: 2) { (group) in
            try commit(&group, person, keys: { $0[1] = try suite.generateEncryptionKey().publicKey })
        }
        // Nobody but those below it can tell; the confirmation tag does.
        try expect(.confirmationTagMismatch, circle, victim: 6) { (group) in
            try commit(&group, person, keys: { $0[0] = try suite.generateEncryptionKey().publicKey })
        }
    }

    /// Some get their secret and others do not.
    @Test func pathIsForSomeOnly() throws {
        let circle = try Circle(5, suite)
        let person = circle.people[0]
        try expect(.decryptionFailed, circle, victim: 2) { (group) in
            try commit(
                &group,
                person,
                nodes: { (nodes) in
                    let swapped = Array(nodes[1].encryptedPathSecrets.reversed())
                    nodes[1] = UpdatePathNode(
                        encryptionKey: nodes[1].encryptionKey,
                        encryptedPathSecrets: swapped.map {
                            HPKECiphertext(
                                kemOutput: $0.kemOutput,
                                ciphertext: Array($0.ciphertext.reversed())
                            )
                        }
                    )
                }
            )
        }
        for bytes in [[], [7], [UInt8](repeating: 1, count: 1 << 16)] as [[UInt8]] {
            try expect(bytes.count == 32 ? .decryptionFailed : .invalidPublicKey, circle, victim: 2) {
                (group) in
                try commit(
                    &group,
                    person,
                    nodes: { (nodes) in
                        nodes[1] = UpdatePathNode(
                            encryptionKey: nodes[1].encryptionKey,
                            encryptedPathSecrets: nodes[1].encryptedPathSecrets.map {
                                HPKECiphertext(kemOutput: bytes, ciphertext: $0.ciphertext)
                            }
                        )
                    }
                )
            }
            try expect(.decryptionFailed, circle, victim: 2) { (group) in
                try commit(
                    &group,
                    person,
                    nodes: { (nodes) in
                        nodes[1] = UpdatePathNode(
                            encryptionKey: nodes[1].encryptionKey,
                            encryptedPathSecrets: nodes[1].encryptedPathSecrets.map {
                                HPKECiphertext(kemOutput: $0.kemOutput, ciphertext: bytes)
                            }
                        )
                    }
                )
            }
        }
        try expect(.pathKeyMismatch, circle, victim: 2) { (group) in
            try commit(&group, person, sends: { _ in try suite.secret([1, 2, 3]) })
        }
    }

    /// Everybody who is added is one who could be there.
    @Test func additionsThatCannotBe() throws {
        let circle = try Circle(4, suite)
        let person = circle.people[0]
        let newcomer = try Person("x", suite)
        let other = try Person("y", suite)
        let bundle = try newcomer.bundle()
        // Two different people with one encryption key, which only one of them has.
        var copied = try other.bundle().keyPackage
        copied.leafNode.encryptionKey = bundle.keyPackage.leafNode.encryptionKey
        try sign(&copied, other)
        try expect(.duplicateEncryptionKey, circle) { (group) in
            try group.forge([.add(bundle.keyPackage), .add(copied)])
        }
        // The key of a parent.
        var parent = try other.bundle().keyPackage
        parent.leafNode.encryptionKey = try #require(circle.groups[0].tree.encryptionKey(ofNode: 3))
        try sign(&parent, other)
        try expect(.duplicateEncryptionKey, circle) { (group) in try group.forge([.add(parent)]) }
        // Somebody signs with the key of one who is there, whose removal comes with it but not in time.
        var thief = try other.bundle().keyPackage
        thief.leafNode.signatureKey = person.identity.signatureKey.publicKey
        try sign(&thief, person)
        try expect(.duplicateAdd, circle) { (group) in try group.forge([.add(thief), .remove(3)]) }
        try expect(.conflictingProposals, circle) { (group) in try group.forge([.remove(3), .remove(3)]) }
    }

    private func sign(_ package: inout KeyPackage, _ person: Person) throws {
        let key = person.identity.signatureKey
        let content = package.leafNode.signedBytes(groupID: [], index: 0)
        package.leafNode.signature = try suite.sign(content, "LeafNodeTBS", key)
        package.signature = try suite.sign(package.signedBytes, "KeyPackageTBS", key)
    }

    /// Extensions that mean something hold what they mean, or the commit that brings them counts for nothing.
    @Test func extensionsOfTheContextAreWhole() throws {
        let circle = try Circle(4, suite)
        let person = circle.people[0]
        let broken: [(MLSError.Code, UInt16, [UInt8])] = [
            (.codecTruncated, Extension.requiredCapabilities, [2, 0xf2]),
            (.codecTrailing, Extension.requiredCapabilities, [0, 0, 0, 0]),
            (.codecTruncated, Extension.requiredCapabilities, []),
            (.codecInvalidLength, Extension.requiredCapabilities, [0xc0, 0, 0]),
            (.codecTruncated, Extension.externalSenders, [5, 1]),
            (.codecTruncated, Extension.externalSenders, []),
            (.codecInvalidValue, Extension.externalSenders, [4, 0, 0, 9, 0]),
        ]
        for (code, type, data) in broken {
            try expect(code, circle) { (group) in
                try commit(&group, person, [.groupContextExtensions([Extension(type: type, data: data)])])
            }
        }
        try expect(.missingRequiredCapability, circle) { (group) in
            let required = RequiredCapabilities(extensions: [0x7777])
            return try commit(&group, person, [.groupContextExtensions([required.asExtension])])
        }
        try expect(.duplicateExtension, circle) { (group) in
            let twice = [Extension](repeating: RequiredCapabilities().asExtension, count: 2)
            return try commit(&group, person, [.groupContextExtensions(twice)])
        }
    }

    /// What was never sent, was sent by somebody who is gone, or is of another epoch.
    @Test func proposalsThatNobodyHas() throws {
        var circle = try Circle(5, suite)
        let proposal = try circle.groups[3].propose(.remove(4))
        try circle.deliver(proposal, from: 3)
        let stored = try #require(circle.groups[2].proposals.first)
        try circle.commit(
            by: 1,
            {
                var request = CommitRequest([.remove(3)])
                request.storedReferences = []
                return request
            }()
        )
        let references = [
            stored.reference, [], [UInt8](repeating: 0, count: 32), [UInt8](repeating: 1, count: 4096),
        ]
        for reference in references {
            try expect(.proposalNotFound, circle) { (group) in
                try group.forge(.commit(Commit(proposals: [.reference(reference)], path: nil)))
            }
        }
        // Who was removed has the keys of the last epoch and speaks on.
        #expect(circle.groups[3].status == .removed)
        try expect(.staleEpoch, circle) { _ in proposal }
        try expect(.pskUnavailable, circle) { (group) in
            try group.forge([
                group.preSharedKeyProposal(.resumption(.application, groupID: group.groupID, epoch: 1 << 40))
            ])
        }
        try expect(.pskUnavailable, circle) { (group) in
            try group.forge([group.preSharedKeyProposal(.external(id: [UInt8](repeating: 3, count: 70_000)))])
        }
    }

    /// A sender's own numbers, where only the sender checks them.
    @Test func generationsOfSomebodyWhoJumps() throws {
        var circle = try Circle(3, suite)
        for generation in [UInt32.max, 1 << 20, 1001] {
            var group = circle.groups[0]
            var record = ByteWriter()
            for _ in 0..<2 {
                record.writeOpaque([UInt8](repeating: 1, count: 32))
                record.writeUInt64(UInt64(generation))
                record.writeUInt32(0)
            }
            try group.restoreRatchets(of: 0, record.bytes)
            let message = try group.seal([1])
            BurrowMLSTests.expect(.generationTooFar) { _ = try circle.groups[2].process(message, now: now) }
            let handshake = try group.propose(.remove(1))
            BurrowMLSTests.expect(.generationTooFar) { _ = try circle.groups[2].process(handshake, now: now) }
        }
        try circle.deliver(circle.groups[0].seal([2]), from: 0)
        try circle.commit(by: 0)
        try circle.expectAgreement()
    }
}
