package import BurrowNostr

/// What hosts do with Nostr. Everything that can be judged at once is; the rest goes to the loop.
extension Engine {
    /// Begins a request that the loop's Nostr part completes.
    func nostrRequest(_ command: (UInt64) -> NostrCommand) throws(EngineError) -> UInt64 {
        let request = try newRequest()
        submit(.nostr(command(request)))
        return request
    }

    private func ownRelay(_ text: String) throws(EngineError) -> ServerURL {
        guard !hasHostRelays else {
            throw EngineError(.wrongKind, "this engine leaves relays to its host")
        }
        do throws(NostrError) {
            return try ServerURL(text, policy: .ownRelays)
        } catch {
            throw EngineError(.invalidArgument, error.context)
        }
    }

    /// The relays a host names for one operation.
    package func relays(_ texts: [String]) throws(EngineError) -> [ServerURL] {
        var urls: [ServerURL] = []
        for text in texts {
            do throws(NostrError) {
                let url = try ServerURL(text, policy: .ownRelays)
                if !urls.contains(url) { urls.append(url) }
            } catch {
                throw EngineError(.invalidArgument, error.context)
            }
        }
        guard urls.count <= EngineLimits.nostrRelays else { throw EngineError(.limit, "too many relays") }
        return urls
    }

    package func addNostrRelay(_ text: String, _ options: NostrRelayOptions) throws(EngineError) {
        try checkRunning()
        let url = try ownRelay(text)
        try nostr.withLock { (state) throws(EngineError) in
            guard !state.relays.contains(where: { $0.url == url }) else {
                throw EngineError(.exists, "the relay is on the list already")
            }
            guard state.relays.count < EngineLimits.nostrRelays else {
                throw EngineError(.limit, "there are \(EngineLimits.nostrRelays) relays already")
            }
            state.relays.append(NostrRelayInfo(url: url))
        }
        submit(.nostr(.addRelay(url, options)))
    }

    package func removeNostrRelay(_ text: String) throws(EngineError) {
        try checkRunning()
        let url = try ownRelay(text)
        try nostr.withLock { (state) throws(EngineError) in
            guard let index = state.relays.firstIndex(where: { $0.url == url }) else {
                throw EngineError(.notFound, "the relay is not on the list")
            }
            state.relays.remove(at: index)
        }
        submit(.nostr(.removeRelay(url)))
    }

    /// Whether offers may name relays in private networks: the host says so, or has a Nostr relay of that kind.
    var allowsPrivateRelays: Bool {
        callRules.allowsPrivateRelays
            || nostrRelays.contains { (try? ServerURL($0.url.text, policy: .relays)) == nil }
    }

    package var nostrRelays: [NostrRelayInfo] { nostr.withLock { $0.relays } }

    /// In whose name relays that ask are told who we are.
    package func authenticate(as identity: HostIdentity?) throws(EngineError) {
        try checkRunning()
        submit(.nostr(.authenticate(identity)))
    }

    /// Subscribes to what matches one filter or any of an array of them.
    package func subscribe(_ json: String, through urls: [ServerURL]) throws(EngineError) -> UInt64 {
        let filters: [Filter]
        do throws(NostrError) {
            filters = try Filter.list(json: Array(json.utf8))
        } catch {
            throw EngineError(error)
        }
        return try nostrRequest { .subscribe(filters, urls.isEmpty ? nil : urls, request: $0) }
    }

    /// Takes an event that came another way, and verifies it. Subscriptions and groups see it.
    package func ingest(_ json: String) throws(EngineError) {
        try checkRunning()
        do throws(NostrError) {
            let event = try Event(json: Array(json.utf8))
            submit(.nostr(.ingest(event)))
            if event.kind.isOfGroups { state.post(.ingest(event, isAsked: false)) }
        } catch {
            throw EngineError(error)
        }
    }

    /// Looks for the list of servers a person has published.
    package func look(for kind: EventKind, of person: PublicKey) throws(EngineError) -> UInt64 {
        try nostrRequest { .look(kind, person, request: $0) }
    }

    /// Looks for the MoQ relay of a call and tries whether it lets us in.
    package func selectRelay(_ wish: RelayWish) throws(EngineError) -> UInt64 {
        try nostrRequest { .select(wish, request: $0) }
    }

    /// Who made an HTTP request, by its proof (NIP-98).
    package func check(
        proof header: String,
        url: String,
        method: String,
        body: [UInt8]?
    ) throws(EngineError) -> PublicKey {
        let request = HTTPProofChecker.Request(url: url, method: method, body: body)
        let now = UnixTime(SystemCall.unixMicroseconds() / 1_000_000)
        do throws(NostrError) {
            return try proofs.withLock { (proofs) throws(NostrError) in
                try proofs.check([header], for: request, now: now)
            }
        } catch {
            throw EngineError(error)
        }
    }
}

extension EventKind {
    /// Whether identities with groups may have to see it.
    var isOfGroups: Bool {
        isGiftWrap || self == .groupMessage || self == .keyPackage || self == .oldKeyPackage
    }
}
