/// Which secrets of a tree changed since somebody stored it, so that a message costs one record.
struct SecretTreeJournal {
    /// Names what is stored; nobody else's storing has the same number. `nil` when nothing is.
    private(set) var base: UInt64?
    private(set) var nodes: Set<UInt32> = []
    private(set) var leaves: Set<UInt32> = []

    var isEmpty: Bool { nodes.isEmpty && leaves.isEmpty }

    mutating func begin(_ base: UInt64?) {
        self.base = base
        if !nodes.isEmpty { nodes = [] }
        if !leaves.isEmpty { leaves = [] }
    }

    mutating func touch(node: UInt32) {
        if base != nil { nodes.insert(node) }
    }

    mutating func touch(leaf: UInt32) {
        if base != nil { leaves.insert(leaf) }
    }
}
