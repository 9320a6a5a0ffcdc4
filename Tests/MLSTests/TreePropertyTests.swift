import BurrowBase
import BurrowCrypto
import BurrowMLS
import Testing

/// The cached and shared tree against one that computes everything from the definition, over an array.
@Suite struct TreePropertyTests {
    /// RFC 9420 read naively: nodes in an array, nothing cached.
    struct NaiveTree {
        enum Node {
            case leaf(LeafNode)
            case parent(ParentNode)
        }

        var nodes: [Node?]

        /// Written again from the encoding, with a reader of its own.
        init(_ encoded: [UInt8]) throws {
            var list: [Node?] = []
            var rest = encoded[...]
            let prefix = encoded.isEmpty ? 0 : 1 << Int(encoded[0] >> 6)
            rest = rest.dropFirst(prefix)
            while let flag = rest.popFirst() {
                guard flag == 1 else {
                    list.append(nil)
                    continue
                }
                let kind = rest.popFirst()
                // Structures have no length of their own, so the reader tells where they end.
                let bytes = Array(rest)
                var reader = ByteReader(bytes.span)
                list.append(
                    kind == 1 ? .leaf(try LeafNode(from: &reader)) : .parent(try ParentNode(from: &reader))
                )
                rest = rest.dropFirst(reader.offset)
            }
            var width = 1
            while width < list.count { width = 2 * width + 1 }
            nodes = list + [Node?](repeating: nil, count: width - list.count)
        }

        var encoded: [UInt8] {
            var bytes: [UInt8] = []
            var end = 0
            for node in nodes {
                switch node {
                case .leaf(let leaf): bytes += [1, 1] + leaf.encoded
                case .parent(let parent): bytes += [1, 2] + parent.encoded
                case nil: bytes.append(0)
                }
                if node != nil { end = bytes.count }
            }
            return vector(Array(bytes[..<end]))
        }

        private func vector(_ bytes: [UInt8]) -> [UInt8] {
            bytes.count < 64
                ? [UInt8(bytes.count)] + bytes
                : [0x40 | UInt8(bytes.count >> 8), UInt8(bytes.count & 0xff)] + bytes
        }

        private func level(_ node: Int) -> Int {
            var level = 0
            while node >> level & 1 == 1 { level += 1 }
            return level
        }

        private func children(_ node: Int) -> (Int, Int) {
            let level = level(node)
            return (node - (1 << (level - 1)), node + (1 << (level - 1)))
        }

        func hash(_ node: Int, without: Set<UInt32> = []) throws -> [UInt8] {
            guard node & 1 == 1 else {
                let index = UInt32(node / 2)
                let place = [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: index >> $0) }
                guard case .leaf(let leaf) = nodes[node], !without.contains(index) else {
                    return try sha([1] + place + [0])
                }
                return try sha([1] + place + [1] + leaf.encoded)
            }
            let (left, right) = children(node)
            let below = vector(try hash(left, without: without)) + vector(try hash(right, without: without))
            guard case .parent(var parent) = nodes[node] else { return try sha([2, 0] + below) }
            parent.unmergedLeaves.removeAll { without.contains($0) }
            return try sha([2, 1] + parent.encoded + below)
        }

        private func sha(_ bytes: [UInt8]) throws -> [UInt8] {
            try SHA256.hash(bytes.span)
        }

        func resolution(_ node: Int) -> [Int] {
            switch nodes[node] {
            case .leaf: return [node]
            case .parent(let parent): return [node] + parent.unmergedLeaves.map { 2 * Int($0) }
            case nil:
                guard node & 1 == 1 else { return [] }
                let (left, right) = children(node)
                return resolution(left) + resolution(right)
            }
        }

