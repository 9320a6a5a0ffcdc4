internal import BurrowBase
package import BurrowCrypto

/// Knows what storage holds of one group, and tells what has to be written when it changed.
///
/// A group is stored in small records: its head with the secrets of its epochs, the chunks of its trees, and for every
/// epoch what is left of the secret tree and where each sender's ratchets are. A message so costs one or two records of a
/// few hundred bytes in a group of any size, a commit O(log n), and a key that was used up is gone from storage as from
/// memory.
///
/// Several copies of a group, ways back from a commit, are stored in slots of their own and share trees. A value: take a
/// copy, let it `update`, store the batch, and drop both copy and changed group if that fails.
package struct GroupLedger {
    struct Slot {
        var headDigest: [UInt8] = []
        /// What the journals of the stored epochs began with.
        var bases: [EpochName: UInt64] = [:]
        /// The trees of the epochs, for what they have in common with others.
        var roots: [Subtree] = []
    }

    enum Key {
        static let chunk: UInt8 = 0
        static let slot: UInt8 = 1
        static let head: UInt8 = 0
        static let epoch: UInt8 = 1
        static let node: UInt8 = 0
        static let leaf: UInt8 = 1
    }

    /// Every record's key begins so, and nobody else's does.
    package let prefix: [UInt8]
    var slots: [UInt32: Slot] = [:]
    /// Names of the chunks that are stored.
    var chunks: Set<[UInt8]> = []
    /// That of the group, once there is one.
    var suite: CipherSuite?

    package init(prefix: [UInt8]) {
        self.prefix = prefix
    }

    package var slotNumbers: [UInt32] { slots.keys.sorted() }

    /// Adds what storage lacks of a group to a batch. What the group notes about itself starts anew.
    package mutating func update(
        _ group: inout Group,
        slot number: UInt32,
        into batch: inout RecordBatch
    ) throws(MLSError) {
        if slots[number] == nil { batch.deleteAll(prefix: slotKey(number)) }
        var slot = slots[number] ?? Slot()
        var head = try group.encodedState(leavesOutTrees: true)
        let digest = try group.suite.hash(head)
        if digest != slot.headDigest {
            slot.headDigest = digest
            batch.put(slotKey(number, Key.head), head)
        } else {
            Erasure.erase(&head)
        }
        var bases: [EpochName: UInt64] = [:]
        try group.forEachSecretTree { (epoch, tree) throws(MLSError) in
            let prefix = slotKey(number, Key.epoch, epoch.bytes)
            bases[epoch] = try Self.update(&tree, stored: slot.bases[epoch], prefix, into: &batch)
        }
        for epoch in slot.bases.keys.sorted(by: { $0.bytes.lexicographicallyPrecedes($1.bytes) })
        where bases[epoch] == nil {
            batch.deleteAll(prefix: slotKey(number, Key.epoch, epoch.bytes))
        }
        slot.bases = bases
        let roots = group.roots
        let isSame = roots.count == slot.roots.count && zip(roots, slot.roots).allSatisfy { $0 === $1 }
        slot.roots = roots
        slots[number] = slot
        suite = group.suite
        if !isSame {
            for root in roots { try store(root, group.suite, into: &batch) }
            try sweep(group.suite, into: &batch)
        }
    }

    /// Forgets one copy.
    package mutating func drop(slot number: UInt32, into batch: inout RecordBatch) throws(MLSError) {
        guard slots.removeValue(forKey: number) != nil else { return }
        batch.deleteAll(prefix: slotKey(number))
        if let suite { try sweep(suite, into: &batch) }
    }

    /// Forgets the group.
    package mutating func dropAll(into batch: inout RecordBatch) {
        batch.deleteAll(prefix: prefix)
        self = GroupLedger(prefix: prefix)
    }

    private static func update(
        _ tree: inout SecretTree,
        stored: UInt64?,
        _ prefix: [UInt8],
        into batch: inout RecordBatch
    ) throws(MLSError) -> UInt64 {
        let journal = tree.journal
        if let stored, stored == journal.base {
            if journal.isEmpty { return stored }
            for node in journal.nodes.sorted() { put(node: node, of: tree, prefix, into: &batch) }
            for leaf in journal.leaves.sorted() { try put(leaf: leaf, of: tree, prefix, into: &batch) }
        } else {
            batch.deleteAll(prefix: prefix)
            for node in tree.nodes.keys.sorted() { put(node: node, of: tree, prefix, into: &batch) }
            for leaf in tree.ratchets.keys.sorted() { try put(leaf: leaf, of: tree, prefix, into: &batch) }
        }
        var random = SystemRandom()
        let base = random.next()
        tree.beginJournal(base)
        return base
    }

    private static func put(
        node: UInt32,
        of tree: SecretTree,
        _ prefix: [UInt8],
        into batch: inout RecordBatch
    ) {
        let key = prefix + [Key.node] + node.bigEndianBytes
        if let secret = tree.nodes[node] {
            batch.put(key, secret.copied())
        } else {
            batch.delete(key)
        }
    }

    private static func put(
        leaf: UInt32,
        of tree: SecretTree,
        _ prefix: [UInt8],
        into batch: inout RecordBatch
    ) throws(MLSError) {
        guard let record = try tree.encodedRatchets(of: leaf) else { return }
        batch.put(prefix + [Key.leaf] + leaf.bigEndianBytes, record)
    }

    // MARK: Trees

    private mutating func store(
        _ root: Subtree,
        _ suite: CipherSuite,
        into batch: inout RecordBatch
    ) throws(MLSError) {
        var chunks = chunks
        let prefix = prefix
        try TreeChunks.visit(root, first: 0, suite) { (name, subtree, first) throws(MLSError) in
            guard chunks.insert(name).inserted else { return false }
            let chunk = try TreeChunks.encode(subtree, first: first, suite)
            batch.put(prefix + [Key.chunk] + name, chunk)
            return true
        }
        self.chunks = chunks
    }

    /// Drops the chunks that no tree has any more.
    private mutating func sweep(_ suite: CipherSuite, into batch: inout RecordBatch) throws(MLSError) {
        var live: Set<[UInt8]> = []
        for number in slotNumbers {
            for root in slots[number]?.roots ?? [] {
                try TreeChunks.visit(root, first: 0, suite) { (name, _, _) throws(MLSError) in
                    live.insert(name).inserted
                }
            }
        }
        for name in chunks.subtracting(live).sorted(by: { $0.lexicographicallyPrecedes($1) }) {
            batch.delete(prefix + [Key.chunk] + name)
        }
        chunks.formIntersection(live)
    }

    // MARK: Keys

    func slotKey(_ number: UInt32, _ more: UInt8...) -> [UInt8] {
        prefix + [Key.slot] + number.bigEndianBytes + more
    }

    private func slotKey(_ number: UInt32, _ kind: UInt8, _ more: [UInt8]) -> [UInt8] {
        slotKey(number, kind) + more
    }
}

extension UInt32 {
    var bigEndianBytes: [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: self >> UInt32($0)) }
    }
}

extension Group {
    /// The trees of all epochs that are kept.
    var roots: [Subtree] {
        var roots = [epoch.tree.root]
        if let next = pendingCommit?.staged.next { roots.append(next.tree.root) }
        return roots + pastEpochs.map(\.tree.root)
    }

    mutating func forEachSecretTree(
        _ body: (EpochName, inout SecretTree) throws(MLSError) -> Void
    ) throws(MLSError) {
        try body(EpochName(epoch.context), &epoch.secretTree)
        if var next = pendingCommit?.staged.next {
            try body(EpochName(next.context), &next.secretTree)
            pendingCommit?.staged.next = next
        }
        for index in pastEpochs.indices {
            try body(EpochName(pastEpochs[index].context), &pastEpochs[index].secretTree)
        }
    }
}
