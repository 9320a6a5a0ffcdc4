/// Hybrid public key encryption (RFC 9180), base mode, with DHKEM(X25519, HKDF-SHA256) and HKDF-SHA256.
package enum HPKE {
    package static let encapsulatedKeyByteCount = X25519.publicKeyByteCount
    /// Nsecret of the KEM and Nh of the KDF.
    static let secretByteCount = 32
    static let hash = HashFunction.sha256

    /// The length of what `Suite.seal` makes of a plaintext of `count` bytes, without the encapsulated key.
    package static func ciphertextByteCount(_ count: Int) -> Int { count + AEADAlgorithm.tagByteCount }

    /// DeriveKeyPair (RFC 9180 §7.1.3): the same key pair for the same input key material.
    package static func deriveKeyPair(
        from inputKey: Span<UInt8>,
        in arena: SecretArena? = nil
    ) throws(CryptoError) -> X25519.PrivateKey {
        let schedule = LabeledKDF(suite: LabeledKDF.kem, arena: arena)
        let none: [UInt8] = []
        let key = try schedule.extract(salt: none.span, "dkp_prk", inputKey)
        return try X25519.PrivateKey(schedule.expand(key.bytes, "sk", none.span, count: 32))
    }

    /// What sender and recipient agreed on besides the curve. Value type, cheap to make.
    package struct Suite: Sendable, Hashable {
        package let aead: AEADAlgorithm

        package init(_ aead: AEADAlgorithm) {
            self.aead = aead
        }

        /// suite_id of RFC 9180 §5.1: "HPKE" and the numbers of KEM, KDF and AEAD.
        var identifier: [UInt8] {
            let number: UInt8 =
                switch aead {
                case .aes128GCM: 1
                case .aes256GCM: 2
                case .chaCha20Poly1305: 3
                }
            return Array("HPKE".utf8) + [0x00, 0x20, 0x00, 0x01, 0x00, number]
        }
    }
}
