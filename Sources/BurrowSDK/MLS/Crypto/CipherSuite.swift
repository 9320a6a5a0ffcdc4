package import BurrowCrypto

/// The algorithms of a group (RFC 9420 §5.1), and where the secrets they give are kept.
///
/// A value belongs to one thread, as its arena does.
package struct CipherSuite {
    /// Suites we have. The others differ in curves that the libraries below do not offer.
    package enum ID: UInt16, Sendable, CaseIterable {
        case x25519AES128GCM = 0x0001
        case x25519ChaCha20Poly1305 = 0x0003
    }

    package let id: ID
    package let arena: SecretArena

    package init(_ id: ID, arena: SecretArena = SecretArena()) {
        self.id = id
        self.arena = arena
    }

    package init(_ value: UInt16, arena: SecretArena = SecretArena()) throws(MLSError) {
        guard let id = ID(rawValue: value) else {
            throw MLSError(.unsupportedCipherSuite, "cipher suite \(value)")
        }
        self.init(id, arena: arena)
    }

    var hashFunction: HashFunction { .sha256 }

    var aead: AEADAlgorithm {
        switch id {
        case .x25519AES128GCM: .aes128GCM
        case .x25519ChaCha20Poly1305: .chaCha20Poly1305
        }
    }

    var hpke: HPKE.Suite { HPKE.Suite(aead) }

    /// Nh
    package var hashLength: Int { hashFunction.byteCount }
    /// Nk
    package var keyLength: Int { aead.keyByteCount }
    /// Nn
    package var nonceLength: Int { AEADAlgorithm.nonceByteCount }

    /// Whether both are keys of this suite that may be used: the right length, no point of small order.
    func isValid(encryptionKey: [UInt8]) -> Bool {
        X25519.isValid(publicKey: encryptionKey.span)
    }

    func isValid(signatureKey: [UInt8]) -> Bool {
        signatureKey.count == Ed25519.publicKeyByteCount
    }

    func requireValid(encryptionKey: [UInt8]) throws(MLSError) {
        guard isValid(encryptionKey: encryptionKey) else {
            throw MLSError(.invalidPublicKey, "encryption key of \(encryptionKey.count) bytes")
        }
    }
}
