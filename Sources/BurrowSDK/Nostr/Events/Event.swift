internal import BurrowBase
internal import BurrowCrypto

/// An event whose id and signature have been verified: there is no other way to get one than from its author's key
/// or through `UnverifiedEvent.verified()`.
package struct Event: Equatable, Sendable {
    /// Everything but the signature.
    package let rumor: Rumor
    package let signature: EventSignature

    /// For whoever has just verified or made the signature.
    init(verified rumor: Rumor, signature: EventSignature) {
        self.rumor = rumor
        self.signature = signature
    }

    /// Attaches a signature made elsewhere, which is verified.
    package init(_ rumor: Rumor, signature: EventSignature) throws(NostrError) {
        let key = rumor.publicKey.bytes
        try self.init(rumor, signature: signature, of: Secp256k1.PublicKey(key.span))
    }

    /// The same where the author's key has been looked at: `nil` when it is none.
    init(_ rumor: Rumor, signature: EventSignature, of key: Secp256k1.PublicKey?) throws(NostrError) {
        let bytes = signature.bytes
        let message = rumor.id.value.bytes
        guard let key, key.isValid(bytes.span, for: message.span) else {
            throw NostrError(.invalidSignature, "signature does not match event and key")
        }
        self.init(verified: rumor, signature: signature)
    }

    /// Reads and verifies a JSON text.
    package init(json: [UInt8]) throws(NostrError) {
        self = try UnverifiedEvent(json: json).verified()
    }

    package var id: EventID { rumor.id }
    package var publicKey: PublicKey { rumor.publicKey }
    package var createdAt: UnixTime { rumor.createdAt }
    package var kind: EventKind { rumor.kind }
    package var tags: [Tag] { rumor.tags }
    package var content: String { rumor.content }

    /// The event as a JSON object.
    package var json: [UInt8] {
        var writer = EventWriter(capacity: 512 + content.utf8.count)
        writer.event(rumor, signature: signature)
        return writer.bytes
    }
}
