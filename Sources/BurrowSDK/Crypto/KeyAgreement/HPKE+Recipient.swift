extension HPKE {
    /// The side that decrypts. Messages are opened in the order in which they were sealed.
    package struct Recipient: ~Copyable {
        private var context: Context

        /// SetupBaseR (RFC 9180 §5.1.1). An encapsulated key of another length or of small order is `invalidKey`.
        package init(
            _ suite: Suite,
            key: borrowing X25519.PrivateKey,
            encapsulatedKey: Span<UInt8>,
            info: Span<UInt8>,
            in arena: SecretArena? = nil
        ) throws(CryptoError) {
            let arena = arena ?? SecretArena()
            let agreed = try key.agree(with: encapsulatedKey, in: arena)
            var encapsulated: [UInt8] = []
            encapsulated.append(copying: encapsulatedKey)
            let shared = try sharedSecret(
                agreed.bytes,
                encapsulatedKey: encapsulated,
                recipientKey: key.publicKey,
                arena: arena
            )
            context = try Context(suite, sharedSecret: shared.bytes, info: info, arena: arena)
        }

        /// The plaintext, or `nil` if the ciphertext is not authentic; then the next one may still be the one expected.
        package mutating func open(
            _ ciphertext: Span<UInt8>,
            additional: Span<UInt8>
        ) throws(CryptoError) -> [UInt8]? {
            try context.open(ciphertext, additional: additional)
        }

        /// The same for a plaintext that is a secret.
        package mutating func openSecret(
            _ ciphertext: Span<UInt8>,
            additional: Span<UInt8>,
            in arena: SecretArena? = nil
        ) throws(CryptoError) -> SecretBytes? {
            try context.openSecret(ciphertext, additional: additional, in: arena)
        }

        package borrowing func export(
            _ exporterContext: Span<UInt8>,
            count: Int,
            in arena: SecretArena? = nil
        ) throws(CryptoError) -> SecretBytes {
            try context.export(exporterContext, count: count, in: arena)
        }
    }
}

extension HPKE.Suite {
    /// Decrypts one message; `nil` if it is not authentic.
    package func open(
        _ ciphertext: Span<UInt8>,
        encapsulatedKey: Span<UInt8>,
        key: borrowing X25519.PrivateKey,
        info: Span<UInt8>,
        additional: Span<UInt8>,
        in arena: SecretArena? = nil
    ) throws(CryptoError) -> [UInt8]? {
        var recipient = try HPKE.Recipient(
            self,
            key: key,
            encapsulatedKey: encapsulatedKey,
            info: info,
            in: arena
        )
        return try recipient.open(ciphertext, additional: additional)
    }

    /// The same for a plaintext that is a secret.
    package func openSecret(
        _ ciphertext: Span<UInt8>,
        encapsulatedKey: Span<UInt8>,
        key: borrowing X25519.PrivateKey,
        info: Span<UInt8>,
        additional: Span<UInt8>,
        in arena: SecretArena? = nil
    ) throws(CryptoError) -> SecretBytes? {
        var recipient = try HPKE.Recipient(
            self,
            key: key,
            encapsulatedKey: encapsulatedKey,
            info: info,
            in: arena
        )
        return try recipient.openSecret(ciphertext, additional: additional, in: arena)
    }
}
