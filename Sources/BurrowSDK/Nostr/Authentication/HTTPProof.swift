internal import BurrowBase
internal import BurrowCrypto

/// Proof to an HTTP server of who makes a request (NIP-98).
package enum HTTPProof {
    /// The event to sign. `body` is `nil` for a request without one.
    package static func draft(
        url: String,
        method: String,
        body: [UInt8]?,
        publicKey: PublicKey,
        now: UnixTime
    ) throws(NostrError) -> Rumor {
        var tags: [Tag] = [["u", url], ["method", method]]
        if let body { tags.append(["payload", try payloadHash(body)]) }
        return try Rumor(publicKey: publicKey, createdAt: now, kind: .httpAuthentication, tags: tags)
    }

    /// The value of the Authorization header.
    package static func header(_ event: Event) -> String {
        "Nostr " + Base64.standard.encode(event.json)
    }

    static func payloadHash(_ body: [UInt8]) throws(NostrError) -> String {
        do {
            return Hex.encode(try SHA256.hash(body.span))
        } catch {
            throw NostrError(.failure, error.context)
        }
    }
}

/// A server's side of NIP-98: checks proofs and remembers them, so that each serves once.
package struct HTTPProofChecker: Sendable {
    package struct Request: Sendable {
        /// As the server knows itself, not as the client's headers name it; with path and query.
        package let url: String
        package let method: String
        /// `nil` for a request without one.
        package let body: [UInt8]?

        package init(url: String, method: String, body: [UInt8]?) {
            self.url = url
            self.method = method
            self.body = body
        }
    }

    private let windowSeconds: Int64
    private let requiresPayload: Bool
    private let capacity: Int
    /// Proofs that were accepted, oldest first, and when they may be forgotten.
    private var accepted: FIFO<(id: EventID, until: UnixTime)> = FIFO()
    private var known: Set<EventID> = []

    /// `requiresPayload`: whether a request with a body must prove it.
    package init(windowSeconds: Int64 = 60, requiresPayload: Bool = true, capacity: Int = 65536) {
        self.windowSeconds = max(windowSeconds, 0)
        self.requiresPayload = requiresPayload
        self.capacity = max(capacity, 1)
    }

    /// Who made the request. `headers` are the values of all its Authorization headers.
    package mutating func check(
        _ headers: [String],
        for request: Request,
        now: UnixTime
    ) throws(NostrError) -> PublicKey {
        guard headers.count == 1, let header = headers.first else {
            throw NostrError(.invalidHeader, "request does not have exactly one proof")
        }
        let event = try Self.event(header)
        guard event.kind == .httpAuthentication else {
            throw NostrError(.wrongKind, "proof is an event of another kind")
        }
        let difference = event.createdAt - now
        guard difference >= -windowSeconds, difference <= windowSeconds else {
            throw NostrError(.notInTime, "proof is of another time")
        }
        guard try Self.only("u", event)?.isSame(as: request.url) == true else {
            throw NostrError(.wrongURL, "proof is for another URL")
        }
        guard try Self.only("method", event)?.isSame(as: request.method) == true else {
            throw NostrError(.wrongMethod, "proof is for another method")
        }
        try checkPayload(try Self.only("payload", event), request.body)
        guard event.content.isEmpty else { throw NostrError(.invalidHeader, "proof has content") }
        try remember(event.id, now: now)
        return event.publicKey
    }

    private func checkPayload(_ claimed: String?, _ body: [UInt8]?) throws(NostrError) {
        guard let claimed else {
            if body?.isEmpty == false, requiresPayload {
                throw NostrError(.wrongPayload, "proof does not cover the body")
            }
            return
        }
        guard claimed.isSame(as: try HTTPProof.payloadHash(body ?? [])) else {
            throw NostrError(.wrongPayload, "proof is for another body")
        }
    }

    /// Refuses a proof that was seen. When there are too many to remember, all new ones are refused: an attacker with a
    /// recorded one must not get it accepted by making others.
    private mutating func remember(_ id: EventID, now: UnixTime) throws(NostrError) {
        while let oldest = accepted.first, oldest.until < now {
            _ = accepted.popFirst()
            known.remove(oldest.id)
        }
        guard !known.contains(id) else { throw NostrError(.replayed, "proof was used before") }
        guard known.count < capacity else { throw NostrError(.tooMany, "too many proofs at once") }
        known.insert(id)
        accepted.append((id, now + 2 * windowSeconds))
    }

    /// The value of a tag that stands at most once.
    private static func only(_ name: String, _ event: Event) throws(NostrError) -> String? {
        let tags = event.tags.named(name)
        guard tags.count <= 1 else { throw NostrError(.invalidHeader, "proof has two tags of a kind") }
        return tags.first?.value
    }

    private static func event(_ header: String) throws(NostrError) -> Event {
        let bytes = Array(header.utf8)
        let scheme = Array("nostr ".utf8)
        guard bytes.count <= NostrLimits.authorizationBytes,
            bytes.count > scheme.count,
            bytes.prefix(scheme.count).map({ (0x41...0x5a).contains($0) ? $0 + 0x20 : $0 }) == scheme
        else { throw NostrError(.invalidHeader, "header is no proof of Nostr") }
        var encoded = Array(bytes[scheme.count...])
        // Some clients leave the padding out.
        while !encoded.count.isMultiple(of: 4), encoded.count % 4 != 1 { encoded.append(UInt8(ascii: "=")) }
        let json: [UInt8]
        do {
            json = try Base64.standard.decode(encoded)
        } catch {
            throw NostrError(.invalidHeader, "proof is not base64")
        }
        return try Event(json: json)
    }
}
