package import BurrowBase

/// The lists people have published, as far as they have been seen: the newest versions, with the time of fetching.
package struct RelayDirectory: Sendable {
    /// What is known of one person's list.
    package enum Knowledge<List: Equatable & Sendable>: Equatable, Sendable {
        /// Nobody has looked yet.
        case unknown
        /// It was looked for and there is none.
        case absent
        /// There is one, perhaps an empty one; `isStale` when it should be looked for again.
        case known(List, isStale: Bool)
    }

    /// After this a list should be fetched again; until then it is good as it is.
    package static let freshFor = Interval.seconds(24 * 3600)
    private static let capacity = 1024

    private struct Entry: Sendable {
        var events: [EventKind: Event] = [:]
        /// The times of deletions, per kind, and deleted ids.
        var deletions: [EventKind: UnixTime] = [:]
        var fetched: Instant?
    }

    private var entries: [PublicKey: Entry] = [:]
    private var order: [PublicKey] = []
    private let relayPolicy: ServerURL.Policy
    private let mediaPolicy: ServerURL.Policy

    package init(relayPolicy: ServerURL.Policy = .relays, mediaPolicy: ServerURL.Policy = .media) {
        self.relayPolicy = relayPolicy
        self.mediaPolicy = mediaPolicy
    }

    /// Takes a list, or a deletion of lists. Answers whether anything changed. Events too far ahead of time are not
    /// believed, because they could not be replaced.
    package mutating func take(_ event: Event, now: UnixTime) -> Bool {
        guard event.createdAt <= now + NostrLimits.stateAheadSeconds else { return false }
        switch event.kind {
        case .deletion: return delete(event)
        case .relayList, .inboxRelays, .keyPackageRelays, .mediaRelays: break
        default: return false
        }
        var entry = entries[event.publicKey] ?? Entry()
        if let deleted = entry.deletions[event.kind], event.createdAt <= deleted { return false }
        if let present = entry.events[event.kind], !event.replaces(present) { return false }
        entry.events[event.kind] = event
        store(entry, for: event.publicKey)
        return true
    }

    /// Notes that all relays that were asked have answered, so that what is not there is absent.
    package mutating func noteFetched(_ person: PublicKey, now: Instant) {
        var entry = entries[person] ?? Entry()
        entry.fetched = now
        store(entry, for: person)
    }

    /// NIP-09: by address (`a`), or by the id of the version we have (`e`). Only the author's own counts.
    private mutating func delete(_ event: Event) -> Bool {
        guard var entry = entries[event.publicKey] else { return false }
        var hasChanged = false
        for (kind, list) in entry.events.sorted(by: { $0.key < $1.key }) {
            let address = "\(kind.rawValue):\(event.publicKey.hex):"
            let byAddress = event.tags.named("a").contains { $0.value?.isSame(as: address) == true }
            let byID = event.tags.named("e").contains { $0.value?.isSame(as: list.id.hex) == true }
            guard byID || (byAddress && list.createdAt <= event.createdAt) else { continue }
            entry.events[kind] = nil
            entry.deletions[kind] = max(entry.deletions[kind] ?? list.createdAt, list.createdAt)
            hasChanged = true
        }
        if hasChanged { store(entry, for: event.publicKey) }
        return hasChanged
    }

    private mutating func store(_ entry: Entry, for person: PublicKey) {
        if entries[person] == nil {
            if order.count >= Self.capacity { entries[order.removeFirst()] = nil }
            order.append(person)
        }
        entries[person] = entry
    }

    /// The version there is of a list, for dating the next one.
    package func event(_ kind: EventKind, of person: PublicKey) -> Event? {
        entries[person]?.events[kind]
    }

    package func relayList(of person: PublicKey, now: Instant) -> Knowledge<RelayList> {
        knowledge(.relayList, person, now) { try? RelayList($0, policy: relayPolicy) }
    }

    package func list(_ kind: EventKind, of person: PublicKey, now: Instant) -> Knowledge<ServerList> {
        let policy = kind == .mediaRelays ? mediaPolicy : relayPolicy
        return knowledge(kind, person, now) { try? ServerList($0, policy: policy) }
    }

    private func knowledge<List>(
        _ kind: EventKind,
        _ person: PublicKey,
        _ now: Instant,
        _ read: (Event) -> List?
    ) -> Knowledge<List> {
        guard let entry = entries[person] else { return .unknown }
        let isStale = entry.fetched.map { now - $0 > Self.freshFor } ?? true
        guard let event = entry.events[kind], let list = read(event) else {
            return entry.fetched == nil || isStale ? .unknown : .absent
        }
        return .known(list, isStale: isStale)
    }

    /// Where somebody receives gift wraps: the inbox list, or else the relays they read from.
    package func inbox(of person: PublicKey, now: Instant) -> [ServerURL] {
        if case .known(let list, _) = list(.inboxRelays, of: person, now: now) { return list.urls }
        if case .known(let list, _) = relayList(of: person, now: now) { return list.read }
        return []
    }

    /// Where somebody's key packages are: the older list, and the relays they write to.
    package func keyPackageRelays(of person: PublicKey, now: Instant) -> [ServerURL] {
        var urls: [ServerURL] = []
        if case .known(let list, _) = list(.keyPackageRelays, of: person, now: now) { urls = list.urls }
        return urls + writeRelays(of: person, now: now).filter { !urls.contains($0) }
    }

    /// Where somebody's own lists are published.
    package func writeRelays(of person: PublicKey, now: Instant) -> [ServerURL] {
        if case .known(let list, _) = relayList(of: person, now: now) { return list.write }
        return []
    }
}
