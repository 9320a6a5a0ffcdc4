package import BurrowBase
internal import BurrowCrypto

extension Epoch {
    func encode(to writer: inout SecretWriter) throws(MLSError) {
        writer.writeOpaque(context.encoded)
        writer.writeTree(tree)
        writer.writeUInt32(ownLeaf)
        try writer.writeArray(keys.keys.sorted()) { (writer, node) throws(MLSError) in
            guard let key = keys[node] else { return }
            writer.writeUInt32(node)
            writer.writeKey(key)
        }
        writer.writeOpaque(confirmationTag)
        for secret in [
            senderDataSecret, exporterSecret, authenticator, externalSecret, membershipKey, resumptionSecret,
            initSecret,
        ] {
            writer.writeSecret(secret)
        }
        try writer.writeSecretTree(secretTree)
    }

    init(
        state reader: inout ByteReader,
        _ suite: CipherSuite,
        _ parts: StoredParts?
    ) throws(MLSError) {
        self.suite = suite
        context = try StateReader.value(&reader)
        tree = try StateReader.tree(&reader, context, suite, parts)
        ownLeaf = try Wire.uint32(&reader)
        keys = try StateReader.table(&reader) { (reader) throws(MLSError) in
            try StateReader.key(&reader, suite)
        }
        confirmationTag = try Wire.opaque(&reader)
        interimTranscriptHash = try Transcript.interimHash(
            confirmed: context.confirmedTranscriptHash,
            confirmationTag: confirmationTag,
            suite: suite
        )
        senderDataSecret = try StateReader.secret(&reader, suite)
        exporterSecret = try StateReader.secret(&reader, suite)
        authenticator = try StateReader.secret(&reader, suite)
        externalSecret = try StateReader.secret(&reader, suite)
        membershipKey = try StateReader.secret(&reader, suite)
        resumptionSecret = try StateReader.secret(&reader, suite)
        initSecret = try StateReader.secret(&reader, suite)
        secretTree = try StateReader.secretTree(&reader, context, suite, parts)
        guard context.cipherSuite == suite.id.rawValue, try tree.treeHash() == context.treeHash,
            tree.leaf(ownLeaf) != nil
        else { throw MLSError(.codecInvalidValue, "stored epoch does not fit its tree") }
    }
}

extension PastEpoch {
    func encode(to writer: inout SecretWriter) throws(MLSError) {
        writer.writeOpaque(context.encoded)
        writer.writeTree(tree)
        writer.writeSecret(senderDataSecret)
        writer.writeUInt64(endedAt)
        try writer.writeSecretTree(secretTree)
    }

    init(
        state reader: inout ByteReader,
        _ suite: CipherSuite,
        _ parts: StoredParts?
    ) throws(MLSError) {
        context = try StateReader.value(&reader)
        tree = try StateReader.tree(&reader, context, suite, parts)
        senderDataSecret = try StateReader.secret(&reader, suite)
        endedAt = try Wire.uint64(&reader)
        secretTree = try StateReader.secretTree(&reader, context, suite, parts)
    }
}

extension StagedCommit {
    private static func encode(
        _ members: [(leaf: UInt32, node: LeafNode)],
        to writer: inout SecretWriter
    ) throws(MLSError) {
        try writer.writeArray(members) { (writer, member) throws(MLSError) in
            writer.writeUInt32(member.leaf)
            writer.writeOpaque(member.node.encoded)
        }
    }

    private static func members(
        _ reader: inout ByteReader
    ) throws(MLSError) -> [(leaf: UInt32, node: LeafNode)] {
        try StateReader.array(&reader) { (reader) throws(MLSError) in
            let leaf = try Wire.uint32(&reader)
            let node: LeafNode = try StateReader.value(&reader)
            return (leaf, node)
        }
    }

    package func encode(to writer: inout SecretWriter) throws(MLSError) {
        try writer.writeOptional(next) { (writer, next) throws(MLSError) in try next.encode(to: &writer) }
        writer.writeOpaque(parentTranscriptHash)
        try writer.writeOptional(newSignatureKey) { (writer, key) throws(MLSError) in
            writer.writeSecret(key.seed)
        }
        writer.writeUInt64(epoch)
        writer.write(committer)
        writer.writeUInt32(committerLeaf)
        writer.writeOpaque(authenticatedData)
        try Self.encode(added, to: &writer)
        try Self.encode(removed, to: &writer)
        try Self.encode(updated, to: &writer)
        writer.writeBool(hasPath)
        writer.write { $0.writeList(extensions) }
        writer.writeBool(changesExtensions)
        try writer.writeOptional(reinit) { (writer, reinit) throws(MLSError) in writer.write(reinit) }
        try writer.writeArray(proposalTypes) { (writer, type) throws(MLSError) in
            writer.write { $0.writeUInt16(type) }
        }
    }

    package init(state reader: inout ByteReader, _ suite: CipherSuite) throws(MLSError) {
        try self.init(state: &reader, suite, nil)
    }

    init(
        state reader: inout ByteReader,
        _ suite: CipherSuite,
        _ parts: StoredParts?
    ) throws(MLSError) {
        next = try StateReader.optional(&reader) { (reader) throws(MLSError) in
            try Epoch(state: &reader, suite, parts)
        }
        parentTranscriptHash = try Wire.opaque(&reader)
        newSignatureKey = try StateReader.optional(&reader) { (reader) throws(MLSError) in
            try SignatureKeyPair(seed: StateReader.secret(&reader, suite))
        }
        epoch = try Wire.uint64(&reader)
        committer = try Sender(from: &reader)
        committerLeaf = try Wire.uint32(&reader)
        authenticatedData = try Wire.opaque(&reader)
        added = try Self.members(&reader)
        removed = try Self.members(&reader)
        updated = try Self.members(&reader)
        hasPath = try StateReader.bool(&reader)
        extensions = try [Extension](from: &reader)
        changesExtensions = try StateReader.bool(&reader)
        reinit = try Wire.optional(&reader)
        proposalTypes = try StateReader.array(&reader) { (reader) throws(MLSError) in
            try Wire.uint16(&reader)
        }
    }
}
