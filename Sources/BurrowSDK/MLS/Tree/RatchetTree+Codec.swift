internal import BurrowBase
internal import BurrowCrypto

/// The tree as it travels in the `ratchet_tree` extension (RFC 9420 §12.4.3.3).
extension RatchetTree {
    private enum Slot {
        case blank
        case leaf(LeafNode)
        case parent(ParentNode)
    }

    /// Reads a tree. Only its form is checked, and that no key occurs twice; see `validate`.
    package init(decoding bytes: [UInt8], suite: CipherSuite) throws(MLSError) {
        guard bytes.count <= MLSLimits.messageBytes else {
            throw MLSError(.codecLimit, "tree of \(bytes.count) bytes")
        }
        var reader = ByteReader(bytes.span)
        let length = try Wire.length(&reader)
        guard length == reader.remaining else { throw MLSError(.codecTrailing, "bytes after the tree") }
        let limit = 2 * Int(MLSLimits.leaves) - 1
        var slots: [Slot] = []
        while !reader.isAtEnd {
            guard slots.count < limit else { throw MLSError(.codecLimit, "tree of too many nodes") }
            slots.append(try Self.slot(&reader, isLeaf: slots.count.isMultiple(of: 2)))
        }
        switch slots.last {
        case nil: throw MLSError(.malformedTree, "tree without nodes")
        case .blank: throw MLSError(.malformedTree, "tree ends with a blank node")
        default: break
        }
        var height = 0
        while 2 << height <= slots.count { height += 1 }
        var index = MemberIndex()
        index.reserve(slots.count / 2 + 1)
        for case let slot in slots {
            switch slot {
            case .blank: break
            case .leaf(let leaf): try index.insert(leaf, suite)
            case .parent(let parent): try index.insert(encryptionKey: parent.encryptionKey, suite)
            }
        }
        let root = Self.build(slots, level: height, first: 0)
        guard height == 0 || root.rightChild.memberCount > 0 else {
            throw MLSError(.malformedTree, "tree is larger than its members need")
        }
        self.init(root: root, index: index, suite: suite)
    }

    private static func slot(_ reader: inout ByteReader, isLeaf: Bool) throws(MLSError) -> Slot {
        guard try Wire.presence(&reader) else { return .blank }
        switch try Wire.uint8(&reader) {
        case 1:
            guard isLeaf else { throw MLSError(.malformedTree, "leaf in the place of a parent") }
            return .leaf(try LeafNode(from: &reader))
        case 2:
            guard !isLeaf else { throw MLSError(.malformedTree, "parent in the place of a leaf") }
            return .parent(try ParentNode(from: &reader))
        case let value: throw MLSError(.codecInvalidValue, "tree node of unknown type \(value)")
        }
    }

    private static func build(_ slots: [Slot], level: Int, first: Int) -> Subtree {
        let start = 2 * first
        guard start < slots.count else { return Subtree(blank: level) }
        guard level > 0 else {
            if case .leaf(let leaf) = slots[start] { return Subtree(leaf: leaf) }
            return Subtree(leaf: nil)
        }
        let node = start + (1 << level) - 1
        var parent: ParentNode?
        if node < slots.count, case .parent(let found) = slots[node] { parent = found }
        return Subtree(
            parent: parent,
            left: build(slots, level: level - 1, first: first),
            right: build(slots, level: level - 1, first: first + 1 << (level - 1))
        )
    }

    package var encoded: [UInt8] {
        var nodes = ByteWriter()
        nodes.reserve(root.memberCount * Self.usualBytesPerMember)
        // Where the last node that is not blank ends.
        var end = 0
        root.encode(to: &nodes, &end)
        nodes.truncate(to: end)
        var writer = ByteWriter()
        writer.reserve(end + 8)
        writer.writeOpaque(nodes.bytes)
        return writer.bytes
    }

    /// A leaf and the parent beside it, with room for a credential and capabilities of some length.
    private static let usualBytesPerMember = 384
}
