internal import BurrowCrypto

/// New keys from a leaf to the root (RFC 9420 §7.4-§7.6, §7.9).
extension RatchetTree {
    /// A node above a leaf whose other child has somebody to tell the new secret to.
    package struct PathStep {
        package let level: Int
        package let node: UInt32
        let copath: Subtree
        let copathFirst: UInt32
    }

    /// The filtered direct path of a leaf, from the lowest node up (RFC 9420 §4.1.2).
    package func filteredPath(of leaf: UInt32) -> [PathStep] {
        let path = path(to: leaf)
        var steps: [PathStep] = []
        for level in stride(from: 1, through: height, by: 1) {
            let node = path[height - level]
            let first = (leaf >> UInt32(level)) << UInt32(level)
            let isRight = leaf >> UInt32(level - 1) & 1 == 1
            let copath = isRight ? node.leftChild : node.rightChild
            guard !copath.isEmpty else { continue }
            steps.append(
                PathStep(
                    level: level,
                    node: node.node(first: first),
                    copath: copath,
                    copathFirst: isRight ? first : first + node.half
                )
            )
        }
        return steps
    }

    /// Whom a path secret is encrypted to: the resolution of the other child without leaves that are new in this commit.
    package func recipients(of step: PathStep, without added: [UInt32]) -> [(node: UInt32, key: [UInt8])] {
        var result: [(node: UInt32, key: [UInt8])] = []
        step.copath.resolve(first: step.copathFirst) { (node, subtree) in
            let isNew = node & 1 == 0 && added.contains(node >> 1)
            if !isNew, let key = subtree.encryptionKey { result.append((node, key)) }
        }
        return result
    }

    /// The parents of a leaf after its path got new keys, from the lowest level up, and the leaf's parent hash.
    package func parents(
        on steps: [PathStep],
        keys: [[UInt8]]
    ) throws(MLSError) -> (parents: [ParentNode?], leafParentHash: [UInt8]) {
        var parents = [ParentNode?](repeating: nil, count: height)
        var parentHash: [UInt8] = []
        for (step, key) in zip(steps, keys).reversed() {
            let parent = ParentNode(encryptionKey: key, parentHash: parentHash)
            parents[step.level - 1] = parent
            parentHash = try Self.parentHash(
                parent,
                sibling: step.copath.hash(first: step.copathFirst, suite),
                suite: suite
            )
        }
        return (parents, parentHash)
    }

    /// Puts the keys and the leaf of an update path in place (RFC 9420 §7.5).
    package mutating func apply(
        _ leafNode: LeafNode,
        at leaf: UInt32,
        parents: [ParentNode?]
    ) throws(MLSError) {
        for parent in parents {
            guard let key = parent?.encryptionKey else { continue }
            guard try !index.contains(encryptionKey: key, suite) else {
                throw MLSError(.duplicateEncryptionKey, "key of the path is in the tree already")
            }
        }
        if let old = self.leaf(leaf) { try index.remove(old, suite) }
        try index.insert(leafNode, suite)
        try replace(leaf: leaf, with: leafNode, parents: parents)
    }
}
