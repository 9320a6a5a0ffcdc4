/// An event as a host writes it down: what is missing is filled in before it is signed or wrapped.
package struct EventDraft: Sendable {
    /// Whether somebody has signed it already, so that it must be complete and is left as it is.
    package let isSigned: Bool
    private let fields: EventFields

    package init(json: [UInt8]) throws(NostrError) {
        fields = try EventFields(EventFields.object(json))
        isSigned = fields.hasSignatureMember
    }

    /// The event with author and time. Only the kind has to be there.
    package func rumor(publicKey: PublicKey, now: UnixTime) throws(NostrError) -> Rumor {
        guard !isSigned else { throw NostrError(.unexpectedSignature, "unsigned event with a signature") }
        guard let kind = fields.kind else { throw NostrError(.missingMember, "event without \"kind\"") }
        guard fields.publicKey.map({ $0 == publicKey }) ?? true else {
            throw NostrError(.wrongAuthor, "event has another author")
        }
        let rumor = try Rumor(
            publicKey: publicKey,
            createdAt: fields.createdAt ?? now,
            kind: kind,
            tags: fields.tags ?? [],
            content: fields.content ?? ""
        )
        guard fields.id.map({ $0 == rumor.id }) ?? true else {
            throw NostrError(.wrongID, "event id is not the hash of the event")
        }
        return rumor
    }
}
