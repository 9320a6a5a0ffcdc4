import BurrowBase
package import BurrowNostr

/// What an identity does with its key on Nostr.
extension HostIdentity {
    // MARK: Events

    /// What a host wrote as JSON: an event that is signed already, which is verified, or a draft, to which what is missing
    /// is added before it is signed.
    package func event(_ json: String) throws(EngineError) -> Event {
        let publicKey = try openKey()
        do throws(NostrError) {
            let draft = try EventDraft(json: Array(json.utf8))
            if draft.isSigned { return try Event(json: Array(json.utf8)) }
            return try sign(draft.rumor(publicKey: publicKey, now: Self.unixTime))
        } catch {
            throw EngineError(error)
        }
    }

    /// Publishes an event; the completion carries its id.
    package func publish(_ json: String, to urls: [ServerURL]) throws(EngineError) -> UInt64 {
        let event = try event(json)
        return try engine.nostrRequest { (request) in
            .publish(event, urls.isEmpty ? .own : .relays(urls), request: request)
        }
    }

    // MARK: Wraps

    /// Seals and wraps a draft for somebody (NIP-59) and publishes it where they receive wraps.
    package func send(
        _ json: String,
        to recipient: PublicKey,
        through urls: [ServerURL],
        isEphemeral: Bool
    ) throws(EngineError) -> UInt64 {
        let publicKey = try openKey()
        let wrap: Event
        do throws(NostrError) {
            let rumor = try EventDraft(json: Array(json.utf8)).rumor(publicKey: publicKey, now: Self.unixTime)
            let kind: EventKind = isEphemeral ? .ephemeralGiftWrap : .giftWrap
            wrap = try self.wrap(rumor, for: recipient, kind: kind, now: Self.unixTime)
        } catch {
            throw EngineError(error)
        }
        return try engine.nostrRequest { (request) in
            .publish(wrap, urls.isEmpty ? .inbox(recipient) : .relays(urls), request: request)
        }
    }

    /// Opens a wrap for us. The author of what is inside is who sealed it.
    package func open(_ json: String) throws(EngineError) -> String {
        _ = try openKey()
        do throws(NostrError) {
            let rumor = try unwrap(try Event(json: Array(json.utf8)))
            return String(decoding: rumor.json, as: UTF8.self)
        } catch {
            throw EngineError(error)
        }
    }

    // MARK: Proofs and lists

    /// The value of an Authorization header for one request (NIP-98).
    package func httpProof(url: String, method: String, body: [UInt8]?) throws(EngineError) -> String {
        let publicKey = try openKey()
        do throws(NostrError) {
            let draft = try HTTPProof.draft(
                url: url,
                method: method,
                body: body,
                publicKey: publicKey,
                now: Self.unixTime
            )
            return HTTPProof.header(try sign(draft))
        } catch {
            throw EngineError(error)
        }
    }

    /// Publishes a list of servers in the order of preference.
    package func publishList(_ kind: EventKind, _ urls: [String]) throws(EngineError) -> UInt64 {
        _ = try openKey()
        let tags: [Tag]
        do throws(NostrError) {
            if kind == .relayList {
                var read: [ServerURL] = []
                for url in urls { read.append(try ServerURL(url, policy: .ownRelays)) }
                tags = RelayList(read: read, write: read).tags
            } else {
                let policy: ServerURL.Policy = kind == .mediaRelays ? .ownMedia : .ownRelays
                tags = try ServerList(kind: kind, texts: urls, policy: policy).tags
            }
        } catch {
            throw EngineError(error.code == .tooMany ? .limit : .invalidArgument, error.context)
        }
        return try engine.nostrRequest { .publishList(self, kind, tags, request: $0) }
    }

    private static var unixTime: UnixTime { UnixTime(SystemCall.unixMicroseconds() / 1_000_000) }
}
