import BurrowBase
import BurrowEngine
import BurrowNostr
import BurrowQUIC
import CBurrow

extension RelayWish {
    init(_ choice: burrow_relay_choice) throws(EngineError) {
        let flags = unsafe choice.flags
        try Arguments.check(
            flags,
            [
                BURROW_CHOICE_OFFER, BURROW_CHOICE_GROUP_ONLY, BURROW_CHOICE_PRIVATE, BURROW_CHOICE_INSECURE,
                BURROW_CHOICE_NO_SYSTEM_ROOTS,
            ],
            "flags"
        )
        self.init()
        isOffer = flags.has(BURROW_CHOICE_OFFER)
        let relays = unsafe try Arguments.texts(choice.group, choice.group_count, "group")
        group = relays.isEmpty ? nil : relays
        if unsafe choice.own != nil { person = unsafe try Arguments.publicKey(choice.own, "own") }
        standard = unsafe try Arguments.texts(choice.standard, choice.standard_count, "standard")
        policy.usesGroupRelayOnly = flags.has(BURROW_CHOICE_GROUP_ONLY)
        if flags.has(BURROW_CHOICE_PRIVATE) { policy.others.allowsPrivate = true }
        policy.deniedHosts = unsafe try Arguments.texts(choice.denied, choice.denied_count, "denied")
        let trusted = unsafe try Arguments.texts(choice.trusted, choice.trusted_count, "trusted")
        policy.trustedHosts = trusted.isEmpty ? nil : trusted
        trust.insecure = flags.has(BURROW_CHOICE_INSECURE)
        trust.systemRoots = !flags.has(BURROW_CHOICE_NO_SYSTEM_ROOTS)
        unsafe try trust.set(roots: choice.roots_pem, pins: choice.pins, choice.pin_count)
        timeout = unsafe Interval(choice.timeout_ms, default: timeout)
        try Arguments.check(reserved: unsafe choice.reserved)
    }
}
