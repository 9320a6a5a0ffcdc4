import BurrowBase
import BurrowMoQ
import FuzzHarness

/// What a service answers where a token is wanted, and when the next is asked for.
enum IssuedTokenTarget: FuzzTarget {
    static func run() {
        fuzz { (input) in
            guard let token = try? IssuedToken(answer: input) else { return }
            require(token.text.utf8.count <= AccessLimits.tokenBytes, "a token that is too long")
            require((try? IssuedToken(answer: Array(token.text.utf8))) == token, "it reads differently alone")
            let now = Instant(microseconds: 1_000_000)
            var schedule = TokenSchedule()
            guard let due = try? schedule.received(token, now: now, unixSeconds: 1_800_000_000) else {
                return
            }
            require(token.expires != nil && due > now, "another is asked for at once")
            var last = due
            for _ in 0..<20 {
                guard let next = schedule.failed(now: last) else { return }
                require(next > last, "tries again without a pause")
                last = next
            }
        }
    }
}
