import BurrowBase
import BurrowCrypto
import BurrowMLS
import Testing

/// Rules K1 to K13: what a key package or leaf must be.
@Suite struct LeafRuleTests {
    let suite = CipherSuite(.x25519AES128GCM)

    /// A key package changed, and signed again as far as wanted.
    private func altered(
        _ person: Person,
        signsLeaf: Bool = true,
        signs: Bool = true,
        lifetime: Lifetime = .standard(now: now),
        _ change: (inout KeyPackage) throws -> Void
    ) throws -> KeyPackage {
        var package = try person.bundle(lifetime: lifetime).keyPackage
        try change(&package)
        let key = person.identity.signatureKey
        if signsLeaf {
            let content = package.leafNode.signedBytes(groupID: [], index: 0)
            package.leafNode.signature = try suite.sign(content, "LeafNodeTBS", key)
        }
        if signs { package.signature = try suite.sign(package.signedBytes, "KeyPackageTBS", key) }
        return package
    }

    /// Expects a refusal both of whoever would add the key package and of the members who are told to.
    private func expectRefused(
        _ code: MLSError.Code,
        _ package: KeyPackage,
        extensions: [Extension] = [],
        _ location: SourceLocation = #_sourceLocation
    ) throws {
        var circle = try Circle(2, suite, extensions: extensions)
        expect(code, location) {
            _ = try circle.groups[0].commit(CommitRequest([.add(package)]), now: now)
        }
        expect(code, location) {
            let message = try circle.groups[0].forge([.add(package)])
            _ = try circle.groups[1].process(message, now: now)
        }
    }

    @Test func cipherSuite() throws {
        try expectRefused(.keyPackageMismatch, altered(Person("x", suite)) { $0.cipherSuite = 3 })
    }

    @Test func signatures() throws {
        let person = try Person("x", suite)
        try expectRefused(
            .invalidKeyPackageSignature,
            altered(person, signs: false) { $0.extensions = [Extension(type: 99, data: [])] }
        )
        try expectRefused(
            .invalidLeafSignature,
            altered(person, signsLeaf: false) { $0.leafNode.credential = .basic([1]) }
        )
    }

    @Test func initKey() throws {
        let person = try Person("x", suite)
        try expectRefused(.initKeyReused, altered(person) { $0.initKey = $0.leafNode.encryptionKey })
    }

    @Test(arguments: [
        [UInt8](repeating: 0, count: 32), [1] + [UInt8](repeating: 0, count: 31), [],
        [UInt8](repeating: 4, count: 33),
    ])
    func publicKeys(_ key: [UInt8]) throws {
        let person = try Person("x", suite)
        try expectRefused(.invalidPublicKey, altered(person) { $0.initKey = key })
        try expectRefused(.invalidPublicKey, altered(person) { $0.leafNode.encryptionKey = key })
    }

    @Test func source() throws {
        let person = try Person("x", suite)
        try expectRefused(.wrongLeafSource, altered(person) { $0.leafNode.source = .update })
        try expectRefused(.wrongLeafSource, altered(person) { $0.leafNode.source = .commit(parentHash: []) })
    }

    @Test func lifetimeOfWhatWeAdd() throws {
        let person = try Person("x", suite)
        var group = try Person("y", suite).found()
        for (lifetime, code) in [
            (Lifetime(notBefore: now + 1, notAfter: now + 2), MLSError.Code.lifetimeNotCurrent),
            (Lifetime(notBefore: now - 2, notAfter: now - 1), .lifetimeNotCurrent),
            (Lifetime(notBefore: now + 2, notAfter: now - 2), .lifetimeNotCurrent),
            (Lifetime(notBefore: 0, notAfter: .max), .lifetimeTooLong),
        ] {
            let package = try person.bundle(lifetime: lifetime).keyPackage
            expect(code) { _ = try group.commit(CommitRequest([.add(package)]), now: now) }
        }
    }

    @Test func lifetimeOfWhatOthersAdd() throws {
        var circle = try Circle(2, suite)
        let package = try Person("x", suite).bundle(lifetime: Lifetime(notBefore: 0, notAfter: 1)).keyPackage
        let message = try circle.groups[0].forge([.add(package)])
        // By itself not looked at, so that the confirmation tag is the next obstacle.
        expect(.confirmationTagMismatch) { _ = try circle.groups[1].process(message, now: now) }
        circle.groups[1].policy.checksReceivedLifetimes = true
        expect(.lifetimeNotCurrent) { _ = try circle.groups[1].process(message, now: now) }
    }

