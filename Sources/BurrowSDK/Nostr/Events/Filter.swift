/// Which events are wanted (NIP-01): all conditions of a filter hold, each list by any of its elements.
package struct Filter: Equatable, Sendable {
    /// A condition on the first values of the tags of one letter.
    package struct TagCondition: Equatable, Sendable {
        /// One ASCII letter.
        package let letter: UInt8
        package let values: [String]

        /// `nil` when `letter` is none.
        package init?(_ letter: Character, _ values: [String]) {
            guard letter.isLetter, let ascii = letter.asciiValue else { return nil }
            self.letter = ascii
            self.values = values
        }

        package static func == (a: TagCondition, b: TagCondition) -> Bool {
            a.letter == b.letter && Tag(a.values) == Tag(b.values)
        }
    }

    package var ids: [EventID]?
    package var authors: [PublicKey]?
    package var kinds: [EventKind]?
    package var tags: [TagCondition]
    package var since: UnixTime?
    package var until: UnixTime?
    /// How many stored events are wanted; live ones come without limit.
    package var limit: Int?

    package init(
        ids: [EventID]? = nil,
        authors: [PublicKey]? = nil,
        kinds: [EventKind]? = nil,
        tags: [TagCondition] = [],
        since: UnixTime? = nil,
        until: UnixTime? = nil,
        limit: Int? = nil
    ) {
        self.ids = ids
        self.authors = authors
        self.kinds = kinds
        self.tags = tags
        self.since = since
        self.until = until
        self.limit = limit
    }

    /// Whether nothing can match, because a list is empty or the times exclude each other. Relays do not agree on
    /// what such a filter means, so it is not sent.
    package var isImpossible: Bool {
        if ids?.isEmpty == true || authors?.isEmpty == true || kinds?.isEmpty == true { return true }
        if let since, let until, since > until { return true }
        return tags.contains { $0.values.isEmpty }
    }

    package func matches(_ event: Event) -> Bool {
        matches(event.rumor, id: event.id)
    }

    /// Judges what a relay sent before it is verified.
    package func matches(_ event: UnverifiedEvent) -> Bool {
        guard ids?.contains(event.id) ?? true else { return false }
        return matches(event.publicKey, event.createdAt, event.kind, event.tags)
    }

    private func matches(_ rumor: Rumor, id: EventID) -> Bool {
        guard ids?.contains(id) ?? true else { return false }
        return matches(rumor.publicKey, rumor.createdAt, rumor.kind, rumor.tags)
    }

    private func matches(
        _ publicKey: PublicKey,
        _ createdAt: UnixTime,
        _ kind: EventKind,
        _ eventTags: [Tag]
    ) -> Bool {
        guard kinds?.contains(kind) ?? true, authors?.contains(publicKey) ?? true else { return false }
        if let since, createdAt < since { return false }
        if let until, createdAt > until { return false }
        return tags.allSatisfy { (condition) in
            eventTags.contains { (tag) in
                guard let value = tag.value, tag.name.utf8.elementsEqual(CollectionOfOne(condition.letter))
                else {
                    return false
                }
                return condition.values.contains { $0.isSame(as: value) }
            }
        }
    }
}

extension Filter {
    /// The inbox of somebody: gift wraps are dated back by up to two days, so the window is three (NIP-59).
    package static func giftWraps(to recipient: PublicKey, kind: EventKind = .giftWrap) -> Filter {
        Filter(kinds: [kind], tags: [TagCondition("p", [recipient.hex])].compactMap { $0 })
    }

    /// The MLS messages of groups, named by their Nostr group ids in hexadecimal.
    package static func groupMessages(of groups: [String]) -> Filter {
        Filter(kinds: [.groupMessage], tags: [TagCondition("h", groups)].compactMap { $0 })
    }

    /// Key packages of somebody, of today's and of the older kind.
    package static func keyPackages(of author: PublicKey) -> Filter {
        Filter(authors: [author], kinds: [.keyPackage, .oldKeyPackage])
    }

    /// All lists of relays of some people.
    package static func relayLists(of authors: [PublicKey]) -> Filter {
        Filter(authors: authors, kinds: [.relayList, .inboxRelays, .keyPackageRelays, .mediaRelays])
    }
}
