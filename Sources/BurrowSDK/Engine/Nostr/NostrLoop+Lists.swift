import BurrowBase
import BurrowNostr

/// Where people are: their lists of relays, fetched when needed and kept for a day.
extension NostrLoop {
    /// Goes on when a person's lists are known, as well as they can be.
    func withLists(of person: PublicKey, _ continuation: Continuation) {
        if isFresh(person, continuation) || isHostOwned || ownRelays.isEmpty {
            return proceed(continuation, person)
        }
        if continuations[person] != nil {
            continuations[person]?.append(continuation)
            return
        }
        continuations[person] = [continuation]
        let subscription = Subscription(
            filters: [Filter.relayLists(of: [person])],
            window: .everything,
            relays: ownRelays
        )
        do throws(NostrError) {
            let id = try pool.subscribe(subscription, now: now)
            purposes[id] = .lists(of: person)
        } catch {
            listsKnown(of: person)
        }
    }

    /// Who publishes a list or asks for one wants to know what is there now.
    private func isFresh(_ person: PublicKey, _ continuation: Continuation) -> Bool {
        switch continuation {
        case .publish, .deliver: break
        default: return false
        }
        switch directory.list(.inboxRelays, of: person, now: now) {
        case .known(_, let isStale): return !isStale
        case .absent: return true
        case .unknown: return false
        }
    }

    func takeList(_ event: Event) {
        _ = directory.take(event, now: UnixTime(now, offset: pool.unixOffset))
    }

    func listsKnown(of person: PublicKey) {
        directory.noteFetched(person, now: now)
        for continuation in continuations.removeValue(forKey: person) ?? [] { proceed(continuation, person) }
    }

    private func proceed(_ continuation: Continuation, _ person: PublicKey) {
        switch continuation {
        case .publish(let event, let request):
            let inbox = acceptable(directory.inbox(of: person, now: now), .relays)
            // Somebody who says nowhere where they are is perhaps where we are.
            publish(event, inbox.isEmpty ? .own : .relays(inbox), request)
        case .tell(let kind, let request): tellList(kind, of: person, request)
        case .publishList(let identity, let kind, let tags, let request):
            publishList(identity, kind, tags, request)
        case .select(let request): listKnown(for: request)
        case .refresh: break
        case .deliver(let id): deliver(id, to: directory.inbox(of: person, now: now))
        case .listen(let host): listen(host, at: directory.inbox(of: person, now: now))
        case .announceKeyPackages(let host, let urls):
            let known = directory.list(.keyPackageRelays, of: person, now: now)
            if case .known(let list, _) = known, list.urls == urls { break }
            if let tags = try? ServerList(
                kind: .keyPackageRelays,
                texts: urls.map(\.text),
                policy: .ownRelays
            ).tags {
                publishList(host, .keyPackageRelays, tags, 0)
            }
        case .findKeyPackages(let request):
            var found: [ServerURL] = []
            if case .known(let list, _) = directory.list(.keyPackageRelays, of: person, now: now) {
                found = list.urls
            }
            findKeyPackages(of: person, at: acceptable(found, .relays), request)
        }
    }

    private func tellList(_ kind: EventKind, of person: PublicKey, _ request: UInt64) {
        let found: [ServerURL]?
        switch kind {
        case .relayList:
            if case .known(let list, _) = directory.relayList(of: person, now: now) {
                found = list.read + list.write.filter { !list.read.contains($0) }
            } else {
                found = nil
            }
        default:
            if case .known(let list, _) = directory.list(kind, of: person, now: now) {
                found = list.urls
            } else {
                found = nil
            }
        }
        guard let found else {
            return complete(request, EngineError(.notFound, "there is no such list"))
        }
        let servers = acceptable(found, kind == .mediaRelays ? .media : .relays)
        for (index, url) in servers.enumerated() {
            var told = HostEvent(.discovered, subject: 0, time: now)
            told.request = request
            told.value = Int64(index)
            told.text = url.text
            outbox.append(told)
        }
        complete(request, nil, value: Int64(servers.count))
    }

    /// What we let other people's lists lead us to: no addresses of private networks and nothing without encryption,
    /// unless a relay of the host's own list is of that kind, as when everything runs on one machine.
    func acceptable(_ urls: [ServerURL], _ policy: ServerURL.Policy) -> [ServerURL] {
        let isAmongOurselves = relays.keys.contains { (try? ServerURL($0.text, policy: .relays)) == nil }
        return isAmongOurselves ? urls : urls.filter { (try? ServerURL($0.text, policy: policy)) != nil }
    }

    private func publishList(_ identity: HostIdentity, _ kind: EventKind, _ tags: [Tag], _ request: UInt64) {
        do throws(EngineError) {
            let key = try identity.openKey()
            let draft: Rumor
            do throws(NostrError) {
                draft = try Rumor(
                    list: tags,
                    kind: kind,
                    publicKey: key,
                    replacing: directory.event(kind, of: key),
                    now: UnixTime(now, offset: pool.unixOffset)
                )
            } catch {
                throw EngineError(error)
            }
            use(identity, .signing(draft), for: .list(request: request))
        } catch {
            complete(request, error)
        }
    }
}
