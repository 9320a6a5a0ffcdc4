package import BurrowCrypto

/// The keys of all members for the messages of one epoch (RFC 9420 §9).
///
/// Secrets of inner nodes exist until both sides below them were asked for, those of leaves until their two ratchets
/// begin: what was derived cannot be derived again.
package struct SecretTree {
    /// Which of a member's two ratchets.
    package enum Kind: Sendable {
        case handshake
        case application

        package init(_ content: Content.Kind) {
            self = content == .application ? .application : .handshake
        }
    }

    struct Ratchets {
        var handshake: Ratchet
        var application: Ratchet

        subscript(kind: Kind) -> Ratchet {
            get { kind == .handshake ? handshake : application }
            set {
                switch kind {
                case .handshake: handshake = newValue
                case .application: application = newValue
                }
            }
        }
    }

    /// A key that was looked up, and the state to keep if it proves right.
    package struct Attempt {
        package let key: MessageKey
        fileprivate let leaf: UInt32
        fileprivate let kind: Kind
        fileprivate let ratchet: Ratchet
    }

    let suite: CipherSuite
    package let leafCount: UInt32
    private(set) var nodes: [UInt32: Secret]
    private(set) var ratchets: [UInt32: Ratchets] = [:]
    private var skippedCount = 0
    /// What changed since this tree was stored.
    private(set) var journal = SecretTreeJournal()

    /// `leafCount` is that of the full tree, a power of two.
    package init(encryptionSecret: Secret, leafCount: UInt32, suite: CipherSuite) {
        self.suite = suite
        self.leafCount = leafCount
        nodes = [TreeMath.root(leaves: leafCount): encryptionSecret]
    }

    init(
        restoring nodes: [UInt32: Secret],
        _ ratchets: [UInt32: Ratchets],
        leafCount: UInt32,
        suite: CipherSuite,
        base: UInt64? = nil
    ) {
        self.suite = suite
        self.leafCount = leafCount
        self.nodes = nodes
        self.ratchets = ratchets
        journal.begin(base)
        for (_, both) in ratchets {
            skippedCount += both.handshake.skipped.count + both.application.skipped.count
        }
    }

    private mutating func ratchets(of leaf: UInt32) throws(MLSError) -> Ratchets {
        if let known = ratchets[leaf] { return known }
        guard leaf < leafCount else { throw MLSError(.unknownSender, "leaf \(leaf) is outside of the tree") }
        let height = TreeMath.height(leaves: leafCount)
        var level = 0
        while level < height, nodes[TreeMath.ancestor(ofLeaf: leaf, level: level)] == nil { level += 1 }
        let start = TreeMath.ancestor(ofLeaf: leaf, level: level)
        guard var secret = nodes.removeValue(forKey: start) else {
            throw MLSError(.generationConsumed, "keys of leaf \(leaf) are gone")
        }
        journal.touch(node: start)
        while level > 0 {
            let left = try suite.expand(secret, "tree", Self.left, suite.hashLength)
            let right = try suite.expand(secret, "tree", Self.right, suite.hashLength)
            level -= 1
            let own = TreeMath.ancestor(ofLeaf: leaf, level: level)
            let isRight = leaf >> UInt32(level) & 1 == 1
            let sibling = TreeMath.sibling(own, leaves: leafCount) ?? own
            nodes[sibling] = isRight ? left : right
            journal.touch(node: sibling)
            secret = isRight ? right : left
        }
        let fresh = Ratchets(
            handshake: Ratchet(secret: try suite.expand(secret, "handshake", [], suite.hashLength)),
            application: Ratchet(secret: try suite.expand(secret, "application", [], suite.hashLength))
        )
        ratchets[leaf] = fresh
        journal.touch(leaf: leaf)
        return fresh
    }

    private static let left = Array("left".utf8)
    private static let right = Array("right".utf8)

    /// The key for the next message of `leaf`, which is ourselves. Store the tree before what it encrypts gets out.
    package mutating func nextKey(_ leaf: UInt32, _ kind: Kind) throws(MLSError) -> MessageKey {
        var ratchets = try ratchets(of: leaf)
        let key = try ratchets[kind].advance(suite)
        self.ratchets[leaf] = ratchets
        journal.touch(leaf: leaf)
        return key
    }

    /// The key that opens a message which claims this sender and generation. Nothing is used up before `keep`.
    package mutating func attempt(
        _ leaf: UInt32,
        _ kind: Kind,
        generation: UInt32,
        window: RatchetWindow
    ) throws(MLSError) -> Attempt {
        var ratchet = try ratchets(of: leaf)[kind]
        let key = try ratchet.take(generation, window: window, suite)
        return Attempt(key: key, leaf: leaf, kind: kind, ratchet: ratchet)
    }

    /// Moves a sender's ratchets forward to where they were stored.
    mutating func replaceRatchets(of leaf: UInt32, with later: Ratchets) throws(MLSError) {
        let known = try ratchets(of: leaf)
        for kind in [Kind.handshake, .application] {
            guard later[kind].next >= known[kind].next else {
                throw MLSError(.invalidArgument, "stored ratchet is older than the state")
            }
            skippedCount += later[kind].skipped.count - known[kind].skipped.count
        }
        ratchets[leaf] = later
        journal.touch(leaf: leaf)
    }

    /// The tree is stored as it is; what changes from here on is noted.
    mutating func beginJournal(_ base: UInt64) {
        journal.begin(base)
    }

    /// The message was authentic: its key is gone from here on.
    package mutating func keep(_ attempt: Attempt, window: RatchetWindow) {
        guard let before = ratchets[attempt.leaf]?[attempt.kind].skipped.count else { return }
        var ratchet = attempt.ratchet
        let others = skippedCount - before
        ratchet.dropSkipped(others + ratchet.skipped.count - window.skippedInAll)
        skippedCount = others + ratchet.skipped.count
        ratchets[attempt.leaf]?[attempt.kind] = ratchet
        journal.touch(leaf: attempt.leaf)
    }

    /// Key and nonce for the sender data of a message, from a sample of its ciphertext (RFC 9420 §6.3.2).
    package static func senderDataKey(
        _ secret: Secret,
        ciphertext: [UInt8],
        suite: CipherSuite
    ) throws(MLSError) -> (key: Secret, nonce: [UInt8]) {
        let sample = Array(ciphertext.prefix(suite.hashLength))
        let key = try suite.expand(secret, "key", sample, suite.keyLength)
        let nonce = try suite.expand(secret, "nonce", sample, suite.nonceLength)
        return (key, nonce.copied())
    }
}
