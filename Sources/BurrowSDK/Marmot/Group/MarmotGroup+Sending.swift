internal import BurrowBase
internal import BurrowMLS
internal import BurrowNostr

/// Application messages (MIP-03) and the MoQ relays of a group.
extension MarmotGroup {
    mutating func send(
        _ kind: EventKind,
        content: String,
        tags: [Tag],
        expiration: UnixTime?,
        now: Instant
    ) throws(MarmotError) -> (Rumor, MarmotStep) {
        guard tags.named("h").isEmpty else {
            throw MarmotError(.invalidArgument, "a message inside a group does not name the group")
        }
        var step = MarmotStep()
        let rumor: Rumor
        do {
            rumor = try Rumor(
                publicKey: identity,
                createdAt: wallClock(now),
                kind: kind,
                tags: tags,
                content: content
            )
        } catch {
            throw MarmotError(error)
        }
        try seal(rumor, expiration: expiration, now, &step)
        return (rumor, step)
    }

    /// Sends once more what was lost when its epoch was undone.
    mutating func send(again rumor: Rumor, now: Instant) throws(MarmotError) -> MarmotStep {
        guard rumor.publicKey == identity else {
            throw MarmotError(.invalidArgument, "message of somebody else")
        }
        var step = MarmotStep()
        try seal(rumor, expiration: rumor.expiration, now, &step)
        return step
    }

    private mutating func seal(
        _ rumor: Rumor,
        expiration: UnixTime?,
        _ now: Instant,
        _ step: inout MarmotStep
    ) throws(MarmotError) {
        try requireActive()
        guard let key = keys.last else { throw MarmotError(.groupInactive, "group has no key") }
        var next = mls
        let message: [UInt8]
        do { message = try next.seal(rumor.json) } catch { throw MarmotError(error) }
        let event = try GroupEvent.make(
            message,
            key: key,
            nostrGroupID: data.nostrGroupID,
            expiration: expiration,
            now: wallClock(now),
            random: &random
        )
        mls = next
        // What comes back to us is no news.
        _ = seen.insert(event.id)
        ownMessages.append(OwnMessage(epoch: epoch, rumor: rumor))
        if ownMessages.count > MarmotLimits.ownMessages { ownMessages.removeFirst() }
        try storeParts(&step)
        step.sends.append(.groupEvent(event, group: id, relays: data.relays))
    }

    // MARK: MoQ relays

    /// Chooses the group's MoQ relays, in the order of preference; none clears the choice.
    mutating func setMediaRelays(_ texts: [String], now: Instant) throws(MarmotError) -> MarmotStep {
        try requireAdmin()
        let list: ServerList
        do { list = try ServerList(kind: .mediaRelays, texts: texts) } catch { throw MarmotError(error) }
        var step = MarmotStep()
        let before = media
        media.urls = list.urls.map(\.text)
        do throws(MarmotError) { try sendMediaRelays(now, &step) } catch {
            media = before
            throw error
        }
        try storeState(&step)
        return step
    }

    /// Says which they are; also to those who are new.
    mutating func sendMediaRelays(_ now: Instant, _ step: inout MarmotStep) throws(MarmotError) {
        let (rumor, sent) = try send(
            .mediaRelays,
            content: "",
            tags: media.urls.map { ["relay", $0] },
            expiration: nil,
            now: now
        )
        media.rank = CommitRank(createdAt: rumor.createdAt, id: rumor.id)
        step.add(sent)
    }

    mutating func takeMediaRelays(
        _ rumor: Rumor,
        from sender: PublicKey,
        _ step: inout MarmotStep
    ) throws(MarmotError) {
        guard isAdmin(sender) else { throw MarmotError(.notAdmin, "MoQ relays chosen by no admin") }
        let rank = CommitRank(createdAt: rumor.createdAt, id: rumor.id)
        if let known = media.rank, rank <= known { return }
        var urls: [String] = []
        for tag in rumor.tags.named("relay") where urls.count < MarmotLimits.mediaRelays {
            guard let text = tag.value, let url = try? ServerURL(text, policy: .media).withoutToken.text,
                !urls.contains(url)
            else { continue }
            urls.append(url)
        }
        let changes = urls != media.urls
        media = MediaRelays(urls: urls, rank: rank)
        try storeState(&step)
        if changes { step.notices.append(.mediaRelaysChanged(group: id, relays: urls)) }
    }
}

/// The MoQ relays of a group, and when they were chosen: the latest choice counts.
struct MediaRelays: Equatable {
    var urls: [String] = []
    var rank: CommitRank?
}
