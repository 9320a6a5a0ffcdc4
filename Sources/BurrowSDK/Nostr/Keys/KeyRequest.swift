/// Something only the holder of a private key can do. Where the key is elsewhere it becomes a question to the host
/// that is answered later.
package enum KeyRequest: Equatable, Sendable {
    /// Make the signature of an event.
    case sign(Rumor)
    /// Encrypt a text for somebody (NIP-44).
    case encrypt([UInt8], for: PublicKey)
    /// Decrypt a payload from somebody (NIP-44).
    case decrypt(String, from: PublicKey)
}

/// What comes back from the holder of a private key, checked.
package enum KeyAnswer: Equatable, Sendable {
    case signed(Event)
    case encrypted(String)
    case decrypted([UInt8])
    case failed(NostrError)
}

/// What a host says the holder of a private key has answered.
package enum KeyReply: Equatable, Sendable {
    /// The JSON of the signed event, or just its signature in 64 bytes; a payload; a text.
    case bytes([UInt8])
    case refused
    /// There is nothing to be read in what was to be decrypted.
    case unreadable
}
