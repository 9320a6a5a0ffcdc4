internal import BurrowBase

/// Checks of a tree that somebody else made (RFC 9420 §7.9.2, §12.4.3.1).
extension RatchetTree {
    /// An entry of a resolution with the parent hash that the node carries.
    private struct Entry {
        let node: UInt32
        let parentHash: [UInt8]?
    }

    /// Every member has to understand the credentials of all members (RFC 9420 §7.3).
    func requireAgreementOnCredentials() throws(MLSError) {
        guard index.agreesOnCredentials else {
            throw MLSError(.unsupportedCredential, "a member does not support another one's credential")
        }
    }

    /// Checks parent hashes and lists of unmerged leaves of all nodes.
    package func validateParents() throws(MLSError) {
        _ = try validate(root, first: 0)
    }

    private func validate(_ subtree: Subtree, first: UInt32) throws(MLSError) -> [Entry] {
        guard !subtree.isEmpty else { return [] }
        if subtree.level == 0 { return [Entry(node: first << 1, parentHash: subtree.leaf?.parentHash)] }
        let middle = first + subtree.half
        let left = try validate(subtree.leftChild, first: first)
        let right = try validate(subtree.rightChild, first: middle)
        guard let parent = subtree.parent else { return left + right }

        try suite.requireValid(encryptionKey: parent.encryptionKey)
        try validateUnmerged(parent, in: subtree, first: first)
        let split = parent.unmergedLeaves.firstIndex { $0 >= middle } ?? parent.unmergedLeaves.endIndex
        let inLeft = parent.unmergedLeaves[..<split]
        let inRight = parent.unmergedLeaves[split...]
        let fromLeft = try Self.parentHash(
            parent,
            sibling: subtree.rightChild.hash(first: middle, without: inRight, suite),
            suite: suite
        )
        let fromRight = try Self.parentHash(
            parent,
            sibling: subtree.leftChild.hash(first: first, without: inLeft, suite),
            suite: suite
        )
        let claims =
            Self.claims(left, hash: fromLeft, unmerged: inLeft)
            + Self.claims(right, hash: fromRight, unmerged: inRight)
        guard claims == 1 else {
            throw MLSError(
                .parentHashInvalid,
                "node \(subtree.node(first: first)) is confirmed by \(claims) nodes below"
            )
        }
        var entries = [Entry(node: subtree.node(first: first), parentHash: parent.parentHash)]
        for leaf in parent.unmergedLeaves {
            entries.append(
                Entry(
                    node: leaf << 1,
                    parentHash: subtree.descendant(leaf: leaf - first).leaf?.parentHash
                )
            )
        }
        return entries
    }

    /// How many entries of a child's resolution name this parent hash and leave exactly the unmerged leaves over.
    private static func claims(_ resolution: [Entry], hash: [UInt8], unmerged: ArraySlice<UInt32>) -> Int {
        guard resolution.count == unmerged.count + 1 else { return 0 }
        // Nobody stands in a resolution twice, so there is at most one who is not unmerged when all others are.
        let leaves = Set(unmerged)
        let others = resolution.filter { $0.node & 1 == 1 || !leaves.contains($0.node >> 1) }
        return others.count == 1 && others[0].parentHash == hash ? 1 : 0
    }

    /// The leaves are members below, in order, and every node in between that could know them lists them too.
    private func validateUnmerged(
        _ parent: ParentNode,
        in subtree: Subtree,
        first: UInt32
    ) throws(MLSError) {
        let end = UInt64(first) + (1 << UInt64(subtree.level))
        var previous: UInt32?
        for leaf in parent.unmergedLeaves {
            guard leaf >= first, UInt64(leaf) < end, previous.map({ $0 < leaf }) ?? true else {
                throw MLSError(.invalidUnmergedLeaves, "unmerged leaf \(leaf) is out of place")
            }
            previous = leaf
            var current = subtree
            while current.level > 0 {
                let isRight = (leaf - first) >> UInt32(current.level - 1) & 1 == 1
                current = isRight ? current.rightChild : current.leftChild
                if let between = current.parent, !between.unmergedLeaves.contains(leaf) {
                    throw MLSError(.invalidUnmergedLeaves, "unmerged leaf \(leaf) is merged further down")
                }
            }
            guard current.leaf != nil else {
                throw MLSError(.invalidUnmergedLeaves, "unmerged leaf \(leaf) is blank")
            }
        }
    }

    /// Parent Hash (RFC 9420 §7.9) that a node below `parent` carries, from the hash of the sibling on the way.
    static func parentHash(
        _ parent: ParentNode,
        sibling: [UInt8],
        suite: CipherSuite
    ) throws(MLSError) -> [UInt8] {
        var writer = ByteWriter()
        writer.writeOpaque(parent.encryptionKey)
        writer.writeOpaque(parent.parentHash)
        writer.writeOpaque(sibling)
        return try suite.hash(writer.bytes)
    }
}
