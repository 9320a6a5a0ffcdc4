import BurrowBase
import BurrowCrypto
import BurrowMLS
import Testing

/// What the secret tree forgets, and when.
@Suite struct RatchetTests {
    let suite = CipherSuite(.x25519ChaCha20Poly1305)

    private func tree(_ leaves: UInt32 = 8) throws -> SecretTree {
        SecretTree(encryptionSecret: try suite.zeros(), leafCount: leaves, suite: suite)
    }

    @Test func attemptsChangeNothing() throws {
        var tree = try tree()
        let window = RatchetWindow()
        let far = try tree.attempt(3, .application, generation: 900, window: window)
        let near = try tree.attempt(3, .application, generation: 0, window: window)
        tree.keep(near, window: window)
        expect(.generationConsumed) { _ = try tree.attempt(3, .application, generation: 0, window: window) }
        let again = try tree.attempt(3, .application, generation: 900, window: window)
        #expect(again.key.key.hex == far.key.key.hex)
        #expect(again.key.nonce == far.key.nonce)
    }

    @Test func senderAndReceiverAgree() throws {
        var sender = try tree()
        var receiver = try tree()
        let window = RatchetWindow(forward: 100, skipped: 50, skippedInAll: 200)
        var random = SeededRandom(seed: 5)
        var keys: [MessageKey] = []
        for _ in 0..<40 { keys.append(try sender.nextKey(5, .handshake)) }
        for key in keys.shuffled(using: &random) {
            let attempt = try receiver.attempt(5, .handshake, generation: key.generation, window: window)
            #expect(attempt.key.key.hex == key.key.hex)
            #expect(attempt.key.nonce == key.nonce)
            receiver.keep(attempt, window: window)
        }
    }

    @Test func forwardLimitIsExact() throws {
        var tree = try tree()
        let window = RatchetWindow(forward: 1000, skipped: 256, skippedInAll: 4096)
        _ = try tree.attempt(0, .application, generation: 1000, window: window)
        for generation in [1001, .max] as [UInt32] {
            expect(.generationTooFar) {
                _ = try tree.attempt(0, .application, generation: generation, window: window)
            }
        }
    }

    @Test func skippedKeysHaveALimitForAll() throws {
        var tree = try tree()
        let window = RatchetWindow(forward: 100, skipped: 20, skippedInAll: 30)
        for leaf in 0..<3 as Range<UInt32> {
            tree.keep(try tree.attempt(leaf, .application, generation: 20, window: window), window: window)
        }
        // Twenty of the first, ten of the second, none of the third.
        _ = try tree.attempt(0, .application, generation: 0, window: window)
        expect(.generationConsumed) { _ = try tree.attempt(1, .application, generation: 9, window: window) }
        _ = try tree.attempt(1, .application, generation: 10, window: window)
        expect(.generationConsumed) { _ = try tree.attempt(2, .application, generation: 19, window: window) }
        // Room that one gives back is there for others.
        for generation in 0..<5 as Range<UInt32> {
            tree.keep(
                try tree.attempt(0, .application, generation: generation, window: window),
                window: window
            )
        }
        tree.keep(try tree.attempt(3, .application, generation: 10, window: window), window: window)
        _ = try tree.attempt(3, .application, generation: 5, window: window)
        expect(.generationConsumed) { _ = try tree.attempt(3, .application, generation: 4, window: window) }
    }

    @Test func farGenerations() throws {
        var tree = try tree()
        let window = RatchetWindow(forward: .max, skipped: 2, skippedInAll: 8)
        tree.keep(try tree.attempt(1, .application, generation: 2000, window: window), window: window)
        #expect(try tree.nextKey(1, .application).generation == 2001)
        expect(.generationConsumed) {
            _ = try tree.attempt(1, .application, generation: 1997, window: window)
        }
        _ = try tree.attempt(1, .application, generation: 1998, window: window)
    }

    @Test func leavesOutsideOfTheTree() throws {
        var tree = try tree()
        expect(.unknownSender) {
            _ = try tree.attempt(8, .application, generation: 0, window: RatchetWindow())
        }
    }

    @Test func secretsGoWithTheTree() throws {
        let before = suite.arena.secretCount
        do {
            var tree = try tree(64)
            for leaf in 0..<64 as Range<UInt32> { _ = try tree.nextKey(leaf, .application) }
            // Two ratchets for each leaf and nothing above them.
            #expect(suite.arena.secretCount - before == 128)
        }
        #expect(suite.arena.secretCount == before)
    }
}
