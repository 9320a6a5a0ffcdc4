import BurrowBase
import BurrowCrypto
import BurrowMLS
import Testing

/// Rules W1 to W17: what a Welcome must hold.
@Suite struct WelcomeRuleTests {
    typealias NaiveTree = TreePropertyTests.NaiveTree

    let suite = CipherSuite(.x25519AES128GCM)

    /// A group of six with some paths and gaps, and somebody who is being added.
    struct Scene {
        var circle: Circle
        let joiner: Person
        let bundle: KeyPackageBundle
        let welcome: [UInt8]?
        var open: OpenWelcome
    }

    private func scene(withPath: Bool = true, extensions: [Extension] = []) throws -> Scene {
        var circle = try Circle(5, suite, extensions: extensions)
        try circle.commit(by: 1)
        try circle.commit(by: 3, CommitRequest([.remove(2)]))
        // Two newcomers without a path are unmerged above: leaves 2 and 5.
        var request = CommitRequest()
        request.forcesPath = false
        request.proposals = try [Person("six", suite), Person("seven", suite)].map { (person) in
            .add(try person.bundle().keyPackage)
        }
        let committed = try circle.commit(by: 1, request)
        #expect(committed.staged.added.map(\.leaf) == [2, 5])
        let joiner = try Person("joiner", suite)
        let bundle = try joiner.bundle()
        request.forcesPath = withPath
        request.proposals = [.add(bundle.keyPackage)]
        let welcome = try circle.commit(by: 0, request).welcome
        let signer = circle.people[0].identity.signatureKey
        let open = try OpenWelcome(welcome, bundle, signer: signer, suite)
        return Scene(circle: circle, joiner: joiner, bundle: bundle, welcome: welcome, open: open)
    }

    /// A group without parents, whose leaves therefore can be changed one by one.
    private func flatScene() throws -> Scene {
        var circle = try Circle(1, suite)
        var request = CommitRequest()
        request.forcesPath = false
        let joiner = try Person("joiner", suite)
        let bundle = try joiner.bundle()
        let packages = try (0..<6).map { try Person("member \($0)", suite).bundle().keyPackage }
        request.proposals = (packages[..<5] + [bundle.keyPackage] + packages[5...]).map { .add($0) }
        let welcome = try circle.commit(by: 0, request).welcome
        let signer = circle.people[0].identity.signatureKey
        let open = try OpenWelcome(welcome, bundle, signer: signer, suite)
        return Scene(circle: circle, joiner: joiner, bundle: bundle, welcome: welcome, open: open)
    }

    private func expectRefused(
        _ code: MLSError.Code,
        _ scene: Scene,
        signs: Bool = true,
        confirms: Bool = true,
        _ location: SourceLocation = #_sourceLocation,
        _ change: (inout OpenWelcome) throws -> Void
    ) throws {
        var open = scene.open
        try change(&open)
        let welcome = try open.closed(signs: signs, confirms: confirms)
        expect(code, location) { _ = try scene.joiner.join(welcome, scene.bundle) }
    }

    /// Changes a tree node by node.
    private func expectTreeRefused(
        _ code: MLSError.Code,
        _ scene: Scene,
        _ location: SourceLocation = #_sourceLocation,
        _ change: (inout NaiveTree) throws -> Void
    ) throws {
        try expectRefused(code, scene, location) { (open) in
            var tree = try NaiveTree(open.tree.encoded)
            try change(&tree)
            try open.setTree(tree.encoded, hash: tree.hash((tree.nodes.count - 1) / 2))
        }
    }

    @Test func unchangedIsAccepted() throws {
        for withPath in [true, false] {
            let scene = try scene(withPath: withPath)
            #expect((scene.open.secrets.pathSecret != nil) == withPath)
            let first = try scene.joiner.join(scene.welcome, scene.bundle)
            let second = try scene.joiner.join(scene.open.closed(), scene.bundle)
            #expect(first.epochAuthenticator == second.epochAuthenticator)
            #expect(first.epochAuthenticator == scene.circle.groups[0].epochAuthenticator)
        }
    }

