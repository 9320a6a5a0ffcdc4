package import BurrowCrypto

/// Makes an update path (RFC 9420 §7.4-§7.6).
package struct PathSender {
    /// What the committer keeps for itself and for those who join.
    package struct Result {
        package let path: UpdatePath
        package let commitSecret: Secret
        /// Private keys for our leaf and the nodes above.
        package let keys: [UInt32: EncryptionKeyPair]
        /// Path secrets by the level of their node.
        let pathSecrets: [(level: Int, secret: Secret)]

        /// What somebody at another leaf may learn: the secret of the lowest node above both.
        package func pathSecret(sender: UInt32, receiver: UInt32) -> Secret? {
            let common = TreeMath.commonLevel(sender, receiver)
            return pathSecrets.first { $0.level == common }?.secret
        }
    }

    let suite: CipherSuite
    let leaf: UInt32
    let signatureKey: SignatureKeyPair

    package init(suite: CipherSuite, leaf: UInt32, signatureKey: SignatureKeyPair) {
        self.suite = suite
        self.leaf = leaf
        self.signatureKey = signatureKey
    }

    /// Puts new keys into the tree, whose proposals have been applied. `template` is the leaf to be renewed; `context`
    /// comes with the new epoch and extensions and the old transcript hash, and gets the new tree hash.
    package func send(
        _ template: LeafNode,
        tree: inout RatchetTree,
        context: inout GroupContext,
        added: [UInt32]
    ) throws(MLSError) -> Result {
        let steps = tree.filteredPath(of: leaf)
        var keys: [UInt32: EncryptionKeyPair] = [:]
        var publicKeys: [[UInt8]] = []
        var pathSecrets: [(level: Int, secret: Secret)] = []
        var secret = try suite.randomSecret()
        for step in steps {
            let pair = try suite.nodeKeyPair(secret)
            keys[step.node] = pair
            publicKeys.append(pair.publicKey)
            pathSecrets.append((step.level, secret))
            secret = try suite.deriveSecret(secret, "path")
        }
        let (parents, leafParentHash) = try tree.parents(on: steps, keys: publicKeys)
        let leafPair = try suite.generateEncryptionKey()
        keys[leaf << 1] = leafPair
        var leafNode = template
        leafNode.encryptionKey = leafPair.publicKey
        leafNode.signatureKey = signatureKey.publicKey
        leafNode.source = .commit(parentHash: leafParentHash)
        try leafNode.sign(suite, signatureKey, groupID: context.groupID, index: leaf)
        try tree.apply(leafNode, at: leaf, parents: parents)
        context.treeHash = try tree.treeHash()

        let encodedContext = context.encoded
        var nodes: [UpdatePathNode] = []
        for (position, step) in steps.enumerated() {
            var ciphertexts: [HPKECiphertext] = []
            for recipient in tree.recipients(of: step, without: added) {
                ciphertexts.append(
                    try suite.encrypt(
                        pathSecrets[position].secret,
                        label: PathReceiver.label,
                        context: encodedContext,
                        to: recipient.key
                    )
                )
            }
            nodes.append(
                UpdatePathNode(encryptionKey: publicKeys[position], encryptedPathSecrets: ciphertexts)
            )
        }
        return Result(
            path: UpdatePath(leafNode: leafNode, nodes: nodes),
            commitSecret: secret,
            keys: keys,
            pathSecrets: pathSecrets
        )
    }
}

extension LeafNode {
    /// Signs the leaf as it stands, for its place in a group or, with a key package's source, for none.
    mutating func sign(
        _ suite: CipherSuite,
        _ key: SignatureKeyPair,
        groupID: [UInt8],
        index: UInt32
    ) throws(MLSError) {
        signature = try suite.sign(signedBytes(groupID: groupID, index: index), "LeafNodeTBS", key)
    }
}