    @Test func extensionsAreDeclared() throws {
        let person = try Person("x", suite)
        try expectRefused(
            .unsupportedExtension,
            altered(person) { $0.leafNode.extensions = [Extension(type: 0x1234, data: [])] }
        )
        // The group uses one that the newcomer does not know.
        let founder = try Person("y", suite, extensions: [0x1234])
        var group = try founder.found(extensions: [Extension(type: 0x1234, data: [])])
        let package = try person.bundle().keyPackage
        expect(.unsupportedExtension) { _ = try group.commit(CommitRequest([.add(package)]), now: now) }
    }

    @Test func requiredCapabilities() throws {
        let required = RequiredCapabilities(proposals: [Proposal.selfRemoveType]).asExtension
        let person = try Person("x", suite, proposals: [])
        try expectRefused(.missingRequiredCapability, person.bundle().keyPackage, extensions: [required])
        expect(.missingRequiredCapability) {
            _ = try person.found(extensions: [RequiredCapabilities(credentials: [2]).asExtension])
        }
        expect(.missingRequiredCapability) {
            _ = try person.found(extensions: [RequiredCapabilities(extensions: [77]).asExtension])
        }
    }

    @Test func requiredCapabilitiesOfUpdates() throws {
        let required = RequiredCapabilities(proposals: [Proposal.selfRemoveType]).asExtension
        var circle = try Circle(3, suite, extensions: [required])
        var request = CommitRequest()
        request.newCapabilities = Capabilities(cipherSuites: [1])
        expect(.missingRequiredCapability) { _ = try circle.groups[0].commit(request, now: now) }
        let author = (circle.people[0], circle.groups[0])
        let forged = try circle.groups[0].forge { (commit) in
            let path = try #require(commit.path)
            var leaf = path.leafNode
            leaf.capabilities = Capabilities(cipherSuites: [1])
            try leaf.resign(author.0, author.1)
            return Commit(proposals: [], path: UpdatePath(leafNode: leaf, nodes: path.nodes))
        }
        expect(.missingRequiredCapability) { _ = try circle.groups[1].process(forged, now: now) }
    }

    @Test func credentials() throws {
        let person = try Person("x", suite)
        try expectRefused(
            .unsupportedCredential,
            altered(person) { $0.leafNode.capabilities.credentials = [2] }
        )
        // Its own is fine, but nobody else knows it.
        try expectRefused(
            .unsupportedCredential,
            altered(person) {
                $0.leafNode.credential = .x509([[1]])
                $0.leafNode.capabilities.credentials = [1, 2]
            }
        )
        // Does not know everybody else's.
        try expectRefused(
            .unsupportedCredential,
            altered(person) {
                $0.leafNode.credential = .x509([[1]])
                $0.leafNode.capabilities.credentials = [2]
            }
        )
    }

    @Test func keysAreUnique() throws {
        let circle = try Circle(3, suite)
        let person = try Person("x", suite)
        let taken = try #require(circle.groups[0].tree.leaf(2))
        let package = try altered(person) { $0.leafNode.encryptionKey = taken.encryptionKey }
        var group = circle.groups[0]
        expect(.duplicateEncryptionKey) { _ = try group.commit(CommitRequest([.add(package)]), now: now) }
        expect(.duplicateAdd) {
            _ = try group.commit(CommitRequest([.add(circle.people[2].bundle().keyPackage)]), now: now)
        }
        // An update to somebody else's signature key.
        var other = circle.groups[1]
        let update = try other.proposeUpdate(newSignatureKey: circle.people[2].identity.signatureKey)
        _ = try group.process(update, now: now)
        let commit = try group.commit(CommitRequest(), now: now)
        #expect(commit.staged.updated.isEmpty)
        var third = circle.groups[2]
        _ = try third.process(update, now: now)
        let reference = try #require(third.proposals.first?.reference)
        let forged = try group.forge(.commit(Commit(proposals: [.reference(reference)], path: nil)))
        expect(.duplicateSignatureKey) { _ = try third.process(forged, now: now) }
    }

    @Test func credentialStaysTheSame() throws {
        var circle = try Circle(3, suite)
        let author = (circle.people[0], circle.groups[0])
        let forged = try circle.groups[0].forge { (commit) in
            let path = try #require(commit.path)
            var leaf = path.leafNode
            leaf.credential = .basic([6, 6, 6])
            try leaf.resign(author.0, author.1)
            return Commit(proposals: [], path: UpdatePath(leafNode: leaf, nodes: path.nodes))
        }
        expect(.credentialRejected) { _ = try circle.groups[1].process(forged, now: now) }
        circle.groups[1].policy.allowsCredentialChange = true
        // The secrets are bound to the tree, in which the leaf now is another one.
        expect(.decryptionFailed) {
            _ = try circle.groups[1].process(forged, now: now)
        }
    }
}

extension LeafNode {
    mutating func resign(_ person: Person, _ group: Group) throws {
        signature = try group.suite.sign(
            signedBytes(groupID: group.groupID, index: group.ownLeaf),
            "LeafNodeTBS",
            person.identity.signatureKey
        )
    }
}
