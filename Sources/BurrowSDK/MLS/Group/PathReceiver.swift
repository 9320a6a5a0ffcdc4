package import BurrowCrypto

/// Takes in an update path as one of its receivers (RFC 9420 §7.5, §7.6).
package struct PathReceiver {
    let suite: CipherSuite
    let sender: UInt32
    let own: UInt32
    /// Leaves that are new in the same commit, to whom nothing was encrypted.
    let added: [UInt32]

    package init(suite: CipherSuite, sender: UInt32, own: UInt32, added: [UInt32]) {
        self.suite = suite
        self.sender = sender
        self.own = own
        self.added = added
    }

    /// Puts the path into the tree, whose proposals have been applied, and answers the commit secret.
    ///
    /// `context` comes with the new epoch and extensions and the old transcript hash, and gets the new tree hash. The leaf
    /// itself was checked before.
    package func receive(
        _ path: UpdatePath,
        tree: inout RatchetTree,
        context: inout GroupContext,
        keys: inout [UInt32: EncryptionKeyPair]
    ) throws(MLSError) -> Secret {
        let steps = tree.filteredPath(of: sender)
        guard steps.count == path.nodes.count else {
            throw MLSError(.pathLengthMismatch, "path of \(path.nodes.count) nodes instead of \(steps.count)")
        }
        let common = TreeMath.commonLevel(sender, own)
        var target: (position: Int, ciphertext: HPKECiphertext, key: EncryptionKeyPair)?
        for (position, step) in steps.enumerated() {
            let node = path.nodes[position]
            try suite.requireValid(encryptionKey: node.encryptionKey)
            let recipients = tree.recipients(of: step, without: added)
            guard recipients.count == node.encryptedPathSecrets.count else {
                throw MLSError(
                    .pathCiphertextCount,
                    "\(node.encryptedPathSecrets.count) ciphertexts for \(recipients.count) receivers"
                )
            }
            guard step.level == common else { continue }
            for (recipient, ciphertext) in zip(recipients, node.encryptedPathSecrets) {
                if let key = keys[recipient.node], key.publicKey == recipient.key {
                    target = (position, ciphertext, key)
                    break
                }
            }
        }
        guard let target else {
            throw MLSError(.pathLengthMismatch, "path has nothing for us")
        }
        let (parents, leafParentHash) = try tree.parents(on: steps, keys: path.nodes.map(\.encryptionKey))
        guard path.leafNode.parentHash == leafParentHash else {
            throw MLSError(.parentHashMismatch, "parent hash of the committer's leaf does not match")
        }
        try tree.apply(path.leafNode, at: sender, parents: parents)
        context.treeHash = try tree.treeHash()

        var secret = try suite.decrypt(
            target.ciphertext,
            label: Self.label,
            context: context.encoded,
            with: target.key
        )
        keys = Epoch.keys(keys, in: tree)
        for position in target.position..<steps.count {
            let pair = try suite.nodeKeyPair(secret)
            guard pair.publicKey == path.nodes[position].encryptionKey else {
                throw MLSError(.pathKeyMismatch, "path secret does not give the key of the path")
            }
            keys[steps[position].node] = pair
            secret = try suite.deriveSecret(secret, "path")
        }
        return secret
    }

    static let label = Array("UpdatePathNode".utf8)
}

extension CipherSuite {
    /// The key pair of a node from its path secret (RFC 9420 §7.4).
    package func nodeKeyPair(_ pathSecret: Secret) throws(MLSError) -> EncryptionKeyPair {
        try deriveKeyPair(deriveSecret(pathSecret, "node"))
    }
}
