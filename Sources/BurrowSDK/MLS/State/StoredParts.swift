internal import BurrowBase
internal import BurrowCrypto

/// The records beside the head of a stored group: its trees, and the secrets of its epochs.
struct StoredParts {
    /// What the journals of the restored secret trees begin with.
    let base: UInt64
    let chunks: [[UInt8]: [UInt8]]
    private var secrets: [EpochName: [(node: UInt32, secret: [UInt8])]] = [:]
    private var ratchets: [EpochName: [(leaf: UInt32, record: [UInt8])]] = [:]

    init(chunks: [[UInt8]: [UInt8]], base: UInt64) {
        self.chunks = chunks
        self.base = base
    }

    mutating func add(node: UInt32, of epoch: EpochName, _ secret: [UInt8]) {
        secrets[epoch, default: []].append((node, secret))
    }

    mutating func add(ratchetsOf leaf: UInt32, of epoch: EpochName, _ record: [UInt8]) {
        ratchets[epoch, default: []].append((leaf, record))
    }

    /// Every epoch of which there is something.
    var epochs: Set<EpochName> { Set(secrets.keys).union(ratchets.keys) }

    func tree(
        height: Int,
        _ context: GroupContext,
        _ suite: CipherSuite
    ) throws(MLSError) -> RatchetTree {
        try RatchetTree(name: context.treeHash, height: height, chunks: chunks, suite: suite)
    }

    func secretTree(
        leafCount: UInt32,
        _ epoch: EpochName,
        _ suite: CipherSuite
    ) throws(MLSError) -> SecretTree {
        guard leafCount.nonzeroBitCount == 1, leafCount <= MLSLimits.leaves else {
            throw MLSError(.codecInvalidValue, "secret tree of \(leafCount) leaves")
        }
        var nodes: [UInt32: Secret] = [:]
        for (node, secret) in secrets[epoch] ?? [] {
            guard secret.count == suite.hashLength else {
                throw MLSError(.codecInvalidLength, "secret of a tree has \(secret.count) bytes")
            }
            nodes[node] = try suite.secret(secret)
        }
        var senders: [UInt32: SecretTree.Ratchets] = [:]
        for (leaf, record) in ratchets[epoch] ?? [] {
            senders[leaf] = try SecretTree.Ratchets(record: record, suite)
        }
        guard !(nodes.isEmpty && senders.isEmpty) else {
            throw MLSError(.codecInvalidValue, "secrets of a stored epoch are missing")
        }
        return SecretTree(
            restoring: nodes,
            senders,
            leafCount: leafCount,
            suite: suite,
            base: base
        )
    }
}
