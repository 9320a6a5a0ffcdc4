import BurrowBase
import BurrowNostr
import BurrowQUIC

extension NostrLoop {
    /// Carries out what the pool has decided, and what follows from it.
    func perform() {
        while let action = pool.nextAction() {
            switch action {
            case .connect(let relay, let url): connect(relay, url)
            case .disconnect(let relay): disconnect(relay)
            case .send(let relay, let text): connection(relay)?.send(text)
            case .ping(let relay): connection(relay)?.ping()
            case .sign(let relay, let draft): sign(relay, draft)
            case .askAuthentication(let relay): pool.allowAuthentication(relay, false, now: now)
            case .deliver(let subscription, let event): deliver(subscription, event)
            case .caughtUp(let subscription): caughtUp(subscription)
            case .ended(let subscription, let relay, let reason): ended(subscription, relay, reason)
            case .published(let id, let relay, let outcome): published(id, relay, outcome)
            case .publishFinished(let id, let accepted): finished(id, accepted)
            case .stateChanged(let relay, let isConnected):
                if isConnected { hurryDeliveries() }
                tell(relay, isConnected ? .connected : .waiting, nil)
            case .notice(let relay, let text): note(relay, text)
            }
        }
    }

    private func connection(_ relay: BurrowNostr.RelayID) -> RelayConnection? {
        links.first { $0.relay == relay }?.connection
    }

    // MARK: Connections

    private func connect(_ relay: BurrowNostr.RelayID, _ url: ServerURL) {
        urls[relay] = url
        disconnect(relay)
        let connection: RelayConnection
        do throws(EngineError) {
            let options = relays[url] ?? NostrRelayOptions()
            let trust = url.scheme == .wss ? try trust(options.trust, url) : nil
            connection = try RelayConnection(url, trust: trust, behind: engine.proxy, streams)
        } catch {
            tell(relay, .waiting, error)
            return pool.closed(relay, now: now)
        }
        links.append(Link(relay: relay, connection: connection))
        tell(relay, .connecting, nil)
        lookUp(connection.dialedHost, for: .relay(relay))
    }

    /// Looks a name up beside the loop.
    func lookUp(_ host: String, for asker: Lookup) {
        lastLookup += 1
        lookups[lastLookup] = asker
        if let address = SocketAddress.IP(host) {
            return resolved(lastLookup, .success([address]))
        }
        let mailbox = engine.mailbox
        do throws(EngineError) {
            // Bit 63 tells these queries from those of the node.
            try resolver.resolve(Resolver.Query(id: lastLookup | 1 << 63, host: host)) {
                (asked, result) in
                mailbox.post(.nostr(.resolved(asked.id & ~(1 << 63), result)))
            }
        } catch {
            resolved(lastLookup, .failure(error))
        }
    }

    func resolved(_ lookup: UInt64, _ result: Result<[SocketAddress.IP], EngineError>) {
        switch lookups.removeValue(forKey: lookup) {
        case .relay(let relay): connection(relay)?.resolved(result, now: now)
        case .lease(let request):
            leases.first { $0.request == request }?.stream?.resolved(result, now: now)
        case nil: break
        }
    }

    func trust(_ wanted: TLSContext.ClientTrust, _ url: ServerURL) throws(EngineError) -> TLSContext {
        if wanted.insecure {
            LogRing.shared.write(
                .warning,
                "nostr",
                "connecting to \(url.host) without checking its certificate"
            )
        }
        if let known = trusts[wanted] { return known }
        do throws(QUICError) {
            let made = try TLSContext.client(trust: wanted)
            trusts[wanted] = made
            return made
        } catch {
            throw EngineError(stream: error)
        }
    }

    private func disconnect(_ relay: BurrowNostr.RelayID) {
        guard let index = links.firstIndex(where: { $0.relay == relay }) else { return }
        links.remove(at: index).connection.close()
        forgetAuthentication(relay)
    }

    private func note(_ relay: BurrowNostr.RelayID, _ text: String) {
        guard let url = urls[relay] else { return }
        LogRing.shared.write(.info, "nostr", "\(url.host) says: \(text)")
    }

