import BurrowBase
import BurrowNostr
import FuzzHarness

/// What a relay may say to a pool, in any order, between reconnections and time that passes. Each line is one message; a
/// line that begins with a control character is something else that happens.
enum RelayMessageTarget: FuzzTarget {
    static func run() {
        fuzz { (input) in
            guard let url = try? ServerURL("wss://a.example", policy: .relays) else { return }
            var now = Instant(microseconds: 1_000_000)
            var pool = RelayPool(identity: nil, unixOffset: 0, jitterSeed: 1)
            let use = RelayUse(authentication: .automatic)
            guard let relay = try? pool.addRelay(url, use: use, now: now) else { return }
            for window in [Subscription.Window.everything, .groupMessages(since: UnixTime(1000))] {
                _ = try? pool.subscribe(Subscription(filters: [Filter()], window: window), now: now)
            }
            pool.opened(relay, now: now)
            for line in input.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
                switch line.first {
                case 1: pool.closed(relay, now: now)
                case 2: pool.opened(relay, now: now)
                case 3:
                    now = now + .seconds(Int64(line.count))
                    pool.timerFired(now: now)
                case 4: pool.ponged(relay, now: now)
                default: pool.received(Array(line), from: relay, now: now)
                }
                drain(&pool)
            }
        }
    }

    private static func drain(_ pool: inout RelayPool) {
        var count = 0
        while let action = pool.nextAction() {
            count += 1
            require(count < 10_000, "actions without end")
            if case .deliver(_, let event) = action {
                require(
                    (try? Event(json: event.json)) == event,
                    "an event was delivered that does not verify"
                )
            }
        }
    }
}
