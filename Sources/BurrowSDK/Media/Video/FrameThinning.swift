/// Leaves out the pictures that come faster than wanted, evenly, and knows how many a second are left.
package struct FrameThinning: Sendable {
    /// Microseconds from one wanted picture to the next.
    private var period: Int64
    private var target: Float
    /// When the next picture is wanted.
    private var next: Int64?
    private var window: (start: Int64, count: Int)?
    private var measured: Float?

    package init(frameRate: Float) {
        target = frameRate
        period = Self.period(frameRate)
    }

    package mutating func setTarget(_ frameRate: Float) {
        guard frameRate != target else { return }
        target = frameRate
        period = Self.period(frameRate)
        (next, window, measured) = (nil, nil, nil)
    }

    private static func period(_ frameRate: Float) -> Int64 {
        Int64(exactly: (1_000_000 / max(frameRate, 0.1)).rounded()) ?? 1_000_000
    }

    /// Whether to encode a picture of this time. Times only grow.
    package mutating func admits(_ timestamp: Int64) -> Bool {
        if let next {
            let (wait, overflow) = next.subtractingReportingOverflow(timestamp)
            // Cameras jitter: a picture a little early is the wanted one.
            if !overflow && wait > period / 8 * 3 { return false }
            let isFarBehind = overflow || wait < -period
            self.next = isFarBehind ? timestamp &+ period : next &+ period
        } else {
            next = timestamp &+ period
        }
        measure(timestamp)
        return true
    }

    /// How many pictures a second come through, never more than wanted. A camera may give fewer in the dark, and the
    /// rate control must know.
    package var actualRate: Float { min(measured ?? target, target) }

    private mutating func measure(_ timestamp: Int64) {
        guard let started = window else {
            window = (timestamp, 0)
            return
        }
        let count = started.count + 1
        window?.count = count
        let (elapsed, overflow) = timestamp.subtractingReportingOverflow(started.start)
        guard overflow || elapsed >= 1_000_000 else { return }
        window = (timestamp, 0)
        // Beyond some seconds it was a pause or a jump of the clock, not a rate.
        guard !overflow, elapsed <= 3_000_000 else { return }
        let rate = max(Float(count) * 1_000_000 / Float(elapsed), 1)
        let known = measured ?? target
        // Each change moves the rate control, so small ones are not worth it.
        if abs(rate - known) > known * 0.08 { measured = rate }
    }
}
