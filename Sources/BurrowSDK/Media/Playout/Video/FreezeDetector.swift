import BurrowBase

/// Counts freezes as the statistics of WebRTC define them: a picture that stays for three times the usual, and for
/// 150 ms longer than usual.
struct FreezeDetector {
    private static let slack = Interval.milliseconds(150)

    private(set) var count = 0
    private(set) var total = Interval.zero
    private var last: Instant?
    /// Mean time between pictures, in microseconds.
    private var usual = 0.0
    private var pictures = 0

    mutating func shown(at now: Instant) {
        defer { last = now }
        guard let last else { return }
        let time = now - last
        pictures += 1
        if pictures > 4 {
            let limit = max(3 * usual, usual + Double(Self.slack.microseconds))
            if Double(time.microseconds) >= limit {
                count += 1
                total = .microseconds(total.microseconds.addingSaturating(time.microseconds))
                return
            }
        }
        usual += (Double(time.microseconds) - usual) / Double(min(pictures, 30))
    }

    /// The sender paused: what follows is no freeze.
    mutating func paused() {
        last = nil
    }
}
