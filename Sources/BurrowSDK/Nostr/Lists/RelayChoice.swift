package import BurrowBase

/// Which MoQ relays a call may use, in order: the group's, the caller's own, ours. Only the caller chooses; a callee
/// goes where the offer says.
package enum RelayChoice {
    package static let candidateCount = 8
    /// How many relays an offer names beside the chosen one.
    package static let offeredCount = 3
    /// How long a call waits for the own list when there is no older copy.
    package static let patience = Interval.seconds(3)

    package enum Source: Equatable, Sendable {
        case group
        case own
        case standard
        case offer
    }

    package struct Candidate: Equatable, Sendable {
        package let url: ServerURL
        package let source: Source

        package init(_ url: ServerURL, _ source: Source) {
            self.url = url
            self.source = source
        }
    }

    /// A relay setting that reached the group.
    package struct GroupSetting: Sendable {
        package let texts: [String]
        package let createdAt: UnixTime
        package let id: EventID
        /// Whether the author was an admin in the epoch in which it was received.
        package let isFromAdmin: Bool
        /// State of the group itself, and not a message in it.
        package let isCommitted: Bool

        package init(
            texts: [String],
            createdAt: UnixTime,
            id: EventID,
            isFromAdmin: Bool,
            isCommitted: Bool
        ) {
            self.texts = texts
            self.createdAt = createdAt
            self.id = id
            self.isFromAdmin = isFromAdmin
            self.isCommitted = isCommitted
        }

        fileprivate func wins(over other: GroupSetting) -> Bool {
            if isCommitted != other.isCommitted { return isCommitted }
            return createdAt == other.createdAt ? id < other.id : createdAt > other.createdAt
        }
    }

    package struct Policy: Sendable {
        /// For URLs of the group and of offers.
        package var others: ServerURL.Policy
        /// For the own list and our own relays.
        package var own: ServerURL.Policy
        package var deniedHosts: [String]
        /// When set, nobody else's relay is used unless its host is here.
        package var trustedHosts: [String]?
        package var usesGroupRelayOnly: Bool

        package init(
            others: ServerURL.Policy = .media,
            own: ServerURL.Policy = .ownMedia,
            deniedHosts: [String] = [],
            trustedHosts: [String]? = nil,
            usesGroupRelayOnly: Bool = false
        ) {
            self.others = others
            self.own = own
            self.deniedHosts = deniedHosts
            self.trustedHosts = trustedHosts
            self.usesGroupRelayOnly = usesGroupRelayOnly
        }

        fileprivate func allows(_ url: ServerURL, _ source: Source) -> Bool {
            guard !deniedHosts.contains(where: { url.host == $0.lowercased() }) else { return false }
            guard let trustedHosts, source == .group || source == .offer else { return true }
            return trustedHosts.contains { url.host == $0.lowercased() }
        }
    }

    /// What the host tells the user, or writes to its log.
    package enum Note: Equatable, Sendable {
        /// The group has a setting, and no URL of it can be used.
        case groupSettingInvalid
        /// The group's relays are given up for another.
        case fallback
    }

    package enum CallerOutcome: Equatable, Sendable {
        /// Ask again when the own list is there, or this long from now.
        case wait(Interval)
        /// Dial in this order. Never empty.
        case dial([Candidate], [Note])
        /// There is nothing to dial.
        case unreachable([Note])
    }

    /// The candidates of somebody who starts a call. `waited` is how long the call has been waiting for `ownList`.
    package static func forCaller(
        groupSettings: [GroupSetting],
        ownList: RelayDirectory.Knowledge<ServerList>,
        standard: [String],
        policy: Policy,
        waited: Interval
    ) -> CallerOutcome {
        let settings = groupSettings.filter(\.isFromAdmin)
        let setting = settings.dropFirst().reduce(settings.first) { best, next in
            best.map { next.wins(over: $0) ? next : $0 } ?? next
        }
        return forCaller(
            group: setting?.texts,
            ownList: ownList,
            standard: standard,
            policy: policy,
            waited: waited
        )
    }

    /// The same when the group's setting is decided; `nil` when there never was one.
    package static func forCaller(
        group: [String]?,
        ownList: RelayDirectory.Knowledge<ServerList>,
        standard: [String],
        policy: Policy,
        waited: Interval
    ) -> CallerOutcome {
        var notes: [Note] = []
        var candidates: [Candidate] = []
        if let group, !group.isEmpty {
            add(group, .group, policy, to: &candidates)
            if candidates.isEmpty { notes.append(.groupSettingInvalid) }
        }
        let hasGroupRelay = !candidates.isEmpty
        if policy.usesGroupRelayOnly, group != nil {
            return hasGroupRelay ? .dial(candidates, notes) : .unreachable(notes)
        }
        switch ownList {
        // The group's relay comes first anyway, so nobody waits for what comes behind it.
        case .unknown where !hasGroupRelay && waited < patience:
            return .wait(Interval(microseconds: patience.microseconds - waited.microseconds))
        case .unknown, .absent: break
        case .known(let list, _): add(list.urls.map(\.text), .own, policy, to: &candidates)
        }
        add(standard, .standard, policy, to: &candidates)
        return candidates.isEmpty ? .unreachable(notes) : .dial(candidates, notes)
    }

    package enum CalleeOutcome: Equatable, Sendable {
        /// Dial in this order; the first is the one the caller is on.
        case dial([Candidate])
        /// The offer's relay is refused here: answer that it is not supported.
        case unsupported
        /// The offer names no relay that could be one.
        case invalid
    }

    /// The candidates of somebody who is called: those of the offer and no others.
    package static func forCallee(relay: String, others: [String], policy: Policy) -> CalleeOutcome {
        var candidates: [Candidate] = []
        for text in [relay] + others.prefix(offeredCount) {
            guard let url = try? ServerURL(text, policy: policy.others).withoutToken else { continue }
            guard policy.allows(url, .offer) else {
                // The call is on the first; the others are only for when it fails.
                if candidates.isEmpty { return .unsupported }
                continue
            }
            if !candidates.contains(where: { $0.url == url }) { candidates.append(Candidate(url, .offer)) }
        }
        return candidates.isEmpty ? .invalid : .dial(candidates)
    }

    /// Why a candidate is out.
    package enum Failure: Equatable, Sendable {
        case unreachable
        /// The relay let us in, but neither publish nor subscribe.
        case notAuthorized
        case certificate
    }

    /// What is to be said of the relay that won.
    package static func notes(winner: Candidate, of candidates: [Candidate]) -> [Note] {
        let leavesGroup = winner.source != .group && candidates.first?.source == .group
        return leavesGroup ? [.fallback] : []
    }

    /// What a caller writes into the offer once a candidate has won: its URL, and others to fall back to.
    package static func offer(
        winner: Candidate,
        of candidates: [Candidate]
    ) -> (relay: ServerURL, others: [ServerURL]) {
        // What others cannot reach is only for those who are in that network anyway.
        let isAmongOurselves = winner.url.isPrivate
        let usable = candidates.map(\.url).filter { $0 != winner.url && (isAmongOurselves || !$0.isPrivate) }
        let others = usable.prefix(offeredCount)
        return (winner.url.withoutToken, others.map(\.withoutToken))
    }

    private static func add(
        _ texts: [String],
        _ source: Source,
        _ policy: Policy,
        to candidates: inout [Candidate]
    ) {
        let urls = source == .group ? policy.others : policy.own
        for text in texts where candidates.count < candidateCount {
            guard var url = try? ServerURL(text, policy: urls) else { continue }
            if source == .group { url = url.withoutToken }
            guard policy.allows(url, source), !candidates.contains(where: { $0.url == url }) else { continue }
            candidates.append(Candidate(url, source))
        }
    }
}
