/// Arithmetic on the indices of a full binary tree laid out in an array (RFC 9420 appendix C).
///
/// Leaf i is node 2 i; a node's level is the number of its trailing one bits.
package enum TreeMath {
    package static func level(_ node: UInt32) -> Int { (~node).trailingZeroBitCount }

    /// Nodes of a tree with `leaves` leaves, a power of two.
    package static func width(leaves: UInt32) -> UInt32 { leaves == 0 ? 0 : leaves &* 2 &- 1 }

    package static func root(leaves: UInt32) -> UInt32 { leaves &- 1 }

    package static func left(_ node: UInt32) -> UInt32? {
        let level = level(node)
        return level == 0 ? nil : node ^ (1 << UInt32(level - 1))
    }

    package static func right(_ node: UInt32) -> UInt32? {
        let level = level(node)
        return level == 0 ? nil : node ^ (3 << UInt32(level - 1))
    }

    package static func parent(_ node: UInt32, leaves: UInt32) -> UInt32? {
        guard node != root(leaves: leaves) else { return nil }
        let level = UInt32(level(node))
        return (node | 1 << level) & ~(1 << (level + 1))
    }

    package static func sibling(_ node: UInt32, leaves: UInt32) -> UInt32? {
        guard let parent = parent(node, leaves: leaves) else { return nil }
        return node < parent ? right(parent) : left(parent)
    }

    /// The ancestor of a leaf at a level; level 0 is the leaf itself.
    static func ancestor(ofLeaf leaf: UInt32, level: Int) -> UInt32 {
        guard level > 0 else { return leaf << 1 }
        let span = UInt32(1) << UInt32(level)
        return ((leaf >> UInt32(level)) << UInt32(level + 1)) | (span &- 1)
    }

    /// The level of the lowest node that two leaves have in common.
    static func commonLevel(_ a: UInt32, _ b: UInt32) -> Int {
        UInt32.bitWidth - (a ^ b).leadingZeroBitCount
    }

    /// How many levels stand above the leaves of a tree, `leaves` being a power of two.
    static func height(leaves: UInt32) -> Int { leaves.trailingZeroBitCount }
}
