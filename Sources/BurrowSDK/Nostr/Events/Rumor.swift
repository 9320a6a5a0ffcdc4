/// An event nobody has signed: what is about to be signed, or the inside of a gift wrap (NIP-59). Its id is always
/// that of its content.
package struct Rumor: Equatable, Sendable {
    package let id: EventID
    package let publicKey: PublicKey
    package let createdAt: UnixTime
    package let kind: EventKind
    package let tags: [Tag]
    package let content: String

    package init(
        publicKey: PublicKey,
        createdAt: UnixTime,
        kind: EventKind,
        tags: [Tag] = [],
        content: String = ""
    ) throws(NostrError) {
        let form = EventWriter.canonicalForm(
            publicKey: publicKey,
            createdAt: createdAt,
            kind: kind,
            tags: tags,
            content: content
        )
        id = try EventID(hashing: form)
        self.publicKey = publicKey
        self.createdAt = createdAt
        self.kind = kind
        self.tags = tags
        self.content = content
    }

    /// What came in, under the id that was computed of it.
    init(_ event: UnverifiedEvent) {
        id = event.hash
        publicKey = event.publicKey
        createdAt = event.createdAt
        kind = event.kind
        tags = event.tags
        content = event.content
    }

    /// Two are the same when their ids are: the id is the hash of everything else.
    package static func == (a: Rumor, b: Rumor) -> Bool { a.id == b.id }

    package var canonicalForm: [UInt8] {
        EventWriter.canonicalForm(
            publicKey: publicKey,
            createdAt: createdAt,
            kind: kind,
            tags: tags,
            content: content
        )
    }

    /// The event as a JSON object without signature.
    package var json: [UInt8] {
        var writer = EventWriter(capacity: 256 + content.utf8.count)
        writer.event(self, signature: nil)
        return writer.bytes
    }

    /// When relays should forget the event and clients ignore it (NIP-40). A tag that is no number means nothing.
    package var expiration: UnixTime? {
        guard let text = tags.value(of: "expiration"), text.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let seconds = Int64(text)
        else { return nil }
        return UnixTime(seconds)
    }

    package func isExpired(at now: UnixTime) -> Bool {
        guard let expiration else { return false }
        return expiration <= now
    }

    /// Whether only the author may publish it (NIP-70).
    package var isProtected: Bool { tags.contains { $0.name.isSame(as: "-") } }
}
