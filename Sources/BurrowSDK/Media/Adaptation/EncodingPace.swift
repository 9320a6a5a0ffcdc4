package import BurrowBase

/// Lowers the frame rate of a camera whose encoder does not keep up, and raises it again.
///
/// What waits for the encoder is bounded, so pictures that come too fast are lost in any case. With a lower rate they are
/// lost evenly, the rate control knows, and there is time left for everything else.
package struct EncodingPace {
    private static let window = Interval.seconds(1)
    /// One lost picture of so many is an accident.
    private static let tolerance: UInt64 = 10
    private static let least: Float = 5
    private static let shortest = Interval.seconds(5)
    private static let longest = Interval.seconds(60)

    /// The most pictures a second; nil while there is no reason for less than what is wanted.
    package private(set) var limit: Float?
    private var begin: Instant?
    private var before: (encoded: UInt64, lost: UInt64) = (0, 0)
    /// Since when nothing was lost, and how long that has to be so before more is tried.
    private var fineSince: Instant?
    private var patience = shortest
    private var raised: Instant?

    package init() {}

    /// Takes how many pictures were encoded and lost since the beginning, of those that came at a rate of `wanted`. True
    /// when the limit is another one now. To be called several times a second.
    package mutating func update(encoded: UInt64, lost: UInt64, wanted: Float, now: Instant) -> Bool {
        guard let start = begin else {
            (begin, before) = (now, (encoded, lost))
            return false
        }
        guard now - start >= Self.window else { return false }
        let (done, gone) = (encoded &- before.encoded, lost &- before.lost)
        (begin, before) = (now, (encoded, lost))
        // A pause says nothing.
        guard now - start < Self.window + Self.window else { return false }
        if gone > 0, gone &* Self.tolerance >= done &+ gone {
            fineSince = nil
            if let raised, now - raised < Self.shortest {
                patience = min(patience + patience, Self.longest)
            }
            raised = nil
            let rate = Float(done) * 1_000_000 / Float(max((now - start).microseconds, 1))
            let next = max(min(rate * 0.9, (limit ?? wanted) * 0.9), Self.least)
            defer { limit = next }
            return next != limit && next < wanted
        }
        guard let limit else { return false }
        let since = fineSince ?? now
        fineSince = since
        guard now - since >= patience else { return false }
        // The last one was not too much.
        if raised != nil { patience = max(.microseconds(patience.microseconds / 2), Self.shortest) }
        (fineSince, raised) = (nil, now)
        self.limit = limit * 1.25 >= wanted ? nil : limit * 1.25
        return true
    }
}
