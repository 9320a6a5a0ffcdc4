import BurrowBase
import BurrowCrypto
import BurrowMLS
import Testing

@Suite(.enabled(if: Vectors.exist, Vectors.absence)) struct TreeVectorTests {
    @Test func validation() throws {
        try Vectors.forEach("tree-validation", atLeast: 28) { (entry, suite) in
            let encoded = try entry.bytes("tree")
            let tree = try RatchetTree(decoding: encoded, suite: suite)
            #expect(tree.encoded == encoded)
            for (node, expected) in try entry.object.array("tree_hashes").enumerated() {
                let hash = try tree.treeHash(ofNode: UInt32(node))
                #expect(Hex.encode(hash) == expected.stringValue, "tree hash of node \(node)")
            }
            for (node, expected) in try entry.object.array("resolutions").enumerated() {
                let resolution = tree.resolution(ofNode: UInt32(node)).map { JSON.integer(Int64($0)) }
                #expect(JSON.array(resolution) == expected, "resolution of node \(node)")
            }
            try tree.validateParents()
            let groupID = try entry.bytes("group_id")
            for (leaf, node) in tree.members {
                try node.validateSignature(at: leaf, groupID: groupID, suite: suite)
            }
        }
    }

    @Test func operations() throws {
        try Vectors.forEach("tree-operations", atLeast: 5) { (entry, suite) in
            var tree = try RatchetTree(decoding: entry.bytes("tree_before"), suite: suite)
            #expect(try tree.treeHash() == entry.bytes("tree_hash_before"))
            switch try Proposal(decoding: entry.bytes("proposal")) {
            case .add(let keyPackage): _ = try tree.add(keyPackage.leafNode)
            case .update(let leaf): try tree.update(UInt32(entry.integer("proposal_sender")), to: leaf)
            case .remove(let leaf): try tree.remove(leaf)
            default: Issue.record("unexpected proposal")
            }
            #expect(try tree.encoded == entry.bytes("tree_after"))
            #expect(try tree.treeHash() == entry.bytes("tree_hash_after"))
        }
    }

    private struct Receiver {
        let index: UInt32
        let keys: [UInt32: EncryptionKeyPair]
        let signatureKey: SignatureKeyPair
    }

    @Test func treeKEM() throws {
        try Vectors.forEach("treekem", atLeast: 22) { (entry, suite) in
            let tree = try RatchetTree(decoding: entry.bytes("ratchet_tree"), suite: suite)
            let context = GroupContext(
                cipherSuite: suite.id.rawValue,
                groupID: try entry.bytes("group_id"),
                epoch: UInt64(try entry.integer("epoch")),
                treeHash: [],
                confirmedTranscriptHash: try entry.bytes("confirmed_transcript_hash"),
                extensions: []
            )
            var receivers: [Receiver] = []
            for leaf in try entry.list("leaves_private") {
                let index = UInt32(try leaf.integer("index"))
                var keys = [
                    index << 1: try suite.encryptionKey(privateKey: leaf.secret("encryption_priv", suite))
                ]
                for secret in try leaf.list("path_secrets") {
                    let node = UInt32(try secret.integer("node"))
                    let pair = try suite.nodeKeyPair(secret.secret("path_secret", suite))
                    #expect(pair.publicKey == tree.encryptionKey(ofNode: node))
                    keys[node] = pair
                }
                let signatureKey = try SignatureKeyPair(seed: leaf.secret("signature_priv", suite))
                receivers.append(Receiver(index: index, keys: keys, signatureKey: signatureKey))
            }
            for update in try entry.list("update_paths") {
                let sender = UInt32(try update.integer("sender"))
                let path = try UpdatePath(decoding: update.bytes("update_path"))
                let commitSecret = try update.bytes("commit_secret")
                for receiver in receivers where receiver.index != sender {
                    let received = try receive(path, sender, receiver, tree, context, suite)
                    #expect(received.secret.copied() == commitSecret)
                    #expect(received.treeHash == (try update.bytes("tree_hash_after")))
                }
                // A path of our own, which everybody reads alike.
                let own = try #require(receivers.first { $0.index == sender })
                var ownTree = tree
                var ownContext = context
                let template = try #require(tree.leaf(sender))
                let sent = try PathSender(suite: suite, leaf: sender, signatureKey: own.signatureKey).send(
                    template,
                    tree: &ownTree,
                    context: &ownContext,
                    added: []
                )
                try sent.path.leafNode.validateSignature(at: sender, groupID: context.groupID, suite: suite)
                for receiver in receivers where receiver.index != sender {
                    let received = try receive(sent.path, sender, receiver, tree, context, suite)
                    #expect(received.secret.hex == sent.commitSecret.hex)
                    #expect(received.treeHash == ownContext.treeHash)
                }
                try ownTree.validateParents()
            }
        }
    }

    private func receive(
        _ path: UpdatePath,
        _ sender: UInt32,
        _ receiver: Receiver,
        _ tree: RatchetTree,
        _ context: GroupContext,
        _ suite: CipherSuite
    ) throws -> (secret: Secret, treeHash: [UInt8]) {
        var tree = tree
        var context = context
        var keys = receiver.keys
        let secret = try PathReceiver(suite: suite, sender: sender, own: receiver.index, added: [])
            .receive(path, tree: &tree, context: &context, keys: &keys)
        return (secret, context.treeHash)
    }
}
