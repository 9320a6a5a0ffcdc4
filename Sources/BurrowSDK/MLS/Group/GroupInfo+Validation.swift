internal import BurrowBase
internal import BurrowCrypto

/// Checks of a group that one is about to join (RFC 9420 §12.4.3.1).
extension GroupInfo {
    /// The tree, from the extension or from elsewhere, complete and checked.
    package func validatedTree(
        _ external: [UInt8]?,
        suite: CipherSuite,
        now: UInt64?
    ) throws(MLSError) -> RatchetTree {
        guard context.cipherSuite == suite.id.rawValue else {
            throw MLSError(.keyPackageMismatch, "group is of cipher suite \(context.cipherSuite)")
        }
        guard context.groupID.count <= MLSLimits.groupIDBytes else {
            throw MLSError(.codecLimit, "group id of \(context.groupID.count) bytes")
        }
        guard let encoded = external ?? extensions.data(of: Extension.ratchetTree) else {
            throw MLSError(.missingRatchetTree, "no tree in the GroupInfo nor besides it")
        }
        let tree = try RatchetTree(decoding: encoded, suite: suite)
        let signatureKey = try tree.requireLeaf(signer, .invalidGroupInfoSignature).signatureKey
        guard try suite.isSigned(signedBytes, "GroupInfoTBS", signature, by: signatureKey) else {
            throw MLSError(.invalidGroupInfoSignature, "signature of the GroupInfo does not match")
        }
        guard try tree.treeHash() == context.treeHash else {
            throw MLSError(.treeHashMismatch, "tree is not the one of the GroupInfo")
        }
        try tree.validateParents()
        let rules = try LeafRules(suite: suite, groupID: context.groupID, extensions: context.extensions)
        _ = try context.extensions.externalSenders()
        try tree.forEachMember { (index, leaf) throws(MLSError) in
            try rules.validate(leaf, .tree(index))
            guard let now, case .keyPackage(let lifetime) = leaf.source else { return }
            guard lifetime.contains(now) else {
                throw MLSError(.lifetimeNotCurrent, "leaf \(index) is not valid at this time")
            }
        }
        try tree.requireAgreementOnCredentials()
        return tree
    }

    /// The key for external commits.
    package func externalKey() throws(MLSError) -> [UInt8] {
        guard let data = extensions.data(of: Extension.externalPub) else {
            throw MLSError(.missingExternalKey, "GroupInfo does not let others join by themselves")
        }
        var reader = ByteReader(data.span)
        let key = try Wire.opaque(&reader)
        guard reader.isAtEnd else { throw MLSError(.codecTrailing, "bytes after the external key") }
        return key
    }
}