    /// Tells the host where one of its relays stands.
    func tell(_ relay: BurrowNostr.RelayID, _ phase: NostrRelayPhase, _ error: EngineError?) {
        guard let url = urls[relay], relays[url] != nil else { return }
        var hasChanged = false
        engine.nostr.withLock { (state) in
            guard let index = state.relays.firstIndex(where: { $0.url == url }) else { return }
            hasChanged = state.relays[index].phase != phase || error != nil
            if state.relays[index].phase != phase { state.relays[index].since = now }
            state.relays[index].phase = phase
            state.relays[index].error = phase == .connected ? nil : error ?? state.relays[index].error
        }
        guard hasChanged, phase != .connecting else { return }
        var event = HostEvent(.nostrRelay(phase), subject: 0, time: now, error: error)
        event.text = url.text
        event.data = Array((error?.context ?? "").utf8)
        outbox.append(event)
    }

    // MARK: Subscriptions

    private func deliver(_ subscription: SubscriptionID, _ event: Event) {
        switch purposes[subscription] {
        case .host(let request):
            var told = HostEvent(.nostrEvent, subject: 0, time: now)
            told.request = request
            told.value = Int64(event.kind.rawValue)
            told.text = String(decoding: event.json, as: UTF8.self)
            outbox.append(told)
        case .lists: takeList(event)
        case .groups, .keyPackages: engine.state.post(.ingest(event, isAsked: true))
        case nil: break
        }
    }

    private func caughtUp(_ subscription: SubscriptionID) {
        switch purposes[subscription] {
        case .host(let request):
            var told = HostEvent(.nostrStored, subject: 0, time: now)
            told.request = request
            outbox.append(told)
        case .lists(let person):
            pool.unsubscribe(subscription)
            purposes[subscription] = nil
            listsKnown(of: person)
        case .keyPackages(let request):
            pool.unsubscribe(subscription)
            purposes[subscription] = nil
            foundKeyPackages(request)
        case .groups, nil: break
        }
    }

    private func ended(_ subscription: SubscriptionID, _ relay: BurrowNostr.RelayID, _ reason: RelayReason) {
        guard case .host(let request) = purposes[subscription], let url = urls[relay] else { return }
        let code: EngineError.Code =
            switch reason.kind {
            case .authenticationRequired, .restricted: .unauthorized
            default: .nostrRefused
            }
        var told = HostEvent(.nostrClosed, subject: 0, time: now, error: EngineError(code, reason.text))
        told.request = request
        told.text = url.text
        told.data = Array(reason.text.utf8)
        outbox.append(told)
    }

    // MARK: Publications

    private func published(_ id: PublicationID, _ relay: BurrowNostr.RelayID, _ outcome: PublishOutcome) {
        guard let publication = publications[id] else { return }
        if publication.isDelivery { return answered(publication.event.id, outcome) }
        guard requests.contains(publication.request), let url = urls[relay] else { return }
        let error: EngineError? =
            switch outcome {
            case .accepted: nil
            case .unheard(let reason), .refused(let reason): Self.refusal(reason)
            case .timedOut: EngineError(.timeout, "no answer")
            case .unreachable: EngineError(.unreachable, "not connected")
            }
        var told = HostEvent(.nostrResult, subject: 0, time: now, error: error)
        told.request = publication.request
        told.text = url.text
        var reason = error?.context ?? ""
        if case .accepted(let answer) = outcome { reason = answer.text }
        told.data = Array(reason.utf8)
        outbox.append(told)
    }

    static func refusal(_ reason: RelayReason) -> EngineError {
        switch reason.kind {
        case .authenticationRequired, .restricted: EngineError(.unauthorized, reason.text)
        default: EngineError(.nostrRefused, reason.text)
        }
    }

    private func finished(_ id: PublicationID, _ accepted: Int) {
        guard let publication = publications.removeValue(forKey: id) else { return }
        if publication.isDelivery { return delivered(publication.event.id, accepted) }
        let error = accepted > 0 ? nil : EngineError(.nostrRefused, "no relay took the event")
        let hex = publication.event.id.hex
        complete(publication.request, error, value: Int64(accepted), text: hex)
    }

    // MARK: Figures

    /// Brings the figures of the host's list up to date.
    func refreshSnapshot() {
        engine.nostr.withLock { (state) in
            for index in state.relays.indices {
                guard let id = pool.relay(state.relays[index].url), let figures = pool.figures(of: id) else {
                    continue
                }
                state.relays[index].figures = figures
            }
        }
    }
}
