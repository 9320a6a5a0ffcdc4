internal import BurrowBase

/// What is asked of relays: one request for each subscription, and older pages where an answer may have been cut.
extension RelayPool {
    /// Names on the wire: one letter for the running request or its page, and the number of the subscription.
    static func wireName(_ subscription: SubscriptionID, isPage: Bool) -> String {
        (isPage ? "p" : "s") + String(subscription.number)
    }

    /// The request a name stands for, if there is one.
    func request(_ name: String, at index: Int) -> (position: Int, isPage: Bool)? {
        guard let first = name.utf8.first, first == UInt8(ascii: "s") || first == UInt8(ascii: "p"),
            let number = UInt32(name.dropFirst()),
            let position = links[index].requests.firstIndex(where: { $0.subscription.number == number })
        else { return nil }
        return (position, first == UInt8(ascii: "p"))
    }

    mutating func send(_ message: ClientMessage, to index: Int) {
        actions.append(.send(links[index].id, message.json))
    }

    /// Sends all requests that wait for a connection.
    mutating func sendRequests(_ index: Int, now: Instant) {
        guard links[index].isOpen else { return }
        for position in links[index].requests.indices {
            if case .unsent = links[index].requests[position].phase { sendRequest(index, position, now: now) }
        }
    }

    mutating func sendRequest(_ index: Int, _ position: Int, now: Instant) {
        let request = links[index].requests[position]
        guard let subscription = entry(request.subscription)?.subscription else { return }
        let filters = subscription.filters(complete: request.complete).filter { !$0.isImpossible }
        links[index].requests[position].asked = unix(now)
        links[index].requests[position].page = RelayLink.Page()
        guard !filters.isEmpty else {
            links[index].requests[position].phase = .live
            return noteCaughtUp(index, position)
        }
        links[index].requests[position].phase = .stored(until: now + options.storedPatience)
        let name = Self.wireName(request.subscription, isPage: false)
        send(.request(subscription: name, filters), to: index)
    }

    /// Ends a request that is no longer wanted.
    mutating func close(_ request: RelayLink.Request, at index: Int) {
        guard links[index].isOpen else { return }
        switch request.phase {
        case .unsent, .ended, .pausing, .authenticating: return
        case .paging: send(.close(subscription: Self.wireName(request.subscription, isPage: true)), to: index)
        case .stored, .live: break
        }
        send(.close(subscription: Self.wireName(request.subscription, isPage: false)), to: index)
    }

    /// Notes a stored event's time: whether there may be more, and from where on, depends on it.
    mutating func noteStored(_ createdAt: UnixTime, _ index: Int, _ position: Int, isPage: Bool, now: Instant)
    {
        let deadline = now + options.storedPatience
        switch links[index].requests[position].phase {
        case .stored where !isPage: links[index].requests[position].phase = .stored(until: deadline)
        case .paging where isPage:
            links[index].requests[position].phase = .paging(until: deadline)
            if let until = links[index].requests[position].page.until, createdAt > until { return }
        default: return
        }
        links[index].requests[position].page.count += 1
        let oldest = links[index].requests[position].page.oldest ?? createdAt
        links[index].requests[position].page.oldest = min(oldest, createdAt)
    }

    /// The relay has told what it stored, or one page of it.
    mutating func storedEnded(_ index: Int, _ position: Int, isPage: Bool, now: Instant) {
        let request = links[index].requests[position]
        switch request.phase {
        case .stored where !isPage: break
        case .paging where isPage:
            send(.close(subscription: Self.wireName(request.subscription, isPage: true)), to: index)
        default: return
        }
        // A page is an answer, too: with much to tell, a relay that is killed again and again may never come to the end.
        links[index].session?.hasServed = true
        if let until = nextPage(request) {
            sendPage(index, position, until: until, now: now)
        } else {
            links[index].requests[position].complete = request.asked
            links[index].requests[position].phase = .live
            links[index].requests[position].errors = 0
            links[index].requests[position].backoff.reset()
            noteCaughtUp(index, position)
        }
    }

