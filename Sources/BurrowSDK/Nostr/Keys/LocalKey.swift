package import BurrowBase
package import BurrowCrypto

/// A private key in this process, with the conversation keys it was last used for.
package final class LocalKey {
    package let publicKey: PublicKey
    private let key: Secp256k1.PrivateKey
    private var conversations: [PublicKey: ConversationKey] = [:]
    /// Oldest first.
    private var order: [PublicKey] = []

    private static let conversationCount = 256

    package init(_ key: consuming Secp256k1.PrivateKey) throws(NostrError) {
        guard let bytes = Bytes32(key.publicKey) else {
            throw NostrError(.invalidKey, "public key is not 32 bytes long")
        }
        publicKey = PublicKey(bytes)
        self.key = key
    }

    package static func random() throws(NostrError) -> LocalKey {
        let key: Secp256k1.PrivateKey
        do {
            key = try Secp256k1.PrivateKey.random()
        } catch {
            throw NostrError(.failure, error.context)
        }
        return try LocalKey(key)
    }

    /// Reads an `nsec` or 64 hexadecimal digits.
    package static func importing(_ text: String) throws(NostrError) -> LocalKey {
        try LocalKey(TextForm.privateKey(text))
    }

    /// The `nsec` of the key.
    package func exported() -> String {
        TextForm.text(of: key)
    }

    package func sign(_ rumor: Rumor) throws(NostrError) -> Event {
        guard rumor.publicKey == publicKey else {
            throw NostrError(.wrongAuthor, "event to sign has another author")
        }
        let message = rumor.id.value.bytes
        let bytes: [UInt8]
        do {
            bytes = try key.sign(message.span)
        } catch {
            throw NostrError(.failure, error.context)
        }
        guard let signature = EventSignature(bytes) else {
            throw NostrError(.failure, "signature is not 64 bytes long")
        }
        return Event(verified: rumor, signature: signature)
    }

    /// The key shared with somebody. `remembers` is false for keys that are used once.
    package func conversation(
        with other: PublicKey,
        remembers: Bool = true
    ) throws(NostrError) -> ConversationKey {
        if let known = conversations[other] { return known }
        let conversation = try ConversationKey(key, with: other)
        guard remembers else { return conversation }
        if order.count >= Self.conversationCount { conversations[order.removeFirst()] = nil }
        order.append(other)
        conversations[other] = conversation
        return conversation
    }

    /// Does what a request asks for. `remembers` as for `conversation(with:remembers:)`.
    package func answer(
        _ request: KeyRequest,
        remembers: Bool = true,
        random: inout some RandomSource
    ) -> KeyAnswer {
        do throws(NostrError) {
            switch request {
            case .sign(let rumor): return .signed(try sign(rumor))
            case .encrypt(let text, let other):
                let conversation = try conversation(with: other, remembers: remembers)
                return .encrypted(try conversation.encrypt(text, random: &random))
            case .decrypt(let payload, let other):
                return .decrypted(try conversation(with: other, remembers: remembers).decrypt(payload))
            }
        } catch {
            return .failed(error)
        }
    }
}
