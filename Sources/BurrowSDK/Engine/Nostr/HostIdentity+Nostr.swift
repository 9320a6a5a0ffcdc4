import BurrowBase
package import BurrowMoQ
package import BurrowNostr
import BurrowQUIC

/// What an identity does with its key on Nostr.
extension HostIdentity {
    // MARK: Events

    /// Publishes what a host wrote as JSON: an event that is signed already, which is verified, or a draft, to which what is
    /// missing is added before it is signed. The completion carries its id.
    package func publish(_ json: String, to urls: [ServerURL]) throws(EngineError) -> UInt64 {
        let publicKey = try openKey()
        let target: NostrTarget = urls.isEmpty ? .own : .relays(urls)
        let json = Array(json.utf8)
        let draft = try translated { () throws(NostrError) in try EventDraft(json: json) }
        if draft.isSigned {
            let event = try translated { () throws(NostrError) in try Event(json: json) }
            return try engine.nostrRequest { .publish(event, target, request: $0) }
        }
        let rumor = try translated { () throws(NostrError) in
            try draft.rumor(publicKey: publicKey, now: Self.unixTime)
        }
        return try request(.signing(rumor)) { .publish(target, request: $0) }
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
        let wrapping: Wrapping
        do throws(NostrError) {
            let rumor = try EventDraft(json: Array(json.utf8)).rumor(publicKey: publicKey, now: Self.unixTime)
            let kind: EventKind = isEphemeral ? .ephemeralGiftWrap : .giftWrap
            wrapping = try Wrapping(rumor, for: recipient, kind: kind)
        } catch {
            throw EngineError(error)
        }
        let target: NostrTarget = urls.isEmpty ? .inbox(recipient) : .relays(urls)
        return try request(.wrapping(wrapping)) { .publish(target, request: $0) }
    }

    /// Opens a wrap for us. The author of what is inside is who sealed it.
    package func open(_ json: String, canWait: Bool) throws(EngineError) -> SoonText {
        let publicKey = try openKey()
        let unwrapping: Unwrapping
        do throws(NostrError) {
            unwrapping = try Unwrapping(try Event(json: Array(json.utf8)), recipient: publicKey)
        } catch {
            throw EngineError(error)
        }
        return try text(.opening(unwrapping), canWait: canWait) { .open(request: $0) }
    }

    // MARK: Proofs and lists

    /// The value of an Authorization header for one HTTP request (NIP-98).
    package func httpProof(
        url: String,
        method: String,
        body: [UInt8]?,
        canWait: Bool
    ) throws(EngineError) -> SoonText {
        let draft = try proofDraft(url: url, method: method, body: body)
        return try text(.signing(draft), canWait: canWait) { .proof(request: $0) }
    }

    /// What is to be signed for one HTTP request.
    func proofDraft(url: String, method: String, body: [UInt8]?) throws(EngineError) -> Rumor {
        let publicKey = try openKey()
        do throws(NostrError) {
            return try HTTPProof.draft(
                url: url,
                method: method,
                body: body,
                publicKey: publicKey,
                now: Self.unixTime
            )
        } catch {
            throw EngineError(error)
        }
    }

    /// The text that comes of a task: now, or with the completion of a request if somebody waits for that.
    private func text(
        _ task: KeyTask,
        canWait: Bool,
        _ use: (UInt64) -> KeyUse
    ) throws(EngineError) -> SoonText {
        if let product = try immediate(task) { return .now(Self.text(of: product)) }
        guard canWait else {
            throw EngineError(.invalidArgument, "req is NULL, and the key is elsewhere")
        }
        return .later(request: try request(task, use))
    }

    /// Asks a service for a token for us, and again before its time is over.
    package func requestToken(
        of service: String,
        _ claims: TokenClaims?,
        _ options: NostrRelayOptions
    ) throws(EngineError) -> UInt64 {
        _ = try openKey()
        let url: ServerURL
        do throws(NostrError) {
            url = try ServerURL(service, policy: .ownServices)
        } catch {
            throw EngineError(.invalidArgument, error.context)
        }
        let body = claims?.json ?? Array("{}".utf8)
        let wish = TokenLease.Wish(host: self, url: service, service: url, body: body, options: options)
        return try engine.nostrRequest { .lease(wish, request: $0) }
    }

    /// What a service is asked for that makes tokens for a call.
    func tokenWish(
        of service: String,
        _ claims: TokenClaims,
        trust: TLSContext.ClientTrust?
    ) throws(EngineError) -> TokenLease.Wish {
        let url: ServerURL
        do throws(NostrError) {
            url = try ServerURL(service, policy: .ownServices)
        } catch {
            throw EngineError(.invalidArgument, error.context)
        }
        var options = NostrRelayOptions()
        // Pins are of the relay.
        if let trust { (options.trust.rootsPEM, options.trust.insecure) = (trust.rootsPEM, trust.insecure) }
        return TokenLease.Wish(host: self, url: service, service: url, body: claims.json, options: options)
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
}