    /// Where the next page ends, `nil` when the relay has told all.
    private func nextPage(_ request: RelayLink.Request) -> UnixTime? {
        let page = request.page
        guard let subscription = entry(request.subscription)?.subscription, !subscription.hasLimit,
            page.count >= options.wholePage, page.number < options.pagesPerRequest, page.withoutProgress < 3,
            let oldest = page.oldest
        else { return nil }
        // A page full of events of one second cannot be turned further than past that second.
        let until = page.until.map { oldest < $0 ? oldest : $0 - 1 } ?? oldest
        if let since = subscription.since(complete: request.complete), until < since { return nil }
        return until.seconds >= 0 ? until : nil
    }

    private mutating func sendPage(_ index: Int, _ position: Int, until: UnixTime, now: Instant) {
        let request = links[index].requests[position]
        guard let subscription = entry(request.subscription)?.subscription else { return }
        var page = RelayLink.Page()
        page.until = until
        page.number = request.page.number + 1
        if let previous = request.page.until, let oldest = request.page.oldest, oldest >= previous {
            page.withoutProgress = request.page.withoutProgress + 1
        }
        links[index].requests[position].page = page
        links[index].requests[position].phase = .paging(until: now + options.storedPatience)
        let filters = subscription.filters(complete: request.complete).map { (filter) in
            var older = filter
            older.until = filter.until.map { min($0, until) } ?? until
            return older
        }
        let name = Self.wireName(request.subscription, isPage: true)
        send(.request(subscription: name, filters.filter { !$0.isImpossible }), to: index)
    }

    /// The relay has ended a request.
    mutating func requestClosed(
        _ index: Int,
        _ position: Int,
        isPage: Bool,
        _ reason: RelayReason,
        now: Instant
    ) {
        guard !isPage else { return storedEnded(index, position, isPage: true, now: now) }
        let request = links[index].requests[position]
        let hasTold: Bool
        switch request.phase {
        case .unsent, .ended, .pausing, .authenticating: return
        case .stored: hasTold = false
        case .paging, .live: hasTold = true
        }
        switch reason.kind {
        case .authenticationRequired where !request.hasRetriedAuthentication:
            links[index].requests[position].phase = .authenticating
            wantAuthentication(index, reason, now: now)
        case .rateLimited, .error:
            if reason.kind == .rateLimited { links[index].figures.rateLimits += 1 }
            if case .live = request.phase, let session = links[index].session {
                links[index].requests[position].complete = unix(session.heard)
            }
            let pause = links[index].requests[position].backoff.next(&random)
            links[index].requests[position].phase = .pausing(until: now + pause)
            noteCaughtUp(index, position)
        case .other where reason.text.isEmpty && hasTold:
            // Everything asked for by id has been told.
            links[index].requests[position].phase = .ended
        default: endRequest(index, position, reason)
        }
    }

    mutating func endRequest(_ index: Int, _ position: Int, _ reason: RelayReason) {
        links[index].requests[position].phase = .ended
        actions.append(.ended(links[index].requests[position].subscription, links[index].id, reason))
        noteCaughtUp(index, position)
    }

    private mutating func noteCaughtUp(_ index: Int, _ position: Int) {
        links[index].requests[position].hasCaughtUp = true
        checkCaughtUp(links[index].requests[position].subscription)
    }

    /// Says once that no relay is waited for any more.
    mutating func checkCaughtUp(_ subscription: SubscriptionID) {
        guard let position = entries.firstIndex(where: { $0.id == subscription }),
            !entries[position].hasCaughtUp
        else { return }
        var count = 0
        for link in links {
            for request in link.requests where request.subscription == subscription {
                count += 1
                guard request.hasCaughtUp else { return }
            }
        }
        guard count > 0 else { return }
        entries[position].hasCaughtUp = true
        actions.append(.caughtUp(subscription))
    }

    mutating func expireRequests(_ index: Int, now: Instant) {
        for position in links[index].requests.indices {
            switch links[index].requests[position].phase {
            case .stored(let until) where until <= now:
                // It never says that this was all, so nothing is known to be complete.
                links[index].requests[position].phase = .stored(until: .distantFuture)
                noteCaughtUp(index, position)
            case .paging(let until) where until <= now:
                links[index].requests[position].phase = .paging(until: .distantFuture)
                noteCaughtUp(index, position)
            case .pausing(let until) where until <= now: sendRequest(index, position, now: now)
            default: break
            }
        }
    }
}
