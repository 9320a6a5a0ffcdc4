/// The place of an event of which only the newest version counts (NIP-01).
package struct ReplacementKey: Hashable, Sendable {
    package let publicKey: PublicKey
    package let kind: EventKind
    /// The bytes of the first `d` tag's value; empty for replaceable kinds and without a tag.
    private let slot: [UInt8]

    init(publicKey: PublicKey, kind: EventKind, slot: [UInt8]) {
        self.publicKey = publicKey
        self.kind = kind
        self.slot = slot
    }
}

extension Event {
    /// `nil` for kinds of which every event counts.
    package var replacementKey: ReplacementKey? {
        switch kind.storage {
        case .regular, .ephemeral: return nil
        case .replaceable: return ReplacementKey(publicKey: publicKey, kind: kind, slot: [])
        case .addressable:
            let value = tags.first { $0.name.isSame(as: "d") }?.value ?? ""
            return ReplacementKey(publicKey: publicKey, kind: kind, slot: Array(value.utf8))
        }
    }

    /// Whether this version wins over another of the same place: the later one, and of two from the same second the
    /// one with the lower id.
    package func replaces(_ other: Event) -> Bool {
        createdAt == other.createdAt ? id < other.id : createdAt > other.createdAt
    }

    /// The time a new version needs to win over this one.
    package func timeForNextVersion(now: UnixTime) -> UnixTime {
        max(now, createdAt + 1)
    }
}

/// The newest versions seen, whatever order relays send them in.
package struct NewestVersions: Sendable {
    private var versions: [ReplacementKey: Event] = [:]
    /// The order in which places were first seen, for giving up the oldest.
    private var order: [ReplacementKey] = []
    private let capacity: Int

    package init(capacity: Int = 4096) {
        self.capacity = max(capacity, 1)
    }

    package var count: Int { versions.count }

    /// Whether the event counts: kept when its kind is replaced and it wins, and `true` for all other kinds.
    package mutating func insert(_ event: Event) -> Bool {
        guard let key = event.replacementKey else { return true }
        if let present = versions[key] {
            guard event.replaces(present) else { return false }
        } else {
            if order.count >= capacity { versions[order.removeFirst()] = nil }
            order.append(key)
        }
        versions[key] = event
        return true
    }

    /// The newest version of a replaceable kind.
    package func event(of kind: EventKind, by author: PublicKey) -> Event? {
        versions[ReplacementKey(publicKey: author, kind: kind, slot: [])]
    }
}
