package import BurrowBase

/// Several Nostr relays at once, without their sockets: subscriptions that survive reconnections without losing or
/// repeating events, and publications with an answer from each relay.
///
/// The owner reports what happens on WebSockets, calls `timerFired` at the deadline, and then carries out the actions
/// until there is none left.
package struct RelayPool {
    struct Entry {
        let id: SubscriptionID
        let subscription: Subscription
        /// Its bit in `seen`.
        let slot: Int
        var hasCaughtUp = false
    }

    struct Publication {
        var remaining: Int
        var accepted = 0
    }

    let options: PoolOptions
    /// In whose name relays are told who we are.
    private(set) var identity: PublicKey?
    /// What the wall clock is ahead of `Instant`, in microseconds.
    package var unixOffset: Int64
    var links: [RelayLink] = []
    var entries: [Entry] = []
    var publications: [PublicationID: Publication] = [:]
    var seen: SeenEvents
    var authors = AuthorKeys()
    var actions: FIFO<PoolAction> = FIFO()
    var random: SeededRandom
    private var nextRelay: UInt32 = 1
    private var nextSubscription: UInt32 = 1
    private var nextPublication: UInt32 = 1

    /// `jitterSeed` only spreads pauses.
    package init(
        identity: PublicKey?,
        unixOffset: Int64,
        jitterSeed: UInt64,
        options: PoolOptions = PoolOptions()
    ) {
        self.identity = identity
        self.unixOffset = unixOffset
        self.options = options
        random = SeededRandom(seed: jitterSeed)
        seen = SeenEvents(capacity: options.seenEvents, lifetime: options.seenFor)
    }

    /// The next thing to do, `nil` when all is done.
    package mutating func nextAction() -> PoolAction? {
        actions.popFirst()
    }

    /// When `timerFired` is to be called, `nil` while nothing is due.
    package var deadline: Instant? {
        let earliest = links.reduce(Instant.distantFuture) { min($0, $1.deadline(options)) }
        return earliest == .distantFuture ? nil : earliest
    }

    func unix(_ now: Instant) -> UnixTime {
        UnixTime(now, offset: unixOffset)
    }

    func index(_ relay: RelayID) -> Int? {
        links.firstIndex { $0.id == relay }
    }

    func entry(_ subscription: SubscriptionID) -> Entry? {
        entries.first { $0.id == subscription }
    }

    // MARK: relays

    /// Connects to a relay from now on, or whenever there is something to publish for a transient one. A relay that is
    /// there already keeps its number, and its use is widened.
    package mutating func addRelay(
        _ url: ServerURL,
        use: RelayUse,
        now: Instant
    ) throws(NostrError) -> RelayID {
        if let index = links.firstIndex(where: { $0.url == url }) {
            let wasTransient = links[index].use.isTransient
            links[index].use = RelayUse(
                authentication: use.isTransient ? links[index].use.authentication : use.authentication,
                isTransient: wasTransient && use.isTransient
            )
            if wasTransient, !use.isTransient { join(index, now: now) }
            return links[index].id
        }
        guard links.count < options.relayCount else {
            throw NostrError(.tooMany, "there are \(options.relayCount) relays already")
        }
        let id = RelayID(number: nextRelay)
        nextRelay += 1
        links.append(RelayLink(id: id, url: url, use: use, options: options))
        if !use.isTransient { join(links.count - 1, now: now) }
        return id
    }

    /// Gives a relay the subscriptions that are for all, and connects.
    private mutating func join(_ index: Int, now: Instant) {
        links[index].idleSince = nil
        for entry in entries where entry.subscription.relays == nil {
            addRequest(entry.id, to: index)
        }
        if links[index].isOpen {
            sendRequests(index, now: now)
        } else {
            connectIfNeeded(index, now: now)
        }
    }

    /// Tells relays from now on that we are somebody else. Those that may know who we were are left and joined again.
    package mutating func setIdentity(_ identity: PublicKey?, now: Instant) {
        guard identity != self.identity else { return }
        self.identity = identity
        for id in links.map(\.id) {
            guard let index = index(id), links[index].session?.challenge != nil else { continue }
            drop(index, pauseAtLeast: .zero, now: now)
        }
    }

    package mutating func removeRelay(_ relay: RelayID) {
        guard let index = index(relay) else { return }
        remove(index)
    }

    mutating func remove(_ index: Int) {
        let link = links[index]
        switch link.connection {
        case .connecting: actions.append(.disconnect(link.id))
        case .open:
            actions.append(.disconnect(link.id))
            actions.append(.stateChanged(link.id, isConnected: false))
        case .idle, .pausing: break
        }
        links.remove(at: index)
        for item in link.outgoing { note(item, .unreachable, from: link.id) }
        for request in link.requests { checkCaughtUp(request.subscription) }
    }

    package func figures(of relay: RelayID) -> RelayFigures? {
        index(relay).map { links[$0].figures }
    }

    package func isConnected(_ relay: RelayID) -> Bool {
        index(relay).map { links[$0].isOpen } ?? false
    }

    package func relay(_ url: ServerURL) -> RelayID? {
        links.first { $0.url == url }?.id
    }

    // MARK: subscriptions

    package mutating func subscribe(
        _ subscription: Subscription,
        now: Instant
    ) throws(NostrError) -> SubscriptionID {
        let taken = entries.map(\.slot)
        guard entries.count < min(options.subscriptionCount, 64),
            let slot = (0..<64).first(where: { !taken.contains($0) })
        else { throw NostrError(.tooMany, "there are \(entries.count) subscriptions already") }
        guard !subscription.filters.isEmpty, subscription.filters.count <= NostrLimits.filtersPerRequest
        else {
            throw NostrError(.tooMany, "a subscription has 1 to \(NostrLimits.filtersPerRequest) filters")
        }
        let id = SubscriptionID(number: nextSubscription)
        nextSubscription += 1
        entries.append(Entry(id: id, subscription: subscription, slot: slot))
        for index in links.indices {
            let isAsked = subscription.relays?.contains(links[index].id) ?? !links[index].use.isTransient
            guard isAsked else { continue }
            addRequest(id, to: index)
            sendRequests(index, now: now)
            connectIfNeeded(index, now: now)
        }
        return id
    }

    private mutating func addRequest(_ subscription: SubscriptionID, to index: Int) {
        guard !links[index].requests.contains(where: { $0.subscription == subscription }) else { return }
        links[index].requests.append(
            RelayLink.Request(subscription: subscription, backoff: Backoff(options.slowDown))
        )
    }

    /// Takes an event that came another way, as if a relay had brought it to every subscription it matches.
    package mutating func ingest(_ event: Event, now: Instant) {
        guard !event.rumor.isExpired(at: unix(now)) else { return }
        for entry in entries where entry.subscription.filters.contains(where: { $0.matches(event) }) {
            guard !seen.contains(event.id, slot: entry.slot) else { continue }
            seen.insert(event.id, slot: entry.slot, now: now)
            actions.append(.deliver(entry.id, event))
        }
    }

    package mutating func unsubscribe(_ subscription: SubscriptionID) {
        guard let position = entries.firstIndex(where: { $0.id == subscription }) else { return }
        let slot = entries.remove(at: position).slot
        for index in links.indices {
            guard let request = links[index].requests.firstIndex(where: { $0.subscription == subscription })
            else { continue }
            close(links[index].requests.remove(at: request), at: index)
        }
        seen.clear(slot: slot)
    }

    /// Until when every relay that serves a subscription is known to have told all: what to store, and to begin from
    /// next time. `nil` before that.
    package func complete(_ subscription: SubscriptionID) -> UnixTime? {
        var earliest: UnixTime?
        for link in links {
            for request in link.requests where request.subscription == subscription {
                if case .ended = request.phase { continue }
                var complete = request.complete
                if case .live = request.phase, let session = link.session { complete = unix(session.heard) }
                guard let complete else { return nil }
                earliest = earliest.map { min($0, complete) } ?? complete
            }
        }
        return earliest
    }

    // MARK: publishing

    /// Sends an event to relays, again after a reconnection, until each has answered or its time is over.
    package mutating func publish(
        _ event: Event,
        to relays: [RelayID],
        patience: Interval? = nil,
        now: Instant
    ) -> PublicationID {
        let id = PublicationID(number: nextPublication)
        nextPublication += 1
        let message = ClientMessage.event(event).json
        var targets: [RelayID] = []
        for relay in relays where !targets.contains(relay) { targets.append(relay) }
        publications[id] = Publication(remaining: targets.count)
        if targets.isEmpty { finishIfDone(id) }
        for relay in targets {
            let item = RelayLink.Outgoing(
                publication: id,
                event: event.id,
                message: message,
                deadline: now + (patience ?? options.publishPatience)
            )
            guard let index = index(relay) else {
                note(item, .unreachable, from: relay)
                continue
            }
            guard links[index].outgoing.count < options.publicationsPerRelay else {
                note(item, .refused(RelayReason("rate-limited: too many events wait here")), from: relay)
                continue
            }
            links[index].outgoing.append(item)
            links[index].idleSince = nil
            connectIfNeeded(index, now: now)
            pump(index, now: now)
        }
        return id
    }
}
