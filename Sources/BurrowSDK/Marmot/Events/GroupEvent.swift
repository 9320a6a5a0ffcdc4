package import BurrowBase
package import BurrowNostr

/// A group event (kind 445) before its outer layer is opened.
package struct GroupEvent {
    package let event: Event
    package let nostrGroupID: Bytes32
    /// Nonce, ciphertext and tag.
    package let sealed: [UInt8]

    package var id: EventID { event.id }
    package var createdAt: UnixTime { event.createdAt }
    /// Commits of one epoch are taken in this order.
    package var rank: CommitRank { CommitRank(createdAt: createdAt, id: id) }

    package init(_ event: Event, now: UnixTime) throws(MarmotError) {
        guard event.kind == .groupMessage else { throw MarmotError(.wrongKind, "event is no group event") }
        let ids = event.tags.named("h")
        // Upper case is accepted by others too.
        guard ids.count == 1, let id = ids[0].value.flatMap({ Bytes32(hex: $0.lowercased()) }) else {
            throw MarmotError(.invalidTag, "group event that does not name one group")
        }
        nostrGroupID = id
        guard event.createdAt <= now + MarmotLimits.aheadSeconds,
            event.createdAt >= now - MarmotLimits.ageSeconds
        else { throw MarmotError(.notInTime, "group event dated too far ahead or too long ago") }
        guard event.content.utf8.count <= MarmotLimits.contentBytes else {
            throw MarmotError(.tooLarge, "group event of \(event.content.utf8.count) characters")
        }
        do {
            sealed = try Base64.standard.decode(event.content)
        } catch {
            throw MarmotError(.invalidContent, "group event is not base64")
        }
        guard sealed.count >= EnvelopeKey.overhead else {
            throw MarmotError(.invalidContent, "group event too short to be sealed")
        }
        self.event = event
    }

    /// Whether something that no key opens may be of version A: it has no encoding tag and the form of NIP-44.
    var looksEarly: Bool {
        event.tags.named("encoding").isEmpty && sealed.first == 2 && sealed.count >= 99
    }

    /// Seals a message and signs the event with a key that exists only here.
    package static func make(
        _ message: [UInt8],
        key: EnvelopeKey,
        nostrGroupID: Bytes32,
        expiration: UnixTime? = nil,
        now: UnixTime,
        random: inout some RandomSource
    ) throws(MarmotError) -> Event {
        var tags: [Tag] = [["h", nostrGroupID.hex], ["encoding", MarmotProtocol.encoding]]
        if let expiration { tags.append(["expiration", String(expiration.seconds)]) }
        let content = Base64.standard.encode(try key.seal(message, random: &random))
        guard content.utf8.count <= MarmotLimits.contentBytes - 1024 else {
            throw MarmotError(.tooLarge, "message does not fit into an event")
        }
        do {
            let once = try LocalKey.random()
            return try once.sign(
                Rumor(
                    publicKey: once.publicKey,
                    createdAt: now,
                    kind: .groupMessage,
                    tags: tags,
                    content: content
                )
            )
        } catch {
            throw MarmotError(error)
        }
    }
}

/// What decides between two commits of one epoch: the earlier one, and of two of one second that with the smaller id.
package struct CommitRank: Comparable, Hashable, Sendable {
    package let createdAt: UnixTime
    package let id: EventID

    package init(createdAt: UnixTime, id: EventID) {
        self.createdAt = createdAt
        self.id = id
    }

    package static func < (a: CommitRank, b: CommitRank) -> Bool {
        a.createdAt != b.createdAt ? a.createdAt < b.createdAt : a.id < b.id
    }
}
