internal import BurrowCrypto

/// What a leaf must be to have a place in a group (RFC 9420 §7.3).
struct LeafRules {
    /// Where a leaf is met, which says what it was made for and what it is signed with.
    enum Place {
        case keyPackage
        case update(UInt32)
        case commit(UInt32)
        /// In a tree that we received; any source is possible.
        case tree(UInt32)
    }

    let suite: CipherSuite
    let groupID: [UInt8]
    /// Of the group the leaf is to live in: after a change of the context's extensions, the new ones.
    let extensions: [Extension]
    private let required: RequiredCapabilities?

    init(suite: CipherSuite, groupID: [UInt8], extensions: [Extension]) throws(MLSError) {
        self.suite = suite
        self.groupID = groupID
        self.extensions = extensions
        required = try extensions.requiredCapabilities()
    }

    func validate(_ leaf: LeafNode, _ place: Place) throws(MLSError) {
        try validateSource(leaf, place)
        try Self.validateSignature(leaf, place, groupID: groupID, suite: suite)
        try Self.validateForm(leaf, suite: suite)
        try validateCapabilities(leaf)
    }

    /// What can be said without knowing the group.
    static func validateForm(_ leaf: LeafNode, suite: CipherSuite) throws(MLSError) {
        try suite.requireValid(encryptionKey: leaf.encryptionKey)
        guard suite.isValid(signatureKey: leaf.signatureKey) else {
            throw MLSError(.invalidPublicKey, "signature key of \(leaf.signatureKey.count) bytes")
        }
        for entry in leaf.extensions where !leaf.capabilities.supports(extension: entry.type) {
            throw MLSError(.unsupportedExtension, "leaf has extension \(entry.type) without supporting it")
        }
        guard leaf.capabilities.supports(credential: leaf.credential.type) else {
            throw MLSError(.unsupportedCredential, "leaf does not support its own credential")
        }
    }

    /// Everything the group uses or requires.
    func validateCapabilities(_ leaf: LeafNode) throws(MLSError) {
        if let required { try leaf.capabilities.require(required) }
        for entry in extensions where !leaf.capabilities.supports(extension: entry.type) {
            throw MLSError(.unsupportedExtension, "member does not support extension \(entry.type)")
        }
    }

    private func validateSource(_ leaf: LeafNode, _ place: Place) throws(MLSError) {
        switch (place, leaf.source) {
        case (.keyPackage, .keyPackage), (.update, .update), (.commit, .commit), (.tree, _): break
        default: throw MLSError(.wrongLeafSource, "leaf was made for something else")
        }
    }

    static func validateSignature(
        _ leaf: LeafNode,
        _ place: Place,
        groupID: [UInt8],
        suite: CipherSuite
    ) throws(MLSError) {
        let index: UInt32 =
            switch place {
            case .keyPackage: 0
            case .update(let leaf), .commit(let leaf), .tree(let leaf): leaf
            }
        let content = leaf.signedBytes(groupID: groupID, index: index)
        guard try suite.isSigned(content, "LeafNodeTBS", leaf.signature, by: leaf.signatureKey) else {
            throw MLSError(.invalidLeafSignature, "signature of leaf \(index) does not match")
        }
    }
}

extension KeyPackage {
    /// Everything that can be said of a key package without a group (RFC 9420 §10.1), with `now` also its lifetime.
    package func validate(
        suite: CipherSuite,
        now: UInt64?,
        longestLifetime: UInt64?
    ) throws(MLSError) {
        guard cipherSuite == suite.id.rawValue else {
            throw MLSError(.keyPackageMismatch, "key package is for cipher suite \(cipherSuite)")
        }
        guard case .keyPackage(let lifetime) = leafNode.source else {
            throw MLSError(.wrongLeafSource, "leaf of a key package was made for something else")
        }
        try suite.requireValid(encryptionKey: initKey)
        guard initKey != leafNode.encryptionKey else {
            throw MLSError(.initKeyReused, "init key is the leaf's key")
        }
        try LeafRules.validateForm(leafNode, suite: suite)
        try LeafRules.validateSignature(leafNode, .keyPackage, groupID: [], suite: suite)
        guard try suite.isSigned(signedBytes, "KeyPackageTBS", signature, by: leafNode.signatureKey) else {
            throw MLSError(.invalidKeyPackageSignature, "signature of the key package does not match")
        }
        guard let now else { return }
        guard lifetime.contains(now) else {
            throw MLSError(.lifetimeNotCurrent, "key package is not valid at this time")
        }
        if let longestLifetime, lifetime.notAfter - lifetime.notBefore > longestLifetime {
            throw MLSError(.lifetimeTooLong, "key package is valid for too long")
        }
    }

    /// Its KeyPackageRef (RFC 9420 §5.2).
    package func reference(_ suite: CipherSuite) throws(MLSError) -> [UInt8] {
        try suite.referenceHash("MLS 1.0 KeyPackage Reference", encoded)
    }
}

extension LeafNode {
    /// Checks the signature of a leaf in its place in a tree.
    package func validateSignature(
        at index: UInt32,
        groupID: [UInt8],
        suite: CipherSuite
    ) throws(MLSError) {
        try LeafRules.validateSignature(self, .tree(index), groupID: groupID, suite: suite)
    }
}
