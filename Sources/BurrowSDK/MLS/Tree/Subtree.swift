internal import BurrowBase
internal import BurrowCrypto

/// A node of the ratchet tree with everything below it.
///
/// Its structure never changes: a change to the tree makes new nodes from the changed leaf to the root and shares all
/// others. So a commit touches O(log n) nodes, hashes that were computed stay, and the tree of an earlier epoch, or of a
/// commit that is not merged yet, costs next to nothing to keep.
final class Subtree {
    /// Keeps what only some nodes have out of the others.
    private final class Box<Value> {
        let value: Value

        init(_ value: Value) {
            self.value = value
        }
    }

    /// Nodes as they travel.
    private struct Encoding {
        let bytes: [UInt8]
        /// The place behind the last node that is not blank; 0 without any.
        let end: Int
    }

    /// Of nodes at this level the encoding is kept: high enough that a tree is few of them, and low enough that a change
    /// touches little.
    private static let encodedLevel = 4

    /// 0 for a leaf.
    let level: Int
    private let ownLeaf: Box<LeafNode>?
    private let ownParent: Box<ParentNode>?
    /// Absent for leaves, and above nothing but blanks.
    private let left: Subtree?
    private let right: Subtree?
    /// Leaves below that are not blank.
    let memberCount: Int
    /// Whether the resolution of this node is empty (RFC 9420 §4.1.1).
    let isEmpty: Bool
    private var cachedHash: [UInt8]?
    /// Whoever adds members writes the whole tree each time, and almost all of it is as it was.
    private var cachedEncoding: Box<Encoding>?

    private init(
        level: Int,
        leaf: LeafNode? = nil,
        parent: ParentNode? = nil,
        left: Subtree? = nil,
        right: Subtree? = nil,
        memberCount: Int,
        isEmpty: Bool
    ) {
        self.level = level
        ownLeaf = leaf.map { Box($0) }
        ownParent = parent.map { Box($0) }
        self.left = left
        self.right = right
        self.memberCount = memberCount
        self.isEmpty = isEmpty
    }

    convenience init(blank level: Int) {
        self.init(level: level, memberCount: 0, isEmpty: true)
    }

    convenience init(leaf: LeafNode?) {
        self.init(level: 0, leaf: leaf, memberCount: leaf == nil ? 0 : 1, isEmpty: leaf == nil)
    }

    convenience init(parent: ParentNode?, left: Subtree, right: Subtree) {
        self.init(
            level: left.level + 1,
            parent: parent,
            left: left,
            right: right,
            memberCount: left.memberCount + right.memberCount,
            isEmpty: parent == nil && left.isEmpty && right.isEmpty
        )
    }

    var leaf: LeafNode? { ownLeaf?.value }
    var parent: ParentNode? { ownParent?.value }
    var hasLeaf: Bool { ownLeaf != nil }

    /// The public key of a node that is not blank.
    var encryptionKey: [UInt8]? { ownLeaf?.value.encryptionKey ?? ownParent?.value.encryptionKey }

    var leftChild: Subtree { left ?? Subtree(blank: max(level - 1, 0)) }
    var rightChild: Subtree { right ?? Subtree(blank: max(level - 1, 0)) }

    /// Leaves below one child.
    var half: UInt32 { level == 0 ? 0 : 1 << UInt32(level - 1) }

    /// The index of this node if its leftmost leaf is `first`.
    func node(first: UInt32) -> UInt32 {
        TreeMath.ancestor(ofLeaf: first, level: level)
    }

    // MARK: Hashes (RFC 9420 §7.8)

    func hash(first: UInt32, _ suite: CipherSuite) throws(MLSError) -> [UInt8] {
        if let cachedHash { return cachedHash }
        let hash = try hash(first: first, without: [], suite)
        cachedHash = hash
        return hash
    }