    @Test func recipient() throws {
        let scene = try scene()
        let stranger = try Person("stranger", suite)
        expect(.noMatchingKeyPackage) { _ = try stranger.join(scene.welcome, stranger.bundle()) }
        guard case .welcome(let welcome) = try MLSMessage(decoding: try #require(scene.welcome)) else {
            return
        }
        let other = Welcome(
            cipherSuite: 3,
            secrets: welcome.secrets,
            encryptedGroupInfo: welcome.encryptedGroupInfo
        )
        expect(.keyPackageMismatch) {
            _ = try scene.joiner.join(MLSMessage.welcome(other).encoded, scene.bundle)
        }
        let broken = Welcome(
            cipherSuite: 1,
            secrets: welcome.secrets,
            encryptedGroupInfo: welcome.encryptedGroupInfo.flipped(0)
        )
        expect(.welcomeDecryptFailed) {
            _ = try scene.joiner.join(MLSMessage.welcome(broken).encoded, scene.bundle)
        }
        #expect(try Group.match(welcome, [stranger.bundle(), scene.bundle], suite: suite) == 1)
        #expect(try Group.match(welcome, [stranger.bundle()], suite: suite) == nil)
    }

    @Test func groupInfo() throws {
        let scene = try scene()
        try expectRefused(.invalidGroupInfoSignature, scene, signs: false) { (open) in
            open.info.signature = open.info.signature.flipped(0)
        }
        try expectRefused(.invalidGroupInfoSignature, scene) { $0.info.signer = 1 }
        try expectRefused(.invalidGroupInfoSignature, scene) { $0.info.signer = 7 }
        try expectRefused(.invalidGroupInfoSignature, scene) { $0.info.signer = 1 << 30 }
        try expectRefused(.keyPackageMismatch, scene) { $0.info.context.cipherSuite = 3 }
        try expectRefused(.confirmationTagMismatch, scene, confirms: false) { (open) in
            open.info.confirmationTag = open.info.confirmationTag.flipped(0)
        }
        try expectRefused(.confirmationTagMismatch, scene, confirms: false) { $0.info.context.epoch += 1 }
        try expectRefused(.duplicateExtension, scene) { (open) in
            open.info.extensions.append(open.info.extensions[0])
        }
    }

    @Test func knownGroup() throws {
        let scene = try scene()
        var options = JoinOptions.test
        options.knownGroups = [scene.circle.groups[0].groupID]
        expect(.groupAlreadyExists) {
            _ = try scene.joiner.join(scene.welcome, scene.bundle, options: options)
        }
    }

    @Test func treeIsThere() throws {
        let scene = try scene()
        var open = scene.open
        let encoded = try open.tree.encoded
        open.info.extensions = []
        let welcome = try open.closed()
        expect(.missingRatchetTree) { _ = try scene.joiner.join(welcome, scene.bundle) }
        var options = JoinOptions.test
        options.ratchetTree = encoded
        let joined = try scene.joiner.join(welcome, scene.bundle, options: options)
        #expect(joined.epochAuthenticator == scene.circle.groups[0].epochAuthenticator)
        try expectRefused(.treeHashMismatch, scene) { $0.info.context.treeHash[0] ^= 1 }
    }

