/// What the pool asks relays for, again after each reconnection.
package struct Subscription: Sendable {
    /// From when on events are asked for.
    package enum Window: Equatable, Sendable {
        /// The filters say all.
        case everything
        /// Everything since a relay was last known to have told all, less an overlap in seconds for events that are
        /// dated back or arrive late; `initial` before that.
        case resuming(overlap: Int64, initial: UnixTime?)

        /// Gift wraps: dated back by two days at most.
        package static func giftWraps(since: UnixTime?) -> Window {
            .resuming(overlap: 3 * 86400, initial: since)
        }

        /// Group messages: dated truly, but clocks differ.
        package static func groupMessages(since: UnixTime?) -> Window {
            .resuming(overlap: 600, initial: since)
        }
    }

    package let filters: [Filter]
    package let window: Window
    /// The relays to ask; `nil` for all that are not transient, those to come included.
    package let relays: [RelayID]?

    package init(filters: [Filter], window: Window, relays: [RelayID]? = nil) {
        self.filters = filters
        self.window = window
        self.relays = relays
    }

    /// The filters with the window put in. `complete` is until when the relay has told everything.
    func filters(complete: UnixTime?) -> [Filter] {
        guard let since = since(complete: complete) else { return filters }
        return filters.map { (filter) in
            var narrowed = filter
            narrowed.since = filter.since.map { max($0, since) } ?? since
            return narrowed
        }
    }

    func since(complete: UnixTime?) -> UnixTime? {
        guard case .resuming(let overlap, let initial) = window else { return nil }
        guard let start = complete ?? initial else { return nil }
        return UnixTime(max(0, (start - overlap).seconds))
    }

    /// Relays are believed only as far as the filters go, whatever the window.
    func matches(_ event: UnverifiedEvent) -> Bool {
        filters.contains { $0.matches(event) }
    }

    var hasLimit: Bool { filters.contains { $0.limit != nil } }
}
