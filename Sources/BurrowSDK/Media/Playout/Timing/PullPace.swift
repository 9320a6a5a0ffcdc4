import BurrowBase

/// When pulled samples are heard, whatever the moment at which the host asked for them.
///
/// Devices play at an even pace, but hosts pull in bursts and late. The times of pulls are smoothed over about half a
/// second; a host that paused begins anew.
struct PullPace {
    /// A pull of 10 ms corrects one part in so many of the difference between the expected and the real time.
    private static let gain = 50
    private static let pause: Int64 = 100_000

    private var expected: Int64?
    /// How much earlier than heard samples were asked for, at worst in the last seconds.
    private(set) var earliness: Int64 = 0

    /// Returns when the samples of a pull begin to be heard, and whether the host had paused before it.
    mutating func pulled(_ frames: Int, at now: Instant) -> (begin: Instant, resumed: Bool) {
        let time = now.microseconds
        let length = MediaUnits.microseconds(frames)
        guard let planned = expected, time.subtractingSaturating(planned).magnitude < UInt64(Self.pause)
        else {
            let resumed = expected != nil
            expected = time.addingSaturating(length)
            earliness = 0
            return (now, resumed)
        }
        let weight = max(1, MediaUnits.frames(milliseconds: 10) * Self.gain / max(1, frames))
        let begin = planned + (time - planned) / Int64(weight)
        expected = begin.addingSaturating(length)
        // Remembers early pulls for some seconds: packets must be there for them.
        earliness = max(earliness - earliness / 512, begin - time)
        return (Instant(microseconds: begin), false)
    }
}
