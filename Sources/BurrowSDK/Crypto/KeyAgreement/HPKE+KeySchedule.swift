extension HPKE {
    /// ExtractAndExpand of the KEM (RFC 9180 §4.1): what both sides make of the Diffie-Hellman result.
    static func sharedSecret(
        _ agreed: Span<UInt8>,
        encapsulatedKey: [UInt8],
        recipientKey: [UInt8],
        arena: SecretArena
    ) throws(CryptoError) -> SecretBytes {
        let schedule = LabeledKDF(suite: LabeledKDF.kem, arena: arena)
        let none: [UInt8] = []
        let context = encapsulatedKey + recipientKey
        let key = try schedule.extract(salt: none.span, "eae_prk", agreed)
        return try schedule.expand(key.bytes, "shared_secret", context.span, count: secretByteCount)
    }

    /// One direction of an encryption context (RFC 9180 §5.2): the key, the nonces in their order, and the exporter.
    struct Context: ~Copyable {
        private let key: AEADKey
        private let baseNonce: [UInt8]
        private let schedule: LabeledKDF
        private let exporterSecret: SecretBytes
        private var sequence: UInt64 = 0

        /// KeySchedule of RFC 9180 §5.1 for the base mode: no pre-shared key.
        init(
            _ suite: Suite,
            sharedSecret: Span<UInt8>,
            info: Span<UInt8>,
            arena: SecretArena
        ) throws(CryptoError) {
            let schedule = LabeledKDF(suite: suite.identifier, arena: arena)
            let none: [UInt8] = []
            let identifierHash = try schedule.extract(salt: none.span, "psk_id_hash", none.span)
            let infoHash = try schedule.extract(salt: none.span, "info_hash", info)
            var context: [UInt8] = [0]
            context.append(copying: identifierHash.bytes)
            context.append(copying: infoHash.bytes)
            let secret = try schedule.extract(salt: sharedSecret, "secret", none.span)
            let keyBytes = try schedule.expand(
                secret.bytes,
                "key",
                context.span,
                count: suite.aead.keyByteCount
            )
            let nonce = try schedule.expand(
                secret.bytes,
                "base_nonce",
                context.span,
                count: AEADAlgorithm.nonceByteCount
            )
            let exporter = try schedule.expand(secret.bytes, "exp", context.span, count: secretByteCount)
            let key = try AEADKey(suite.aead, key: keyBytes.bytes)
            var baseNonce: [UInt8] = []
            baseNonce.append(copying: nonce.bytes)
            // Nothing below fails: a value that cannot be copied is made whole or not at all.
            self.key = key
            self.baseNonce = baseNonce
            self.schedule = schedule
            exporterSecret = exporter
        }

        /// The nonce of the next message (RFC 9180 §5.2, ComputeNonce).
        private func nonce() throws(CryptoError) -> [UInt8] {
            // The last number is never used, so that the count cannot wrap.
            guard sequence < .max else { throw CryptoError(.exhausted, "HPKE context has no nonce left") }
            var nonce = baseNonce
            for index in 0..<8 {
                nonce[nonce.count - 1 - index] ^= UInt8(truncatingIfNeeded: sequence >> (8 * UInt64(index)))
            }
            return nonce
        }

        mutating func seal(
            _ plaintext: Span<UInt8>,
            additional: Span<UInt8>
        ) throws(CryptoError) -> [UInt8] {
            let nonce = try nonce()
            let ciphertext = try key.seal(plaintext, nonce: nonce.span, additional: additional)
            sequence += 1
            return ciphertext
        }

        mutating func open(
            _ ciphertext: Span<UInt8>,
            additional: Span<UInt8>
        ) throws(CryptoError) -> [UInt8]? {
            let nonce = try nonce()
            guard let plaintext = try key.open(ciphertext, nonce: nonce.span, additional: additional) else {
                return nil
            }
            sequence += 1
            return plaintext
        }

        mutating func openSecret(
            _ ciphertext: Span<UInt8>,
            additional: Span<UInt8>,
            in arena: SecretArena?
        ) throws(CryptoError) -> SecretBytes? {
            let nonce = try nonce()
            guard
                let plaintext = try key.openSecret(
                    ciphertext,
                    nonce: nonce.span,
                    additional: additional,
                    in: arena
                )
            else { return nil }
            sequence += 1
            return plaintext
        }

        /// Secret export (RFC 9180 §5.3).
        borrowing func export(
            _ context: Span<UInt8>,
            count: Int,
            in arena: SecretArena?
        ) throws(CryptoError) -> SecretBytes {
            let schedule = LabeledKDF(suite: schedule.suite, arena: arena)
            return try schedule.expand(exporterSecret.bytes, "sec", context, count: count)
        }
    }
}

extension [UInt8] {
    mutating func append(copying bytes: Span<UInt8>) {
        unsafe bytes.withUnsafeBufferPointer { (bytes) in unsafe append(contentsOf: bytes) }
    }
}
