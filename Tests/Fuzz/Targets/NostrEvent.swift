import BurrowBase
import BurrowNostr
import FuzzHarness

/// Events as relays send them, rumors and filters: what is accepted is written and read again unchanged, and what is read
/// the short way Jansson reads the same way.
enum NostrEventTarget: FuzzTarget {
    static func run() {
        fuzz { (input) in
            if let event = try? UnverifiedEvent(json: input) { check(event) }
            if let event = try? EventScanner.event(input.span) {
                require(event == parsed(input), "two ways of reading an event differ")
            }
            if let rumor = try? Rumor(json: input) {
                require((try? Rumor(json: rumor.json)) == rumor, "a rumor changes on its way")
            }
            if let filter = try? Filter(json: input) {
                require((try? Filter(json: filter.json)) == filter, "a filter changes on its way")
            }
        }
    }

    private static func parsed(_ input: [UInt8]) -> UnverifiedEvent? {
        let limits = JSON.Limits(
            bytes: NostrLimits.eventBytes,
            depth: NostrLimits.eventDepth,
            allowsNUL: true
        )
        guard case .object(let object)? = try? JSON.parse(input, limits: limits) else { return nil }
        return try? UnverifiedEvent(object)
    }

    private static func check(_ event: UnverifiedEvent) {
        let rumor = try? Rumor(
            publicKey: event.publicKey,
            createdAt: event.createdAt,
            kind: event.kind,
            tags: event.tags,
            content: event.content
        )
        guard let rumor else { return require(false, "an event has no id") }
        // Where the id is a lie only the id may differ.
        guard let again = try? Rumor(json: rumor.json) else {
            return require(false, "a rumor cannot be read")
        }
        require(again.canonicalForm == rumor.canonicalForm, "an event changes on its way")
        if let verified = try? event.verified() {
            require((try? Event(json: verified.json)) == verified, "a verified event changes on its way")
        }
        _ = rumor.expiration
        _ = try? RelayList(Event(rumor, signature: event.signature))
        require(Filter(authors: [event.publicKey], kinds: [event.kind]).matches(event), "a filter misses")
    }
}
