package import BurrowBase

/// Things to do later, for what is too rare to have a deadline of its own.
package final class TimerQueue {
    private struct Timer {
        let at: Instant
        let action: () -> Void
    }

    /// Latest first, so that the next one is cheap to take; of the same time, the one set first is last.
    private var timers: [Timer] = []

    package init() {}

    package var deadline: Instant { timers.last?.at ?? .distantFuture }

    package func set(_ at: Instant, _ action: @escaping () -> Void) {
        var (low, high) = (0, timers.count)
        while low < high {
            let middle = (low + high) / 2
            if timers[middle].at > at { low = middle + 1 } else { high = middle }
        }
        timers.insert(Timer(at: at, action: action), at: low)
    }

    package func fire(now: Instant) {
        while let next = timers.last, next.at <= now {
            timers.removeLast()
            next.action()
        }
    }
}
