import BurrowBase
import BurrowNostr

/// What is listened for in the name of one identity.
struct Following {
    let host: HostIdentity
    /// Wraps on the engine's relays.
    var wraps: SubscriptionID?
    /// Wraps where others were told to send them besides.
    var inbox: SubscriptionID?
    var groups: [GroupSubscription] = []
}

/// One subscription for groups whose events are on the same relays; on the engine's own ones without any.
struct GroupSubscription {
    let id: SubscriptionID
    let relays: [ServerURL]
    let tags: Set<Bytes32>
}

/// A command that waits until key packages were looked for.
struct KeyPackageSearch {
    let command: StateCommand
    /// People whose answer is not there yet.
    var remaining: Int
}

/// Groups through the pool: which events are listened for, and how those of ours get out.
extension NostrLoop {
    /// Subscriptions for groups on the same relays; another one begins anew with all of them in one.
    private static let subscriptionsPerRelays = 3
    private static let firstPause = Interval.seconds(2)
    private static let doublings = 5

    // MARK: Listening

    /// Listens for an identity's wraps from the first time on, and for exactly these groups.
    func follow(_ host: HostIdentity, _ key: PublicKey, _ feeds: [GroupFeed]) {
        if !followed.contains(where: { $0.host === host }) {
            followed.append(Following(host: host, wraps: listen(for: key, at: nil)))
            withLists(of: key, .listen(host))
        }
        guard let index = followed.firstIndex(where: { $0.host === host }) else { return }
        var wanted: [(relays: [ServerURL], tags: Set<Bytes32>, since: UnixTime)] = []
        for feed in feeds {
            let urls = feed.relays.compactMap { (text) in try? ServerURL(text, policy: .ownRelays) }
            let relays = acceptable(urls, .relays).sorted { $0.text < $1.text }
            let since = feed.since ?? UnixTime(0)
            if let known = wanted.firstIndex(where: { $0.relays == relays }) {
                wanted[known].tags.formUnion(feed.tags)
                wanted[known].since = min(wanted[known].since, since)
            } else {
                wanted.append((relays, Set(feed.tags), since))
            }
        }
        let old = followed[index].groups
        followed[index].groups = []
        for (relays, tags, since) in wanted {
            // What is listened to already goes on as it is, so that relays need not tell it again.
            let kept = old.filter { $0.relays == relays && $0.tags.isSubset(of: tags) }
            let missing = kept.reduce(tags) { $0.subtracting($1.tags) }
            if missing.isEmpty || kept.count < Self.subscriptionsPerRelays {
                followed[index].groups += kept
                listen(to: missing, at: relays, since: since, index)
            } else {
                listen(to: tags, at: relays, since: since, index)
            }
        }
        for group in old where !followed[index].groups.contains(where: { $0.id == group.id }) {
            end(group.id)
        }
    }

    private func listen(to tags: Set<Bytes32>, at relays: [ServerURL], since: UnixTime, _ index: Int) {
        let values = tags.map(\.hex).sorted()
        guard !values.isEmpty, let condition = Filter.TagCondition("h", values) else { return }
        let subscription = Subscription(
            filters: [Filter(kinds: [.groupMessage], tags: [condition])],
            window: .groupMessages(since: since),
            relays: relays.isEmpty ? nil : numbers(of: relays)
        )
        guard let id = begin(subscription) else { return }
        followed[index].groups.append(GroupSubscription(id: id, relays: relays, tags: tags))
    }

    /// Listens for wraps where others are told to send them, as far as that is not on the engine's own relays.
    func listen(_ host: HostIdentity, at inbox: [ServerURL]) {
        guard let key = host.publicKey, let index = followed.firstIndex(where: { $0.host === host }) else {
            return
        }
        if let old = followed[index].inbox { end(old) }
        let others = inbox.filter { relays[$0] == nil }
        followed[index].inbox = others.isEmpty ? nil : listen(for: key, at: others)
    }

    /// Our own lists are others now.
    func listsChanged(of person: PublicKey) {
        for following in followed where following.host.publicKey == person {
            listen(following.host, at: directory.inbox(of: person, now: now))
        }
    }

    private func listen(for key: PublicKey, at urls: [ServerURL]?) -> SubscriptionID? {
        let condition = Filter.TagCondition("p", [key.hex])
        let filter = Filter(kinds: [.giftWrap], tags: condition.map { [$0] } ?? [])
        let relays = urls.map { numbers(of: $0) }
        return begin(Subscription(filters: [filter], window: .giftWraps(since: nil), relays: relays))
    }

    private func begin(_ subscription: Subscription) -> SubscriptionID? {
        do throws(NostrError) {
            let id = try pool.subscribe(subscription, now: now)
            purposes[id] = .groups
            return id
        } catch {
            LogRing.shared.write(.error, "groups", "not everything is listened for: \(error.context)")
            return nil
        }
    }

