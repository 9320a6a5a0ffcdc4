internal import BurrowBase
internal import BurrowCrypto

extension Ratchet {
    func encode(to writer: inout SecretWriter) throws(MLSError) {
        writer.writeSecret(nextSecret)
        writer.writeUInt64(next)
        try writer.writeArray(skipped) { (writer, key) throws(MLSError) in
            writer.writeUInt32(key.generation)
            writer.writeSecret(key.key)
            writer.writeOpaque(key.nonce)
        }
    }

    init(state reader: inout ByteReader, _ suite: CipherSuite) throws(MLSError) {
        let secret = try StateReader.secret(&reader, suite)
        let next = try Wire.uint64(&reader)
        let skipped = try StateReader.array(&reader) { (reader) throws(MLSError) in
            MessageKey(
                generation: try Wire.uint32(&reader),
                key: try StateReader.secret(&reader, suite),
                nonce: try Wire.opaque(&reader)
            )
        }
        self.init(secret: secret, next: next, skipped: skipped)
    }
}

extension SecretTree.Ratchets {
    func encode(to writer: inout SecretWriter) throws(MLSError) {
        try handshake.encode(to: &writer)
        try application.encode(to: &writer)
    }

    init(state reader: inout ByteReader, _ suite: CipherSuite) throws(MLSError) {
        handshake = try Ratchet(state: &reader, suite)
        application = try Ratchet(state: &reader, suite)
    }

    init(record: [UInt8], _ suite: CipherSuite) throws(MLSError) {
        var reader = ByteReader(record.span)
        try self.init(state: &reader, suite)
        guard reader.isAtEnd else { throw MLSError(.codecTrailing, "bytes after the ratchets") }
    }
}

extension SecretTree {
    func encode(to writer: inout SecretWriter) throws(MLSError) {
        writer.writeUInt32(leafCount)
        try writer.writeArray(nodes.keys.sorted()) { (writer, node) throws(MLSError) in
            guard let secret = nodes[node] else { return }
            writer.writeUInt32(node)
            writer.writeSecret(secret)
        }
        try writer.writeArray(ratchets.keys.sorted()) { (writer, leaf) throws(MLSError) in
            guard let both = ratchets[leaf] else { return }
            writer.writeUInt32(leaf)
            try both.encode(to: &writer)
        }
    }

    init(state reader: inout ByteReader, _ suite: CipherSuite) throws(MLSError) {
        let leafCount = try Wire.uint32(&reader)
        guard leafCount.nonzeroBitCount == 1, leafCount <= MLSLimits.leaves else {
            throw MLSError(.codecInvalidValue, "secret tree of \(leafCount) leaves")
        }
        let nodes = try StateReader.table(&reader) { (reader) throws(MLSError) in
            try StateReader.secret(&reader, suite)
        }
        let ratchets = try StateReader.table(&reader) { (reader) throws(MLSError) in
            try Ratchets(state: &reader, suite)
        }
        self.init(restoring: nodes, ratchets, leafCount: leafCount, suite: suite)
    }

    /// The ratchets of one sender, `nil` before they began.
    func encodedRatchets(of leaf: UInt32) throws(MLSError) -> [UInt8]? {
        guard let both = ratchets[leaf] else { return nil }
        var writer = SecretWriter()
        try both.encode(to: &writer)
        return writer.bytes
    }

    /// Moves one sender's ratchets to where a later record has them.
    mutating func restoreRatchets(of leaf: UInt32, _ record: [UInt8]) throws(MLSError) {
        try replaceRatchets(of: leaf, with: Ratchets(record: record, suite))
    }
}
