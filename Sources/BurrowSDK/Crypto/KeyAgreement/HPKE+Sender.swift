extension HPKE {
    /// The side that encrypts: a fresh key pair for every context, whose public half is the encapsulated key.
    package struct Sender: ~Copyable {
        /// What the recipient needs to begin; 32 bytes.
        package let encapsulatedKey: [UInt8]
        private var context: Context

        /// SetupBaseS (RFC 9180 §5.1.1). A recipient's key of small order is `invalidKey`.
        package init(
            _ suite: Suite,
            to recipientKey: Span<UInt8>,
            info: Span<UInt8>,
            in arena: SecretArena? = nil
        ) throws(CryptoError) {
            let arena = arena ?? SecretArena()
            let ephemeral = try X25519.PrivateKey.random(in: arena)
            context = try Self.context(suite, ephemeral, recipientKey, info, arena)
            encapsulatedKey = ephemeral.publicKey
        }

        /// The same with a key pair that the caller chose and uses for nothing else: for published vectors.
        package init(
            _ suite: Suite,
            to recipientKey: Span<UInt8>,
            info: Span<UInt8>,
            ephemeral: borrowing X25519.PrivateKey,
            in arena: SecretArena? = nil
        ) throws(CryptoError) {
            context = try Self.context(suite, ephemeral, recipientKey, info, arena ?? SecretArena())
            encapsulatedKey = ephemeral.publicKey
        }

        private static func context(
            _ suite: Suite,
            _ ephemeral: borrowing X25519.PrivateKey,
            _ recipientKey: Span<UInt8>,
            _ info: Span<UInt8>,
            _ arena: SecretArena
        ) throws(CryptoError) -> Context {
            let agreed = try ephemeral.agree(with: recipientKey, in: arena)
            var recipient: [UInt8] = []
            recipient.append(copying: recipientKey)
            let shared = try sharedSecret(
                agreed.bytes,
                encapsulatedKey: ephemeral.publicKey,
                recipientKey: recipient,
                arena: arena
            )
            return try Context(suite, sharedSecret: shared.bytes, info: info, arena: arena)
        }

        package mutating func seal(
            _ plaintext: Span<UInt8>,
            additional: Span<UInt8>
        ) throws(CryptoError) -> [UInt8] {
            try context.seal(plaintext, additional: additional)
        }

        package borrowing func export(
            _ exporterContext: Span<UInt8>,
            count: Int,
            in arena: SecretArena? = nil
        ) throws(CryptoError) -> SecretBytes {
            try context.export(exporterContext, count: count, in: arena)
        }
    }

    /// What the one-shot form of encryption gives (RFC 9180 §6.1).
    package struct SealedMessage: Equatable, Sendable {
        package let encapsulatedKey: [UInt8]
        package let ciphertext: [UInt8]

        package init(encapsulatedKey: [UInt8], ciphertext: [UInt8]) {
            self.encapsulatedKey = encapsulatedKey
            self.ciphertext = ciphertext
        }
    }
}

extension HPKE.Suite {
    /// Encrypts one message to `recipientKey`.
    package func seal(
        _ plaintext: Span<UInt8>,
        to recipientKey: Span<UInt8>,
        info: Span<UInt8>,
        additional: Span<UInt8>,
        in arena: SecretArena? = nil
    ) throws(CryptoError) -> HPKE.SealedMessage {
        var sender = try HPKE.Sender(self, to: recipientKey, info: info, in: arena)
        let ciphertext = try sender.seal(plaintext, additional: additional)
        return HPKE.SealedMessage(encapsulatedKey: sender.encapsulatedKey, ciphertext: ciphertext)
    }
}
