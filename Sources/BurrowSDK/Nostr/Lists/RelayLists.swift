/// The relays a person reads from and writes to (NIP-65, kind 10002).
package struct RelayList: Equatable, Sendable {
    package let read: [ServerURL]
    package let write: [ServerURL]

    package init(read: [ServerURL], write: [ServerURL]) {
        self.read = read
        self.write = write
    }

    package init(_ event: Event, policy: ServerURL.Policy = .relays) throws(NostrError) {
        guard event.kind == .relayList else { throw NostrError(.wrongKind, "event is no list of relays") }
        var read: [ServerURL] = []
        var write: [ServerURL] = []
        var seen: [ServerURL] = []
        for tag in event.tags.named("r") where seen.count < NostrLimits.listEntries {
            guard let text = tag.value, let url = try? ServerURL(text, policy: policy), !seen.contains(url)
            else {
                continue
            }
            let marker = tag.elements.dropFirst(2).first ?? ""
            // Another marker than these means nothing we could obey.
            guard marker.isEmpty || marker == "read" || marker == "write" else { continue }
            seen.append(url)
            if marker != "write" { read.append(url) }
            if marker != "read" { write.append(url) }
        }
        self.init(read: read, write: write)
    }

    package var tags: [Tag] {
        let all = read + write.filter { !read.contains($0) }
        return all.map { (url) in
            switch (read.contains(url), write.contains(url)) {
            case (true, false): ["r", url.withoutToken.text, "read"]
            case (false, true): ["r", url.withoutToken.text, "write"]
            default: ["r", url.withoutToken.text]
            }
        }
    }
}

/// A list whose order is the preference: inbox (10050), key packages (10051), MoQ relays (10053).
package struct ServerList: Equatable, Sendable {
    package let kind: EventKind
    package let urls: [ServerURL]

    package static let kinds: [EventKind] = [.inboxRelays, .keyPackageRelays, .mediaRelays]

    /// A list to publish. Refuses tokens, private addresses and plain transport unless `policy` allows them.
    package init(
        kind: EventKind,
        texts: [String],
        policy: ServerURL.Policy? = nil
    ) throws(NostrError) {
        guard Self.kinds.contains(kind) else { throw NostrError(.wrongKind, "kind is no list of servers") }
        var urls: [ServerURL] = []
        for text in texts {
            let url = try ServerURL(text, policy: policy ?? Self.policy(kind))
            guard url == url.withoutToken else { throw NostrError(.invalidURL, "server URL has a token") }
            if !urls.contains(url) { urls.append(url) }
        }
        guard urls.count <= Self.limit(kind) else {
            throw NostrError(.tooMany, "list has more than \(Self.limit(kind)) servers")
        }
        self.kind = kind
        self.urls = urls
    }

    /// What somebody published: the first valid URLs, each once. None at all is a list too, one that says so.
    package init(_ event: Event, policy: ServerURL.Policy? = nil) throws(NostrError) {
        guard Self.kinds.contains(event.kind) else {
            throw NostrError(.wrongKind, "event is no list of servers")
        }
        let policy = policy ?? Self.policy(event.kind)
        var tags = event.tags.named("relay")
        // Some write MoQ relays as they write others.
        if tags.isEmpty, event.kind == .mediaRelays { tags = event.tags.named("r") }
        var urls: [ServerURL] = []
        for tag in tags where urls.count < Self.limit(event.kind) {
            guard let text = tag.value, let url = try? ServerURL(text, policy: policy).withoutToken,
                !urls.contains(url)
            else { continue }
            urls.append(url)
        }
        kind = event.kind
        self.urls = urls
    }

    package var tags: [Tag] { urls.map { ["relay", $0.text] } }

    private static func policy(_ kind: EventKind) -> ServerURL.Policy {
        kind == .mediaRelays ? .media : .relays
    }

    private static func limit(_ kind: EventKind) -> Int {
        kind == .mediaRelays ? NostrLimits.mediaRelays : NostrLimits.listEntries
    }
}

extension Rumor {
    /// A new version of a list, dated so that it wins over the previous one.
    package init(
        list tags: [Tag],
        kind: EventKind,
        publicKey: PublicKey,
        replacing previous: Event?,
        now: UnixTime
    ) throws(NostrError) {
        try self.init(
            publicKey: publicKey,
            createdAt: previous?.timeForNextVersion(now: now) ?? now,
            kind: kind,
            tags: tags
        )
    }
}
