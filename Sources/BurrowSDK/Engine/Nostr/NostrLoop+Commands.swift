import BurrowBase
import BurrowNostr

extension NostrLoop {
    func networkChanged(now: Instant) {
        self.now = now
        pool.networkChanged(now: now)
    }

    func perform(_ command: NostrCommand, now: Instant) {
        self.now = now
        switch command {
        case .addRelay(let url, let options): addRelay(url, options)
        case .removeRelay(let url): removeRelay(url)
        case .authenticate(let identity):
            self.identity = identity
            pool.setIdentity(identity?.publicKey, now: now)
        case .publish(let event, let target, let request):
            open(request)
            publish(event, target, request)
        case .subscribe(let filters, let urls, let request):
            open(request)
            subscribe(filters, urls, request)
        case .ingest(let event): pool.ingest(event, now: now)
        case .look(let kind, let person, let request):
            open(request)
            withLists(of: person, .tell(kind, request: request))
        case .publishList(let identity, let kind, let tags, let request):
            open(request)
            guard let key = identity.publicKey else { break }
            withLists(of: key, .publishList(identity, kind, tags, request: request))
        case .follow(let host, let key, let feeds): follow(host, key, feeds)
        case .unfollow(let host): unfollow(host)
        case .deliver(let delivery): take(delivery)
        case .announceKeyPackages(let host, let urls):
            if let key = host.publicKey { withLists(of: key, .announceKeyPackages(host, urls)) }
        case .findKeyPackages(let people, let command, let request):
            open(request)
            findKeyPackages(of: people, before: command, request)
        case .watchKey(let identity): watchKey(identity)
        case .keyUsed(let identity, let use, let result): keyUsed(identity, use, result)
        case .tell(let event): outbox.append(event)
        case .select(let wish, let request):
            open(request)
            select(wish, request)
        case .choose(let wish, let seat): choose(wish, for: seat)
        case .endChoice(let seat): forgetSelection(Self.request(of: seat))
        case .leaseForCall(let wish, let seat): lease(wish, for: seat)
        case .endLease(let seat): forget(Self.request(of: seat))
        case .lease(let wish, let request):
            open(request)
            lease(wish, request)
        case .resolved(let lookup, let result): resolved(lookup, result)
        }
        perform()
    }

    // MARK: Relays

    private func addRelay(_ url: ServerURL, _ options: NostrRelayOptions) {
        relays[url] = options
        do throws(NostrError) {
            let use = RelayUse(authentication: options.authenticates ? .automatic : .never)
            // What follows needs to know its address.
            let id = try pool.addRelay(url, use: use, now: now)
            urls[id] = url
        } catch {
            LogRing.shared.write(.error, "nostr", "relay not added: \(error.context)")
        }
    }

    private func removeRelay(_ url: ServerURL) {
        relays[url] = nil
        if let id = pool.relay(url) { pool.removeRelay(id) }
    }

    /// The relays of the host's list, in its order.
    var ownRelays: [BurrowNostr.RelayID] {
        engine.nostr.withLock { $0.relays.map(\.url) }.compactMap { pool.relay($0) }
    }

    /// The numbers of relays, which are used for this only when they are none of the host's.
    func numbers(of urls: [ServerURL]) -> [BurrowNostr.RelayID] {
        urls.compactMap { (url) in
            let authentication: RelayUse.Authentication =
                relays[url].map { $0.authenticates ? .automatic : .never } ?? .never
            let use = RelayUse(authentication: authentication, isTransient: true)
            guard let id = try? pool.addRelay(url, use: use, now: now) else { return nil }
            self.urls[id] = url
            return id
        }
    }

    // MARK: Events

    func publish(_ event: Event, _ target: NostrTarget, _ request: UInt64) {
        if isHostOwned { return handOut(event, target, request) }
        let targets: [BurrowNostr.RelayID]
        switch target {
        case .own: targets = ownRelays
        case .relays(let urls): targets = numbers(of: urls)
        case .inbox(let person): return withLists(of: person, .publish(event, request: request))
        }
        guard !targets.isEmpty else {
            return complete(request, EngineError(.unreachable, "there is no relay to publish to"))
        }
        let id = pool.publish(event, to: targets, now: now)
        publications[id] = Publication(request: request, event: event)
    }

    /// Gives an event to a host that has its own relays.
    private func handOut(_ event: Event, _ target: NostrTarget, _ request: UInt64) {
        var out = HostEvent(.nostrOut, subject: 0, time: now)
        out.request = request
        out.value = Int64(event.kind.rawValue)
        out.text = String(decoding: event.json, as: UTF8.self)
        if case .relays(let urls) = target {
            out.data = Array(urls.map(\.text).joined(separator: "\n").utf8)
        }
        outbox.append(out)
        complete(request, nil, text: event.id.hex)
    }

    private func subscribe(_ filters: [Filter], _ urls: [ServerURL]?, _ request: UInt64) {
        // Whoever asks for all kinds may get wraps, which are dated back.
        let mayBeWraps = filters.contains { $0.kinds.map { $0.contains { $0.isGiftWrap } } ?? true }
        let subscription = Subscription(
            filters: filters,
            window: mayBeWraps ? .giftWraps(since: nil) : .groupMessages(since: nil),
            relays: urls.map { numbers(of: $0) }
        )
        do throws(NostrError) {
            let id = try pool.subscribe(subscription, now: now)
            purposes[id] = .host(request: request)
        } catch {
            complete(request, EngineError(error))
        }
    }
}