    /// The hash this node would have if some leaves had never been added: they are blank, and no `unmerged_leaves` below
    /// has them (RFC 9420 §7.9). `leaves` is in ascending order.
    func hash(
        first: UInt32,
        without leaves: ArraySlice<UInt32>,
        _ suite: CipherSuite
    ) throws(MLSError) -> [UInt8] {
        let end = UInt64(first) + (1 << UInt64(level))
        let inside = leaves.drop { $0 < first }.prefix { UInt64($0) < end }
        if inside.isEmpty, let cachedHash { return cachedHash }
        var writer = ByteWriter()
        if level == 0 {
            writer.writeUInt8(1)
            writer.writeUInt32(first)
            writer.writeOptional(inside.isEmpty ? leaf : nil)
        } else {
            writer.writeUInt8(2)
            if let parent {
                writer.writeUInt8(1)
                let unmerged = parent.unmergedLeaves
                parent.encode(
                    to: &writer,
                    unmergedLeaves: inside.isEmpty ? unmerged : unmerged.filter { !inside.contains($0) }
                )
            } else {
                writer.writeUInt8(0)
            }
            if inside.isEmpty {
                writer.writeOpaque(try leftChild.hash(first: first, suite))
                writer.writeOpaque(try rightChild.hash(first: first + half, suite))
            } else {
                writer.writeOpaque(try leftChild.hash(first: first, without: inside, suite))
                writer.writeOpaque(try rightChild.hash(first: first + half, without: inside, suite))
            }
        }
        return try suite.hash(writer.bytes)
    }

    // MARK: Resolution (RFC 9420 §4.1.1)

    /// Calls `visit` with the index and node of each entry of the resolution, in order.
    func resolve(first: UInt32, _ visit: (UInt32, Subtree) -> Void) {
        guard !isEmpty else { return }
        if level == 0 {
            visit(first << 1, self)
        } else if let parent = ownParent?.value {
            visit(node(first: first), self)
            for leaf in parent.unmergedLeaves {
                guard leaf >= first, UInt64(leaf) < UInt64(first) + (1 << UInt64(level)) else { continue }
                let node = descendant(leaf: leaf - first)
                if node.hasLeaf { visit(leaf << 1, node) }
            }
        } else {
            leftChild.resolve(first: first, visit)
            rightChild.resolve(first: first + half, visit)
        }
    }

    /// The leaf at an offset from the leftmost one of this node.
    func descendant(leaf offset: UInt32) -> Subtree {
        var current = self
        while current.level > 0 {
            let isRight = offset >> UInt32(current.level - 1) & 1 == 1
            current = isRight ? current.rightChild : current.leftChild
        }
        return current
    }

    // MARK: Encoding (RFC 9420 §12.4.3.3)

    /// Writes all nodes in their order. `end` becomes the place behind the last one that is not blank.
    func encode(to writer: inout ByteWriter, _ end: inout Int) {
        guard level == Self.encodedLevel else { return encodeNodes(to: &writer, &end) }
        let encoding = cachedEncoding ?? Box(encoding)
        cachedEncoding = encoding
        if encoding.value.end > 0 { end = writer.bytes.count + encoding.value.end }
        writer.writeBytes(encoding.value.bytes)
    }

    private var encoding: Encoding {
        var writer = ByteWriter()
        var end = 0
        encodeNodes(to: &writer, &end)
        return Encoding(bytes: writer.bytes, end: end)
    }

    private func encodeNodes(to writer: inout ByteWriter, _ end: inout Int) {
        if isEmpty {
            writer.writeBytes([UInt8](repeating: 0, count: 2 << level - 1))
            return
        }
        left?.encode(to: &writer, &end)
        if let ownLeaf {
            writer.writeUInt16(0x0101)
            ownLeaf.value.encode(to: &writer)
            end = writer.bytes.count
        } else if let ownParent {
            writer.writeUInt16(0x0102)
            ownParent.value.encode(to: &writer)
            end = writer.bytes.count
        } else {
            writer.writeUInt8(0)
        }
        right?.encode(to: &writer, &end)
    }
}