        /// RFC 9420 §7.9.2, by trying every descendant of every parent.
        func hasValidParentHashes() throws -> Bool {
            for (index, node) in nodes.enumerated() {
                guard case .parent(let parent) = node else { continue }
                let (left, right) = children(index)
                var count = 0
                for (child, sibling) in [(left, right), (right, left)] {
                    let hash = try sha(
                        vector(parent.encryptionKey) + vector(parent.parentHash)
                            + vector(try self.hash(sibling, without: Set(parent.unmergedLeaves)))
                    )
                    let span = 1 << level(child)
                    let unmerged = Set(parent.unmergedLeaves.map { 2 * Int($0) })
                        .filter { abs($0 - child) < span }
                    let resolution = resolution(child)
                    for candidate in resolution {
                        let claimed: [UInt8]? =
                            switch nodes[candidate] {
                            case .leaf(let leaf): leaf.parentHash
                            case .parent(let parent): parent.parentHash
                            case nil: nil
                            }
                        if claimed == hash, Set(resolution).subtracting([candidate]) == unmerged {
                            count += 1
                        }
                    }
                }
                guard count == 1 else { return false }
            }
            return true
        }
    }

    /// A tree that grows, shrinks and gets new paths at random, with members' signatures as a group makes them.
    private func compare(_ seed: UInt64, steps: Int, largest: Int) throws {
        var random = SeededRandom(seed: seed)
        let suite = CipherSuite(.x25519AES128GCM)
        let identity = try Person("anybody", suite).identity
        func leaf() throws -> LeafNode {
            let person = MemberIdentity(
                credential: identity.credential,
                capabilities: identity.capabilities,
                signatureKey: try suite.generateSignatureKey()
            )
            return try KeyPackageBundle(generate: person, lifetime: .standard(now: now), suite: suite)
                .keyPackage.leafNode
        }
        var tree = try RatchetTree(founder: leaf(), suite: suite)
        for step in 0..<steps {
            let members = tree.members.map(\.leaf)
            let somebody = try #require(members.randomElement(using: &random))
            switch Int.random(in: 0..<10, using: &random) {
            case 0..<5 where members.count < largest:
                let expected = firstFree(members)
                #expect(try tree.add(leaf()) == expected)
            case 5..<7 where members.count > 1: try tree.remove(somebody)
            default:
                var context = GroupContext(
                    cipherSuite: 1,
                    groupID: [],
                    epoch: 0,
                    treeHash: [],
                    confirmedTranscriptHash: [],
                    extensions: []
                )
                let template = try #require(tree.leaf(somebody))
                let signer = try suite.generateSignatureKey()
                _ = try PathSender(suite: suite, leaf: somebody, signatureKey: signer).send(
                    template,
                    tree: &tree,
                    context: &context,
                    added: []
                )
            }
            guard step % (largest / 3) == 0 || step == steps - 1 else { continue }
            let encoded = tree.encoded
            let naive = try NaiveTree(encoded)
            #expect(naive.nodes.count == 2 * Int(tree.leafCount) - 1)
            for node in naive.nodes.indices {
                #expect(tree.resolution(ofNode: UInt32(node)).map { Int($0) } == naive.resolution(node))
            }
            #expect(try tree.treeHash() == naive.hash(Int(tree.leafCount) - 1))
            #expect(try naive.hasValidParentHashes())
            try tree.validateParents()
            let again = try RatchetTree(decoding: encoded, suite: suite)
            #expect(again.encoded == encoded)
            #expect(try again.treeHash() == tree.treeHash())
        }
    }

    private func firstFree(_ members: [UInt32]) -> UInt32 {
        for (position, leaf) in members.enumerated() where leaf != UInt32(position) {
            return UInt32(position)
        }
        return UInt32(members.count)
    }

    @Test(arguments: 1...12 as ClosedRange<UInt64>) func smallTrees(_ seed: UInt64) throws {
        try compare(seed, steps: 60, largest: 17)
    }

    @Test(arguments: [21, 22] as [UInt64]) func largeTrees(_ seed: UInt64) throws {
        try compare(seed, steps: 500, largest: 300)
    }
}
