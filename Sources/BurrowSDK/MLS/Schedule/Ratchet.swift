package import BurrowCrypto

/// Key and nonce of one message (RFC 9420 §9.1).
package struct MessageKey {
    package let generation: UInt32
    package let key: Secret
    package let nonce: [UInt8]
}

/// How far messages of one sender may be out of order.
package struct RatchetWindow: Equatable, Sendable {
    /// How many generations may be missing at once. Every member can make every other derive this many keys.
    package var forward: UInt32
    /// How many keys of missing generations are kept per sender and kind.
    package var skipped: Int
    /// How many are kept in all.
    package var skippedInAll: Int

    package init(forward: UInt32 = 1000, skipped: Int = 256, skippedInAll: Int = 4096) {
        self.forward = forward
        self.skipped = skipped
        self.skippedInAll = skippedInAll
    }
}

/// The keys of one sender for one kind of message (RFC 9420 §9.1).
///
/// Holds the secret of the next generation and the keys of generations that were passed over; nothing older can be
/// found again.
struct Ratchet {
    private var secret: Secret
    /// Wider than a generation, so that the last one can be passed.
    private(set) var next: UInt64 = 0
    /// In ascending order.
    private(set) var skipped: [MessageKey] = []

    init(secret: Secret) {
        self.secret = secret
    }

    init(secret: Secret, next: UInt64, skipped: [MessageKey]) {
        self.secret = secret
        self.next = next
        self.skipped = skipped
    }

    var nextSecret: Secret { secret }

    private func key(_ generation: UInt32, _ suite: CipherSuite) throws(MLSError) -> MessageKey {
        MessageKey(
            generation: generation,
            key: try suite.deriveTreeSecret(secret, "key", generation, suite.keyLength),
            nonce: try suite.deriveTreeSecret(secret, "nonce", generation, suite.nonceLength).copied()
        )
    }

    private mutating func step(_ generation: UInt32, _ suite: CipherSuite) throws(MLSError) {
        secret = try suite.deriveTreeSecret(secret, "secret", generation, suite.hashLength)
        next = UInt64(generation) + 1
    }

    /// The key of the next generation, which is forgotten here.
    mutating func advance(_ suite: CipherSuite) throws(MLSError) -> MessageKey {
        guard let generation = UInt32(exactly: next) else {
            throw MLSError(.generationsExhausted, "no generation is left in this epoch")
        }
        let result = try key(generation, suite)
        try step(generation, suite)
        return result
    }

    /// The key of a generation that a message names, which is forgotten here. The caller works on a copy and keeps it only
    /// if the message was authentic, because anybody can name any generation.
    mutating func take(
        _ generation: UInt32,
        window: RatchetWindow,
        _ suite: CipherSuite
    ) throws(MLSError) -> MessageKey {
        guard UInt64(generation) >= next else {
            guard let index = skipped.firstIndex(where: { $0.generation == generation }) else {
                throw MLSError(.generationConsumed, "generation \(generation) was used or is too old")
            }
            return skipped.remove(at: index)
        }
        guard UInt64(generation) - next <= UInt64(window.forward) else {
            throw MLSError(.generationTooFar, "generation \(generation) is far beyond \(next)")
        }
        while let current = UInt32(exactly: next), current < generation {
            if generation - current <= UInt32(clamping: window.skipped) {
                skipped.append(try key(current, suite))
            }
            try step(current, suite)
        }
        if skipped.count > window.skipped { skipped.removeFirst(skipped.count - window.skipped) }
        return try advance(suite)
    }

    mutating func dropSkipped(_ count: Int) {
        skipped.removeFirst(min(max(count, 0), skipped.count))
    }
}
