internal import BurrowCrypto

/// The keys of the last authors, ready for verifying: most events that come at once are of a few people.
struct AuthorKeys: Sendable {
    private struct Slot {
        let author: PublicKey
        let key: Secp256k1.PublicKey
    }

    /// Where an author's key is, is decided by its last bits; who has the same ones takes the place.
    private var slots = [Slot?](repeating: nil, count: 64)

    /// The author's key, `nil` when it is none.
    subscript(author: PublicKey) -> Secp256k1.PublicKey? {
        mutating get {
            let place = Int(author.value.lastByte) % slots.count
            if let slot = slots[place], slot.author == author { return slot.key }
            let bytes = author.bytes
            guard let key = Secp256k1.PublicKey(bytes.span) else { return nil }
            slots[place] = Slot(author: author, key: key)
            return key
        }
    }
}
