import BurrowBase
import BurrowEngine
import BurrowNostr
import BurrowQUIC
import CBurrow

extension NostrRelayOptions {
    /// Without a configuration it is the default.
    init(pointer: UnsafePointer<burrow_nostr_relay_config>?) throws(EngineError) {
        guard let pointer = unsafe pointer else {
            self.init()
            return
        }
        try unsafe self.init(Arguments.read(pointer, zero: burrow_nostr_relay_config(), "cfg"))
    }

    init(_ cfg: burrow_nostr_relay_config) throws(EngineError) {
        let flags = unsafe cfg.flags
        try Arguments.check(
            flags,
            [BURROW_NOSTR_INSECURE, BURROW_NOSTR_NO_SYSTEM_ROOTS, BURROW_NOSTR_ANONYMOUS],
            "flags"
        )
        self.init()
        authenticates = !flags.has(BURROW_NOSTR_ANONYMOUS)
        trust.insecure = flags.has(BURROW_NOSTR_INSECURE)
        trust.systemRoots = !flags.has(BURROW_NOSTR_NO_SYSTEM_ROOTS)
        unsafe try trust.set(roots: cfg.roots_pem, pins: cfg.pins, cfg.pin_count)
    }
}

extension burrow_nostr_relay_info {
    init(_ relay: NostrRelayInfo) {
        self.init()
        state = relay.phase.rawValue
        status = relay.error.map { StatusMapping.status(of: $0.code) } ?? .ok
        connections = UInt32(clamping: relay.figures.connections)
        since_us = relay.since?.microseconds ?? 0
        events = UInt64(clamping: relay.figures.events)
        repeated_events = UInt64(clamping: relay.figures.repetitions)
        invalid_events = UInt64(clamping: relay.figures.invalidEvents)
        bad_messages = UInt64(clamping: relay.figures.badMessages)
        rate_limits = UInt64(clamping: relay.figures.rateLimits)
        published = UInt64(clamping: relay.figures.published)
        unsafe withUnsafeMutableBytes(of: &text) {
            unsafe Arguments.write(relay.error?.context ?? "", to: $0)
        }
        unsafe withUnsafeMutableBytes(of: &url) { unsafe Arguments.write(relay.url.text, to: $0) }
    }
}
