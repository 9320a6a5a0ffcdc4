package import BurrowBase

/// An event as it came in: its shape is right, its id and signature are claims.
package struct UnverifiedEvent: Equatable, Sendable {
    /// What it says its id is.
    package let id: EventID
    /// What its id is.
    let hash: EventID
    package let publicKey: PublicKey
    package let createdAt: UnixTime
    package let kind: EventKind
    package let tags: [Tag]
    package let content: String
    package let signature: EventSignature

    /// Reads a JSON text with limits; unknown members are ignored, members that stand twice are not.
    package init(json: [UInt8]) throws(NostrError) {
        if let event = try EventScanner.event(json.span) {
            self = event
        } else {
            try self.init(EventFields.object(json))
        }
    }

    /// Reads an object of a larger text, which must have been parsed with limits.
    package init(_ object: JSON.Object) throws(NostrError) {
        let fields = try EventFields(object)
        guard let id = fields.id else { throw NostrError(.missingMember, "event without \"id\"") }
        guard let signature = fields.signature else {
            throw NostrError(.missingMember, "event without \"sig\"")
        }
        let (publicKey, createdAt, kind, tags, content) = try fields.required()
        let form = EventWriter.canonicalForm(
            publicKey: publicKey,
            createdAt: createdAt,
            kind: kind,
            tags: tags,
            content: content
        )
        self.init(
            id: id,
            hash: try EventID(hashing: form),
            publicKey: publicKey,
            createdAt: createdAt,
            kind: kind,
            tags: tags,
            content: content,
            signature: signature
        )
    }

    /// For who has computed the hash of all the rest.
    init(
        id: EventID,
        hash: EventID,
        publicKey: PublicKey,
        createdAt: UnixTime,
        kind: EventKind,
        tags: [Tag],
        content: String,
        signature: EventSignature
    ) {
        self.id = id
        self.hash = hash
        self.publicKey = publicKey
        self.createdAt = createdAt
        self.kind = kind
        self.tags = tags
        self.content = content
        self.signature = signature
    }

    /// The event, if its id is its hash and the signature is its author's.
    package func verified() throws(NostrError) -> Event {
        try Event(checkedRumor(), signature: signature)
    }

    /// The same of many events: authors who come again are known.
    func verified(_ authors: inout AuthorKeys) throws(NostrError) -> Event {
        try Event(checkedRumor(), signature: signature, of: authors[publicKey])
    }

    private func checkedRumor() throws(NostrError) -> Rumor {
        guard hash == id else { throw NostrError(.wrongID, "event id is not the hash of the event") }
        return Rumor(self)
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
