internal import BurrowBase
package import BurrowCrypto

/// A group as bytes, to be kept by somebody who seals them.
///
/// There are two kinds of record. The whole state changes with epochs, proposals and our own commits. The ratchets of one
/// sender change with each message and are small: what was stored of them after the whole state is put on top of it. For
/// our own leaf that has to happen before the message gets out.
extension Group {
    private static let stateVersion: UInt8 = 1

    /// Everything but the policy, secrets included. The caller erases it.
    package func encodedState() throws(MLSError) -> [UInt8] {
        try encodedState(leavesOutTrees: false)
    }

    func encodedState(leavesOutTrees: Bool) throws(MLSError) -> [UInt8] {
        var writer = SecretWriter(leavesOutTrees: leavesOutTrees)
        writer.writeUInt8(Self.stateVersion)
        writer.write { $0.writeUInt16(suite.id.rawValue) }
        switch status {
        case .active: writer.writeUInt8(0)
        case .removed: writer.writeUInt8(1)
        case .reinitialized(let reinit):
            writer.writeUInt8(2)
            writer.write(reinit)
        }
        try epoch.encode(to: &writer)
        writer.writeSecret(signatureKey.seed)
        try writer.writeArray(proposals) { (writer, stored) throws(MLSError) in
            writer.writeOpaque(stored.reference)
            writer.write(stored.proposal)
            writer.write(stored.sender)
        }
        let updates = pendingUpdates.sorted { $0.key.lexicographicallyPrecedes($1.key) }
        try writer.writeArray(updates) { (writer, update) throws(MLSError) in
            writer.writeKey(update.value.encryptionKey)
            writer.writeSecret(update.value.signatureKey.seed)
        }
        try writer.writeOptional(pendingCommit) { (writer, pending) throws(MLSError) in
            writer.writeOpaque(pending.message)
            try pending.staged.encode(to: &writer)
        }
        try writer.writeArray(pastEpochs) { (writer, past) throws(MLSError) in try past.encode(to: &writer) }
        try writer.writeArray(resumptionEpochs) { (writer, epoch) throws(MLSError) in
            writer.writeUInt64(epoch)
        }
        try preSharedKeys.encode(to: &writer)
        return writer.bytes
    }

    /// Reads a state that `encodedState` wrote.
    package init(
        state: [UInt8],
        policy: GroupPolicy,
        arena: SecretArena = SecretArena()
    ) throws(MLSError) {
        try self.init(state: state, policy: policy, arena: arena, parts: nil)
    }

    init(
        state: [UInt8],
        policy: GroupPolicy,
        arena: SecretArena,
        parts: StoredParts?
    ) throws(MLSError) {
        var reader = ByteReader(state.span)
        let version = try Wire.uint8(&reader)
        guard version == Self.stateVersion else {
            throw MLSError(.unsupportedVersion, "stored state of version \(version)")
        }
        suite = try CipherSuite(Wire.uint16(&reader), arena: arena)
        let suite = suite
        self.policy = policy
        switch try Wire.uint8(&reader) {
        case 0: status = .active
        case 1: status = .removed
        case 2: status = .reinitialized(try ReInit(from: &reader))
        default: throw MLSError(.codecInvalidValue, "stored state of unknown status")
        }
        epoch = try Epoch(state: &reader, suite, parts)
        signatureKey = try SignatureKeyPair(seed: StateReader.secret(&reader, suite))
        proposals = try StateReader.array(&reader) { (reader) throws(MLSError) in
            StoredProposal(
                reference: try Wire.opaque(&reader),
                proposal: try Proposal(from: &reader),
                sender: try Sender(from: &reader)
            )
        }
        let updates = try StateReader.array(&reader) { (reader) throws(MLSError) in
            PendingUpdate(
                encryptionKey: try StateReader.key(&reader, suite),
                signatureKey: try SignatureKeyPair(seed: StateReader.secret(&reader, suite))
            )
        }
        for update in updates { pendingUpdates[update.encryptionKey.publicKey] = update }
        guard pendingUpdates.count == updates.count else {
            throw MLSError(.codecInvalidValue, "update is stored twice")
        }
        pendingCommit = try StateReader.optional(&reader) { (reader) throws(MLSError) in
            PendingCommit(
                message: try Wire.opaque(&reader),
                staged: try StagedCommit(state: &reader, suite, parts)
            )
        }
        pastEpochs = try StateReader.array(&reader) { (reader) throws(MLSError) in
            try PastEpoch(state: &reader, suite, parts)
        }
        resumptionEpochs = try StateReader.array(&reader) { (reader) throws(MLSError) in
            try Wire.uint64(&reader)
        }
        preSharedKeys = try PreSharedKeys(state: &reader, suite)
        guard reader.isAtEnd else { throw MLSError(.codecTrailing, "bytes after the stored state") }
    }

    /// The ratchets of one sender in the current epoch, `nil` before its first message. The caller erases it.
    package func encodedRatchets(of leaf: UInt32) throws(MLSError) -> [UInt8]? {
        try epoch.secretTree.encodedRatchets(of: leaf)
    }

    /// Puts a record of `encodedRatchets`, made in this epoch after the state was stored, on top of it.
    package mutating func restoreRatchets(of leaf: UInt32, _ record: [UInt8]) throws(MLSError) {
        try epoch.secretTree.restoreRatchets(of: leaf, record)
    }
}
