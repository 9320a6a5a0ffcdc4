internal import BurrowCrypto

/// What all members have in common, counted so that a change of one member costs the same in a group of any size.
struct MemberIndex {
    /// A public key as a value without storage of its own, so that copying the set is one block of memory.
    private struct Key: Hashable {
        let a: UInt64
        let b: UInt64
        let c: UInt64
        let d: UInt64

        init(_ bytes: [UInt8], _ suite: CipherSuite) throws(MLSError) {
            let bytes = bytes.count == 32 ? bytes : try suite.hash(bytes)
            func word(_ start: Int) -> UInt64 {
                bytes.dropFirst(start).prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
            }
            a = word(0)
            b = word(8)
            c = word(16)
            d = word(24)
        }
    }

    private var encryptionKeys: Set<Key> = []
    private var signatureKeys: Set<Key> = []
    private var memberCount = 0
    private var extensions: [UInt16: Int] = [:]
    private var proposals: [UInt16: Int] = [:]
    private var credentials: [UInt16: Int] = [:]
    private var credentialsInUse: [UInt16: Int] = [:]

    mutating func reserve(_ members: Int) {
        encryptionKeys.reserveCapacity(2 * members)
        signatureKeys.reserveCapacity(members)
    }

    func contains(encryptionKey: [UInt8], _ suite: CipherSuite) throws(MLSError) -> Bool {
        encryptionKeys.contains(try Key(encryptionKey, suite))
    }

    func contains(signatureKey: [UInt8], _ suite: CipherSuite) throws(MLSError) -> Bool {
        signatureKeys.contains(try Key(signatureKey, suite))
    }

    mutating func insert(encryptionKey: [UInt8], _ suite: CipherSuite) throws(MLSError) {
        guard encryptionKeys.insert(try Key(encryptionKey, suite)).inserted else {
            throw MLSError(.duplicateEncryptionKey, "encryption key occurs twice in the tree")
        }
    }

    mutating func remove(encryptionKey: [UInt8], _ suite: CipherSuite) throws(MLSError) {
        encryptionKeys.remove(try Key(encryptionKey, suite))
    }

    mutating func insert(_ leaf: LeafNode, _ suite: CipherSuite) throws(MLSError) {
        try insert(encryptionKey: leaf.encryptionKey, suite)
        guard signatureKeys.insert(try Key(leaf.signatureKey, suite)).inserted else {
            throw MLSError(.duplicateSignatureKey, "signature key occurs twice in the tree")
        }
        memberCount += 1
        count(leaf, 1)
    }

    mutating func remove(_ leaf: LeafNode, _ suite: CipherSuite) throws(MLSError) {
        try remove(encryptionKey: leaf.encryptionKey, suite)
        signatureKeys.remove(try Key(leaf.signatureKey, suite))
        memberCount -= 1
        count(leaf, -1)
    }

    private mutating func count(_ leaf: LeafNode, _ change: Int) {
        Self.count(leaf.capabilities.extensions, change, &extensions)
        Self.count(leaf.capabilities.proposals, change, &proposals)
        Self.count(leaf.capabilities.credentials, change, &credentials)
        Self.count([leaf.credential.type], change, &credentialsInUse)
    }

    /// A value that a member lists twice is supported once.
    private static func count(_ values: [UInt16], _ change: Int, _ counts: inout [UInt16: Int]) {
        for (index, value) in values.enumerated() where !values[..<index].contains(value) {
            let count = (counts[value] ?? 0) + change
            counts[value] = count == 0 ? nil : count
        }
    }

    func allSupport(extension type: UInt16) -> Bool {
        Extension.isDefault(type) || extensions[type] == memberCount
    }

    func allSupport(proposal type: UInt16) -> Bool {
        Proposal.isDefault(type) || proposals[type] == memberCount
    }

    func allSupport(credential type: UInt16) -> Bool {
        credentials[type] == memberCount
    }

    /// Every member understands the credentials of all members (RFC 9420 §7.3).
    var agreesOnCredentials: Bool {
        credentialsInUse.keys.allSatisfy { credentials[$0] == memberCount }
    }
}
