/// Adding, updating and removing members (RFC 9420 §7.7, §12.1).
extension RatchetTree {
    /// Puts a leaf, and the parents above it from the lowest up, in place of what is there.
    ///
    /// The index follows for parents; the caller keeps it for the leaf.
    mutating func replace(
        leaf: UInt32,
        with leafNode: LeafNode?,
        parents: [ParentNode?]
    ) throws(MLSError) {
        let path = path(to: leaf)
        var new = Subtree(leaf: leafNode)
        for level in stride(from: 1, through: height, by: 1) {
            let old = path[height - level]
            let parent = parents[level - 1]
            let oldKey = old.parent?.encryptionKey
            if oldKey != parent?.encryptionKey, let oldKey {
                try index.remove(encryptionKey: oldKey, suite)
            }
            let isRight = leaf >> UInt32(level - 1) & 1 == 1
            new =
                isRight
                ? Subtree(parent: parent, left: old.leftChild, right: new)
                : Subtree(parent: parent, left: new, right: old.rightChild)
            if oldKey != parent?.encryptionKey, let parent {
                try index.insert(encryptionKey: parent.encryptionKey, suite)
            }
        }
        root = new
    }

    /// The parents above a leaf, the lowest first.
    private func parents(of leaf: UInt32) -> [ParentNode?] {
        path(to: leaf).dropLast().reversed().map(\.parent)
    }

    private var blanks: [ParentNode?] { [ParentNode?](repeating: nil, count: height) }

    /// The leaf that the next new member gets.
    package var nextFreeLeaf: UInt32 {
        guard memberCount < Int(leafCount) else { return leafCount }
        var current = root
        var first: UInt32 = 0
        while current.level > 0 {
            if current.leftChild.memberCount < Int(current.half) {
                current = current.leftChild
            } else {
                first += current.half
                current = current.rightChild
            }
        }
        return first
    }

    /// Puts a new member into the leftmost blank leaf, with a tree twice as large if there is none.
    package mutating func add(_ leafNode: LeafNode) throws(MLSError) -> UInt32 {
        let leaf = nextFreeLeaf
        if leaf >= leafCount {
            guard leafCount < MLSLimits.leaves else { throw MLSError(.limit, "group is full") }
            root = Subtree(parent: nil, left: root, right: Subtree(blank: height))
        }
        try index.insert(leafNode, suite)
        let parents = parents(of: leaf).map { (parent) -> ParentNode? in
            guard var parent else { return nil }
            let position = parent.unmergedLeaves.firstIndex { $0 >= leaf } ?? parent.unmergedLeaves.endIndex
            parent.unmergedLeaves.insert(leaf, at: position)
            return parent
        }
        try replace(leaf: leaf, with: leafNode, parents: parents)
        return leaf
    }

    /// Replaces a member's leaf and blanks what is above. Keys of all old leaves should be gone from the index first.
    package mutating func update(_ leaf: UInt32, to leafNode: LeafNode) throws(MLSError) {
        let old = try requireLeaf(leaf, .unknownSender)
        try index.remove(old, suite)
        try index.insert(leafNode, suite)
        try replace(leaf: leaf, with: leafNode, parents: blanks)
    }

    /// Several updates at once, among which keys may not move from one member to another.
    mutating func update(_ updates: [(leaf: UInt32, node: LeafNode)]) throws(MLSError) {
        for (leaf, node) in updates { try update(leaf, to: node) }
    }

    /// Blanks a member's leaf and what is above, and halves the tree while its right half is empty.
    package mutating func remove(_ leaf: UInt32) throws(MLSError) {
        let old = try requireLeaf(leaf, .removeUnknownLeaf)
        try index.remove(old, suite)
        try replace(leaf: leaf, with: nil, parents: blanks)
        while height > 0, root.rightChild.memberCount == 0 {
            if let key = root.parent?.encryptionKey { try index.remove(encryptionKey: key, suite) }
            root = root.leftChild
        }
    }
}
