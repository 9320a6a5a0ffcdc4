internal import BurrowBase

/// A ratchet tree in records of a few leaves each, named by their tree hash (RFC 9420 §7.8).
///
/// A tree hash stands for everything below a node, so what two epochs have in common is stored once, and a commit stores
/// the chunks on its path. A chunk reaches from its node down to the next level that is a multiple of three: eight leaves
/// at the bottom.
enum TreeChunks {
    private enum Tag {
        static let blank: UInt8 = 0
        static let leaf: UInt8 = 1
        static let blankParent: UInt8 = 2
        static let parent: UInt8 = 3
        static let chunk: UInt8 = 4
    }

    private static func floor(_ level: Int) -> Int { max(level - 1, 0) / 3 * 3 }

    // MARK: Writing

    /// Calls `visit` for each chunk below a node that is not blank, from the top. Where it answers false the chunks below
    /// are left out.
    static func visit(
        _ subtree: Subtree,
        first: UInt32,
        _ suite: CipherSuite,
        _ visit: (_ name: [UInt8], Subtree, _ first: UInt32) throws(MLSError) -> Bool
    ) throws(MLSError) {
        guard !subtree.isEmpty, try visit(subtree.hash(first: first, suite), subtree, first) else { return }
        try forEachEdge(subtree, first, floor(subtree.level)) { (child, first) throws(MLSError) in
            try Self.visit(child, first: first, suite, visit)
        }
    }

    private static func forEachEdge(
        _ subtree: Subtree,
        _ first: UInt32,
        _ floor: Int,
        _ body: (Subtree, UInt32) throws(MLSError) -> Void
    ) throws(MLSError) {
        guard floor > 0, !subtree.isEmpty else { return }
        guard subtree.level > floor else { return try body(subtree, first) }
        try forEachEdge(subtree.leftChild, first, floor, body)
        try forEachEdge(subtree.rightChild, first + subtree.half, floor, body)
    }

    static func encode(_ subtree: Subtree, first: UInt32, _ suite: CipherSuite) throws(MLSError) -> [UInt8] {
        var writer = ByteWriter()
        try encode(subtree, first, floor(subtree.level), suite, &writer)
        return writer.bytes
    }

    private static func encode(
        _ subtree: Subtree,
        _ first: UInt32,
        _ floor: Int,
        _ suite: CipherSuite,
        _ writer: inout ByteWriter
    ) throws(MLSError) {
        if subtree.isEmpty {
            writer.writeUInt8(Tag.blank)
        } else if let leaf = subtree.leaf {
            writer.writeUInt8(Tag.leaf)
            leaf.encode(to: &writer)
        } else if subtree.level == floor {
            writer.writeUInt8(Tag.chunk)
            writer.writeOpaque(try subtree.hash(first: first, suite))
        } else {
            writer.writeUInt8(subtree.parent == nil ? Tag.blankParent : Tag.parent)
            if let parent = subtree.parent { parent.encode(to: &writer) }
            try encode(subtree.leftChild, first, floor, suite, &writer)
            try encode(subtree.rightChild, first + subtree.half, floor, suite, &writer)
        }
    }

    // MARK: Reading

    /// The node of a name. The caller compares its tree hash.
    static func read(
        _ name: [UInt8],
        level: Int,
        _ chunks: [[UInt8]: [UInt8]]
    ) throws(MLSError) -> Subtree {
        guard let chunk = chunks[name] else {
            throw MLSError(.codecInvalidValue, "part of a stored tree is missing")
        }
        var reader = ByteReader(chunk.span)
        let subtree = try read(&reader, level, floor(level), chunks)
        guard reader.isAtEnd else { throw MLSError(.codecTrailing, "bytes after part of a stored tree") }
        return subtree
    }

    private static func read(
        _ reader: inout ByteReader,
        _ level: Int,
        _ floor: Int,
        _ chunks: [[UInt8]: [UInt8]]
    ) throws(MLSError) -> Subtree {
        let tag = try Wire.uint8(&reader)
        switch tag {
        case Tag.blank: return Subtree(blank: level)
        case Tag.leaf where level == 0: return Subtree(leaf: try LeafNode(from: &reader))
        case Tag.chunk where level == floor && level > 0:
            return try read(Wire.opaque(&reader), level: level, chunks)
        case Tag.blankParent where level > floor, Tag.parent where level > floor:
            let parent = tag == Tag.parent ? try ParentNode(from: &reader) : nil
            let left = try read(&reader, level - 1, floor, chunks)
            let right = try read(&reader, level - 1, floor, chunks)
            return Subtree(parent: parent, left: left, right: right)
        default: throw MLSError(.codecInvalidValue, "stored tree node of unknown type \(tag)")
        }
    }
}

extension RatchetTree {
    /// A tree out of its stored chunks. Whether they are the right ones, the tree hash tells.
    init(
        name: [UInt8],
        height: Int,
        chunks: [[UInt8]: [UInt8]],
        suite: CipherSuite
    ) throws(MLSError) {
        guard height <= TreeMath.height(leaves: MLSLimits.leaves) else {
            throw MLSError(.codecLimit, "stored tree of \(height) levels")
        }
        let root = try TreeChunks.read(name, level: height, chunks)
        var index = MemberIndex()
        index.reserve(root.memberCount)
        try Self.count(root, &index, suite)
        self.init(root: root, index: index, suite: suite)
        guard try treeHash() == name else {
            throw MLSError(.treeHashMismatch, "stored tree is not the one of its epoch")
        }
    }

    private static func count(
        _ subtree: Subtree,
        _ index: inout MemberIndex,
        _ suite: CipherSuite
    ) throws(MLSError) {
        guard !subtree.isEmpty else { return }
        if let leaf = subtree.leaf { return try index.insert(leaf, suite) }
        if let parent = subtree.parent { try index.insert(encryptionKey: parent.encryptionKey, suite) }
        try count(subtree.leftChild, &index, suite)
        try count(subtree.rightChild, &index, suite)
    }
}