    @Test func treeForm() throws {
        let scene = try scene()
        let tree = try NaiveTree(scene.open.tree.encoded)
        func refuse(_ code: MLSError.Code, _ encoded: [UInt8], _ location: SourceLocation = #_sourceLocation)
            throws
        {
            try expectRefused(code, scene, location) { try $0.setTree(encoded, hash: [1]) }
        }
        try refuse(.malformedTree, [0])
        try refuse(.malformedTree, [1, 0])
        var trailing = tree.encoded
        trailing.append(0)
        try refuse(.codecTrailing, trailing)
        var swapped = tree
        swapped.nodes.swapAt(0, 1)
        try refuse(.malformedTree, swapped.encoded)
        var cut = tree
        for index in 8..<15 { cut.nodes[index] = nil }
        cut.nodes[7] = cut.nodes[3]
        try refuse(.duplicateEncryptionKey, cut.encoded)
        cut.nodes[3] = nil
        try refuse(.malformedTree, cut.encoded)
        try refuse(.codecInvalidValue, [3, 1, 3, 0])
        try refuse(.codecInvalidValue, [1, 2])
    }

    @Test func parents() throws {
        let scene = try scene()
        try expectTreeRefused(.parentHashInvalid, scene) { (tree) in
            guard case .parent(var parent) = tree.nodes[3] else { return }
            parent.parentHash = [UInt8](repeating: 1, count: 32)
            tree.nodes[3] = .parent(parent)
        }
        try expectTreeRefused(.parentHashInvalid, scene) { (tree) in
            guard case .parent(var parent) = tree.nodes[7] else { return }
            parent.encryptionKey = try suite.generateEncryptionKey().publicKey
            tree.nodes[7] = .parent(parent)
        }
        try expectTreeRefused(.invalidPublicKey, scene) { (tree) in
            guard case .parent(var parent) = tree.nodes[7] else { return }
            parent.encryptionKey = [UInt8](repeating: 0, count: 32)
            tree.nodes[7] = .parent(parent)
        }
        // A node that nobody below confirms.
        try expectTreeRefused(.parentHashInvalid, scene) { (tree) in
            #expect(tree.nodes[9] == nil)
            tree.nodes[9] = .parent(
                ParentNode(encryptionKey: try suite.generateEncryptionKey().publicKey, parentHash: [])
            )
        }
        try expectTreeRefused(.duplicateEncryptionKey, scene) { (tree) in
            guard case .parent(var parent) = tree.nodes[7], case .leaf(let leaf) = tree.nodes[2] else {
                return
            }
            parent.encryptionKey = leaf.encryptionKey
            tree.nodes[7] = .parent(parent)
        }
    }

    @Test(
        arguments: [
            [6, 5], [2, 2], [0, 2, 5, 6, 9], [99], [7], [3], [.max],
        ] as [[UInt32]]
    )
    func unmergedLeaves(_ leaves: [UInt32]) throws {
        let scene = try scene(withPath: false)
        try expectTreeRefused(.invalidUnmergedLeaves, scene) { (tree) in
            guard case .parent(var parent) = tree.nodes[7] else {
                Issue.record("root is blank")
                return
            }
            parent.unmergedLeaves = leaves
            tree.nodes[7] = .parent(parent)
        }
    }

    @Test func leaves() throws {
        let scene = try flatScene()
        try expectTreeRefused(.invalidLeafSignature, scene) { (tree) in
            guard case .leaf(var leaf) = tree.nodes[4] else { return }
            leaf.signature = leaf.signature.flipped(0)
            tree.nodes[4] = .leaf(leaf)
        }
        try expectTreeRefused(.duplicateSignatureKey, scene) { (tree) in
            guard case .leaf(var leaf) = tree.nodes[4], case .leaf(let other) = tree.nodes[6] else { return }
            leaf.signatureKey = other.signatureKey
            tree.nodes[4] = .leaf(leaf)
        }
        try expectTreeRefused(.ownLeafMissing, scene) { (tree) in
            let stranger = try Person("stranger", suite).bundle()
            #expect(tree.nodes[12] != nil)
            tree.nodes[12] = .leaf(stranger.keyPackage.leafNode)
        }
    }

    @Test func lifetimesWhenPolicyWants() throws {
        let scene = try scene()
        var options = JoinOptions.test
        options.policy.checksReceivedLifetimes = true
        _ = try scene.joiner.join(scene.welcome, scene.bundle, options: options)
        guard case .welcome(let welcome) = try MLSMessage(decoding: try #require(scene.welcome)) else {
            return
        }
        expect(.lifetimeNotCurrent) {
            _ = try Group(
                joining: welcome,
                with: scene.bundle,
                options: options,
                now: now + 85 * 86_400,
                suite: suite
            )
        }
    }

    @Test func pathSecret() throws {
        let scene = try scene()
        try expectRefused(.pathKeyMismatch, scene) { (open) in
            open.secrets = GroupSecrets(
                joinerSecret: open.secrets.joinerSecret,
                pathSecret: try suite.zeros(),
                preSharedKeys: []
            )
        }
    }

    @Test func extensionsOfTheGroup() throws {
        let scene = try scene()
        try expectRefused(.unsupportedExtension, scene) { (open) in
            open.info.context.extensions.append(Extension(type: 0x1234, data: []))
        }
        try expectRefused(.missingRequiredCapability, scene) { (open) in
            open.info.context.extensions = [RequiredCapabilities(proposals: [0x1234]).asExtension]
        }
        // Unknown extensions of the GroupInfo itself are nobody's business.
        var open = scene.open
        open.info.extensions.append(Extension(type: 0x1234, data: [1]))
        _ = try scene.joiner.join(open.closed(), scene.bundle)
    }

    @Test func continuedGroups() throws {
        let scene = try scene()
        let old = Array("old".utf8)
        let nonce = [UInt8](repeating: 3, count: 32)
        func id(_ usage: PreSharedKeyID.Usage, _ epoch: UInt64) -> PreSharedKeyID {
            PreSharedKeyID(kind: .resumption(usage, groupID: old, epoch: epoch), nonce: nonce)
        }
        func attempt(_ ids: [PreSharedKeyID], epoch: UInt64) throws -> [UInt8] {
            var open = scene.open
            open.secrets = GroupSecrets(
                joinerSecret: open.secrets.joinerSecret,
                pathSecret: open.secrets.pathSecret,
                preSharedKeys: ids
            )
            open.keys.set(try suite.zeros(), groupID: old, epoch: 4)
            open.keys.set(try suite.zeros(), groupID: old, epoch: 5)
            open.info.context.epoch = epoch
            return try open.closed()
        }
        var options = JoinOptions.test
        options.preSharedKeys.set(try suite.zeros(), groupID: old, epoch: 4)
        options.preSharedKeys.set(try suite.zeros(), groupID: old, epoch: 5)
        let late = try attempt([id(.branch, 4)], epoch: 2)
        expect(.invalidResumption) { _ = try scene.joiner.join(late, scene.bundle, options: options) }
        let two = try attempt([id(.branch, 4), id(.reinit, 5)], epoch: 1)
        expect(.invalidResumption) { _ = try scene.joiner.join(two, scene.bundle, options: options) }
        let twice = try attempt([id(.branch, 4), id(.branch, 4)], epoch: 1)
        expect(.duplicatePSK) { _ = try scene.joiner.join(twice, scene.bundle, options: options) }
        let fine = try attempt([id(.branch, 4)], epoch: 1)
        _ = try scene.joiner.join(fine, scene.bundle, options: options)
        expect(.pskUnavailable) { _ = try scene.joiner.join(fine, scene.bundle) }
    }

    @Test func lastResortPackageServesTwice() throws {
        let person = try Person("x", suite)
        let bundle = try person.bundle(extensions: [Extension(type: Extension.lastResort, data: [])])
        #expect(bundle.keyPackage.isLastResort)
        for number in 0..<2 as Range<UInt8> {
            var group = try Person("founder", suite).found([number])
            let commit = try group.commit(CommitRequest([.add(bundle.keyPackage)]), now: now)
            #expect(try person.join(commit.welcome, bundle).groupID == [number])
        }
    }
}
