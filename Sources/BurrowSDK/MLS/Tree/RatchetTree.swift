internal import BurrowCrypto

/// The members of a group and the keys they share (RFC 9420 §4, §7).
///
/// A value: copies share all that they have in common. The tree is always full; its rightmost half has a member, unless
/// there is only one leaf.
package struct RatchetTree {
    let suite: CipherSuite
    var root: Subtree
    var index = MemberIndex()

    /// A tree of one member.
    package init(founder: LeafNode, suite: CipherSuite) throws(MLSError) {
        self.suite = suite
        root = Subtree(leaf: founder)
        try index.insert(founder, suite)
    }

    init(root: Subtree, index: MemberIndex, suite: CipherSuite) {
        self.root = root
        self.index = index
        self.suite = suite
    }

    var height: Int { root.level }
    package var leafCount: UInt32 { 1 << UInt32(height) }
    package var memberCount: Int { root.memberCount }

    /// The member at a leaf, `nil` when the leaf is blank or outside of the tree.
    package func leaf(_ leaf: UInt32) -> LeafNode? {
        guard leaf < leafCount else { return nil }
        return root.descendant(leaf: leaf).leaf
    }

    func requireLeaf(_ leaf: UInt32, _ code: MLSError.Code) throws(MLSError) -> LeafNode {
        guard let found = self.leaf(leaf) else { throw MLSError(code, "leaf \(leaf) is blank") }
        return found
    }

    /// The node of an index, with its leftmost leaf.
    private func subtree(_ node: UInt32) -> (Subtree, first: UInt32)? {
        guard UInt64(node) < 2 * UInt64(leafCount) - 1 else { return nil }
        var current = root
        var first: UInt32 = 0
        while true {
            let own = current.node(first: first)
            if own == node { return (current, first) }
            guard current.level > 0 else { return nil }
            if node > own {
                first += current.half
                current = current.rightChild
            } else {
                current = current.leftChild
            }
        }
    }

    /// The public key of a node, `nil` when it is blank or outside of the tree.
    package func encryptionKey(ofNode node: UInt32) -> [UInt8]? {
        subtree(node)?.0.encryptionKey
    }

    /// RFC 9420 §4.1.1
    package func resolution(ofNode node: UInt32) -> [UInt32] {
        var nodes: [UInt32] = []
        guard let (subtree, first) = subtree(node) else { return nodes }
        subtree.resolve(first: first) { (node, _) in nodes.append(node) }
        return nodes
    }

    package func treeHash(ofNode node: UInt32) throws(MLSError) -> [UInt8] {
        guard let (subtree, first) = subtree(node) else {
            throw MLSError(.invalidArgument, "node \(node) is outside of the tree")
        }
        return try subtree.hash(first: first, suite)
    }

    /// The hash of the whole tree (RFC 9420 §7.8).
    package func treeHash() throws(MLSError) -> [UInt8] {
        try root.hash(first: 0, suite)
    }

    /// Calls `visit` for every member in the order of leaves.
    package func forEachMember(_ visit: (UInt32, LeafNode) throws(MLSError) -> Void) throws(MLSError) {
        try Self.forEachMember(root, 0, visit)
    }

    private static func forEachMember(
        _ subtree: Subtree,
        _ first: UInt32,
        _ visit: (UInt32, LeafNode) throws(MLSError) -> Void
    ) throws(MLSError) {
        guard subtree.memberCount > 0 else { return }
        if let leaf = subtree.leaf {
            try visit(first, leaf)
        } else if subtree.level > 0 {
            try forEachMember(subtree.leftChild, first, visit)
            try forEachMember(subtree.rightChild, first + subtree.half, visit)
        }
    }

    package var members: [(leaf: UInt32, node: LeafNode)] {
        var result: [(leaf: UInt32, node: LeafNode)] = []
        result.reserveCapacity(memberCount)
        Self.collect(root, 0, &result)
        return result
    }

    private static func collect(
        _ subtree: Subtree,
        _ first: UInt32,
        _ result: inout [(leaf: UInt32, node: LeafNode)]
    ) {
        guard subtree.memberCount > 0 else { return }
        if let leaf = subtree.leaf {
            result.append((first, leaf))
        } else if subtree.level > 0 {
            collect(subtree.leftChild, first, &result)
            collect(subtree.rightChild, first + subtree.half, &result)
        }
    }

    /// The nodes from the root to a leaf inside the tree.
    func path(to leaf: UInt32) -> [Subtree] {
        var nodes = [root]
        var current = root
        while current.level > 0 {
            let isRight = leaf >> UInt32(current.level - 1) & 1 == 1
            current = isRight ? current.rightChild : current.leftChild
            nodes.append(current)
        }
        return nodes
    }
}
