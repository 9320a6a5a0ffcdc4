import BurrowBase

/// Tells a sender that began a new timeline from packets that are merely late or odd.
///
/// A packet alone proves nothing. Three of them that agree with each other, come at the pace of sound and have none of
/// the old timeline between them do.
struct RestartDetector {
    private static let packets = 3
    private static let shortest: Int64 = 30_000
    /// How far apart the delays of packets of one timeline may be.
    private static let agreement: Int64 = 250_000

    private var offset: Int64 = 0
    private var first: Int64 = 0
    private var count = 0

    /// A packet of the timeline being played.
    mutating func confirmed() {
        count = 0
    }

    /// A packet that does not belong to it; true when it proves that there is another timeline now.
    mutating func strayed(offset new: Int64, at arrival: Instant) -> Bool {
        let time = arrival.microseconds
        let near = count > 0 && new.subtractingSaturating(offset).magnitude < UInt64(Self.agreement)
        if near {
            count += 1
        } else {
            count = 1
            first = time
        }
        offset = new
        guard count >= Self.packets, time.subtractingSaturating(first) >= Self.shortest else { return false }
        count = 0
        return true
    }
}
