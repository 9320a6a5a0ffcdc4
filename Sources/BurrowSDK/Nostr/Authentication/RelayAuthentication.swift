/// Proof to a relay of who is connected (NIP-42).
package enum RelayAuthentication {
    /// How far the relay's clock and ours may be apart.
    package static let windowSeconds: Int64 = 600

    /// The event to sign and send as AUTH: for the relay that asked, and its own challenge.
    package static func draft(
        relay: ServerURL,
        challenge: String,
        publicKey: PublicKey,
        now: UnixTime
    ) throws(NostrError) -> Rumor {
        try Rumor(
            publicKey: publicKey,
            createdAt: now,
            kind: .relayAuthentication,
            tags: [["relay", relay.text], ["challenge", challenge]]
        )
    }

    /// What a relay checks, in its words: an event for itself, with the challenge of this connection, of this time.
    package static func check(
        _ event: Event,
        relay: ServerURL,
        challenge: String,
        now: UnixTime
    ) throws(NostrError) {
        guard event.kind == .relayAuthentication else {
            throw NostrError(.wrongKind, "event is no authentication")
        }
        let difference = event.createdAt - now
        guard difference >= -windowSeconds, difference <= windowSeconds else {
            throw NostrError(.notInTime, "authentication is of another time")
        }
        guard event.tags.value(of: "challenge")?.isSame(as: challenge) == true else {
            throw NostrError(.wrongChallenge, "authentication is for another challenge")
        }
        guard let text = event.tags.value(of: "relay"),
            let url = try? ServerURL(text, policy: .ownRelays), url == relay
        else { throw NostrError(.wrongRelay, "authentication is for another relay") }
    }
}
