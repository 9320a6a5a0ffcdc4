import BurrowBase
import BurrowEngine
import Testing

@Suite struct WakeModerationTests {
    private var moderation = WakeModeration()
    private var now = Instant(microseconds: 1_000_000)

    /// Wakes in even steps and returns how often.
    private mutating func wake(every interval: Interval, times: Int) {
        for _ in 0..<times {
            now = now + interval
            moderation.woke(at: now)
        }
    }

    @Test mutating func leavesCallsAlone() {
        wake(every: .milliseconds(1), times: 1000)
        #expect(moderation.pause(now: now, until: .distantFuture) == .zero)
        // Fifty packets at once, fifty times a second.
        for _ in 0..<20 {
            wake(every: .microseconds(50), times: 25)
            wake(every: .milliseconds(18), times: 1)
            #expect(moderation.pause(now: now, until: .distantFuture) == .zero)
        }
    }

    @Test mutating func gathersWhatComesFasterAndStopsWhenItSlowsDown() {
        wake(every: .microseconds(160), times: 500)
        #expect(moderation.pause(now: now, until: .distantFuture) == WakeModeration.hold)
        #expect(moderation.pause(now: now + .microseconds(200), until: .distantFuture) == .microseconds(300))
        #expect(moderation.pause(now: now + .milliseconds(2), until: .distantFuture) == .zero)
        // What it causes itself does not end it.
        wake(every: .microseconds(560), times: 500)
        #expect(moderation.isActive)
        wake(every: .milliseconds(5), times: 8)
        #expect(!moderation.isActive)
    }

    @Test mutating func neverPassesADeadline() {
        wake(every: .microseconds(160), times: 500)
        #expect(moderation.pause(now: now, until: now + .microseconds(70)) == .microseconds(70))
        #expect(moderation.pause(now: now, until: now) == .zero)
        #expect(moderation.pause(now: now, until: now - .microseconds(70)) == .zero)
    }

    @Test mutating func survivesAClockThatJumpsBack() {
        wake(every: .microseconds(160), times: 500)
        now = now - .milliseconds(3_600_000)
        #expect(moderation.pause(now: now, until: .distantFuture) == WakeModeration.hold)
        moderation.woke(at: now)
        #expect(moderation.pause(now: now, until: .distantFuture) == WakeModeration.hold)
    }
}
