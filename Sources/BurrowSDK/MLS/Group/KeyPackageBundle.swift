internal import BurrowCrypto

/// Who a member is and what it can do.
package struct MemberIdentity {
    package var credential: Credential
    package var capabilities: Capabilities
    package var leafExtensions: [Extension]
    package let signatureKey: SignatureKeyPair

    package init(
        credential: Credential,
        capabilities: Capabilities,
        leafExtensions: [Extension] = [],
        signatureKey: SignatureKeyPair
    ) {
        self.credential = credential
        self.capabilities = capabilities
        self.leafExtensions = leafExtensions
        self.signatureKey = signatureKey
    }

    /// A leaf with everything but its signature.
    func leaf(encryptionKey: [UInt8], source: LeafNode.Source) -> LeafNode {
        LeafNode(
            encryptionKey: encryptionKey,
            signatureKey: signatureKey.publicKey,
            credential: credential,
            capabilities: capabilities,
            source: source,
            extensions: leafExtensions,
            signature: []
        )
    }
}

/// A key package with its private keys (RFC 9420 §10).
package struct KeyPackageBundle {
    package let keyPackage: KeyPackage
    package let initKey: EncryptionKeyPair
    package let encryptionKey: EncryptionKeyPair
    package let signatureKey: SignatureKeyPair

    package init(
        keyPackage: KeyPackage,
        initKey: EncryptionKeyPair,
        encryptionKey: EncryptionKeyPair,
        signatureKey: SignatureKeyPair
    ) throws(MLSError) {
        guard keyPackage.initKey == initKey.publicKey,
            keyPackage.leafNode.encryptionKey == encryptionKey.publicKey,
            keyPackage.leafNode.signatureKey == signatureKey.publicKey
        else { throw MLSError(.invalidArgument, "private keys are not those of the key package") }
        self.keyPackage = keyPackage
        self.initKey = initKey
        self.encryptionKey = encryptionKey
        self.signatureKey = signatureKey
    }

    /// A new key package.
    package init(
        generate identity: MemberIdentity,
        lifetime: Lifetime,
        extensions: [Extension] = [],
        suite: CipherSuite
    ) throws(MLSError) {
        try extensions.requireUniqueTypes()
        initKey = try suite.generateEncryptionKey()
        encryptionKey = try suite.generateEncryptionKey()
        signatureKey = identity.signatureKey
        var leaf = identity.leaf(encryptionKey: encryptionKey.publicKey, source: .keyPackage(lifetime))
        try leaf.sign(suite, signatureKey, groupID: [], index: 0)
        try LeafRules.validateForm(leaf, suite: suite)
        var keyPackage = KeyPackage(
            cipherSuite: suite.id.rawValue,
            initKey: initKey.publicKey,
            leafNode: leaf,
            extensions: extensions,
            signature: []
        )
        keyPackage.signature = try suite.sign(keyPackage.signedBytes, "KeyPackageTBS", signatureKey)
        self.keyPackage = keyPackage
    }
}