    func unfollow(_ host: HostIdentity) {
        deliveries.removeAll { $0.host === host && $0.until == nil }
        guard let index = followed.firstIndex(where: { $0.host === host }) else { return }
        let following = followed.remove(at: index)
        let single = [following.wraps, following.inbox].compactMap(\.self)
        for id in single + following.groups.map(\.id) { end(id) }
    }

    private func end(_ subscription: SubscriptionID) {
        pool.unsubscribe(subscription)
        purposes[subscription] = nil
    }

    // MARK: Delivering

    /// Begins to deliver an event, unless that goes on already.
    func take(_ delivery: Delivery) {
        guard !deliveries.contains(where: { $0.event.id == delivery.event.id }) else { return }
        deliveries.append(delivery)
        start(delivery)
    }

    private func start(_ delivery: Delivery) {
        let recipient = delivery.event.tags.value(of: "p").flatMap { PublicKey(hex: $0) }
        if delivery.event.kind.isGiftWrap, let recipient {
            withLists(of: recipient, .deliver(delivery.event.id))
        } else {
            deliver(delivery.event.id, to: [])
        }
    }

    /// Publishes to these relays, or to those of the event itself, or to the engine's own.
    func deliver(_ id: EventID, to urls: [ServerURL]) {
        guard let index = deliveries.firstIndex(where: { $0.event.id == id }) else { return }
        let chosen = [acceptable(urls, .relays), acceptable(deliveries[index].relays, .relays)]
        let targets = chosen.first { !$0.isEmpty }.map { numbers(of: $0) } ?? ownRelays
        guard !targets.isEmpty else { return tryLater(index) }
        let publication = pool.publish(deliveries[index].event, to: targets, now: now)
        publications[publication] = Publication(request: 0, event: deliveries[index].event, isDelivery: true)
    }

    /// One relay's answer.
    func answered(_ id: EventID, _ outcome: PublishOutcome) {
        guard let index = deliveries.firstIndex(where: { $0.event.id == id }) else { return }
        switch outcome {
        case .accepted: break
        case .unheard(let reason), .refused(let reason): deliveries[index].refusal = Self.refusal(reason)
        case .timedOut, .unreachable: deliveries[index].isUnclear = true
        }
    }

    /// All relays have answered, as far as they do. As long as one may have the event, nobody is told that none took it.
    func delivered(_ id: EventID, _ accepted: Int) {
        guard let index = deliveries.firstIndex(where: { $0.event.id == id }) else { return }
        let delivery = deliveries[index]
        guard accepted > 0 || !delivery.isUnclear else { return tryLater(index) }
        deliveries.remove(at: index)
        engine.state.post(.published(id, accepted: accepted > 0))
        guard accepted == 0, let refusal = delivery.refusal else { return }
        var event = HostEvent(.nostrRefused, subject: delivery.host.handle, time: now, error: refusal)
        event.data = id.value.bytes
        outbox.append(event)
    }

    private func tryLater(_ index: Int) {
        let doublings = min(deliveries[index].attempts, Self.doublings)
        let pause = Interval(microseconds: Self.firstPause.microseconds << Int64(doublings))
        deliveries[index].attempts += 1
        deliveries[index].isUnclear = false
        deliveries[index].refusal = nil
        deliveries[index].due = now + pause
    }

    func deliverWhatIsDue() {
        deliveries.removeAll { $0.until.map { $0 <= now } ?? false }
        for index in deliveries.indices {
            guard let due = deliveries[index].due, due <= now else { continue }
            deliveries[index].due = nil
            start(deliveries[index])
        }
    }

    /// A relay is back: nobody waits for the end of a pause.
    func hurryDeliveries() {
        for index in deliveries.indices where deliveries[index].due != nil { deliveries[index].due = now }
    }

    // MARK: Key packages

    func findKeyPackages(of people: [PublicKey], before command: StateCommand, _ request: UInt64) {
        searches[request] = KeyPackageSearch(command: command, remaining: people.count)
        for person in people { withLists(of: person, .findKeyPackages(request: request)) }
    }

    /// Asks the relays that somebody names for key packages, and the engine's own.
    func findKeyPackages(of person: PublicKey, at urls: [ServerURL], _ request: UInt64) {
        guard searches[request] != nil else { return }
        let own = ownRelays
        let relays = own + numbers(of: urls).filter { !own.contains($0) }
        let subscription = Subscription(
            filters: [Filter(authors: [person], kinds: [.keyPackage, .oldKeyPackage])],
            window: .everything,
            relays: relays
        )
        guard !relays.isEmpty, let id = try? pool.subscribe(subscription, now: now) else {
            return foundKeyPackages(request)
        }
        purposes[id] = .keyPackages(request: request)
    }

    /// One of the people's relays have told what they have. After the last one the command goes on.
    func foundKeyPackages(_ request: UInt64) {
        guard var search = searches[request] else { return }
        search.remaining -= 1
        searches[request] = search.remaining > 0 ? search : nil
        guard search.remaining <= 0, requests.remove(request) != nil else { return }
        if !engine.state.post(search.command) {
            requests.insert(request)
            complete(request, EngineError(.closed, "the engine is shut down"))
        }
    }
}
