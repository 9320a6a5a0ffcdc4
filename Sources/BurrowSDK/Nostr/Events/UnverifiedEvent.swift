package import BurrowBase
internal import BurrowCrypto

/// An event as it came in: its shape is right, its id and signature are claims.
package struct UnverifiedEvent: Equatable, Sendable {
    package let id: EventID
    package let publicKey: PublicKey
    package let createdAt: UnixTime
    package let kind: EventKind
    package let tags: [Tag]
    package let content: String
    package let signature: EventSignature

    /// Reads a JSON text with limits; unknown members are ignored, members that stand twice are not.
    package init(json: [UInt8]) throws(NostrError) {
        try self.init(EventFields.object(json))
    }

    /// Reads an object of a larger text, which must have been parsed with limits.
    package init(_ object: JSON.Object) throws(NostrError) {
        let fields = try EventFields(object)
        guard let id = fields.id else { throw NostrError(.missingMember, "event without \"id\"") }
        guard let signature = fields.signature else {
            throw NostrError(.missingMember, "event without \"sig\"")
        }
        self.id = id
        self.signature = signature
        (publicKey, createdAt, kind, tags, content) = try fields.required()
    }

    /// The event, if its id is its hash and the signature is its author's.
    package func verified() throws(NostrError) -> Event {
        let rumor = try Rumor(
            publicKey: publicKey,
            createdAt: createdAt,
            kind: kind,
            tags: tags,
            content: content
        )
        guard rumor.id == id else { throw NostrError(.wrongID, "event id is not the hash of the event") }
        return try Event(rumor, signature: signature)
    }
}

extension Rumor {
    /// Reads the inside of a gift wrap: no signature; an id may be missing, but not wrong (NIP-59).
    package init(json: [UInt8]) throws(NostrError) {
        let fields = try EventFields(EventFields.object(json))
        guard !fields.hasSignatureMember else {
            throw NostrError(.unexpectedSignature, "unsigned event with a signature")
        }
        let (publicKey, createdAt, kind, tags, content) = try fields.required()
        try self.init(
            publicKey: publicKey,
            createdAt: createdAt,
            kind: kind,
            tags: tags,
            content: content
        )
        if let claimed = fields.id, claimed != id {
            throw NostrError(.wrongID, "event id is not the hash of the event")
        }
    }
}
