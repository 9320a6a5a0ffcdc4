import BurrowBase
import BurrowCrypto
import BurrowMLS
import FuzzHarness

/// A tree from the network: read, judged, changed, with indices of the attacker's choice.
enum MLSTreeTarget: FuzzTarget {
    static func run() {
        let suite = CipherSuite(.x25519AES128GCM)
        fuzz { (input) in
            var choices = Choices(input)
            let leaf = UInt32(choices.byte()) << UInt32(choices.byte() % 25)
            let bytes = Array(choices.rest)
            guard var tree = try? RatchetTree(decoding: bytes, suite: suite) else { return }
            require(tree.encoded == bytes, "tree is written otherwise than read")
            let hash = try? tree.treeHash()
            let isValid = (try? tree.validateParents()) != nil
            _ = tree.resolution(ofNode: leaf)
            _ = try? tree.treeHash(ofNode: leaf)
            _ = tree.encryptionKey(ofNode: leaf)
            require(tree.members.count == tree.memberCount, "members are counted wrongly")
            let before = tree
            guard (try? tree.remove(leaf)) != nil else { return }
            require(tree.memberCount + 1 == before.memberCount, "removal removed something else")
            require((try? before.treeHash()) == hash, "an earlier tree has changed")
            guard tree.memberCount > 0 else { return }
            let again = try? RatchetTree(decoding: tree.encoded, suite: suite)
            require((try? again?.treeHash()) == (try? tree.treeHash()), "cached hashes are wrong")
            if isValid { require((try? tree.validateParents()) != nil, "removal broke the tree") }
        }
    }
}
