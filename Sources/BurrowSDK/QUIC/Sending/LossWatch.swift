/// Decides from what a connection loses whether its small packets are worth sending more than once, and how far apart.
///
/// When losses have nothing to do with each other, copies shortly after the packet are as good as later ones and cost the
/// listener less delay. When they come in rows, copies must be far enough apart not to share one.
///
/// What is sent more than once is hardly ever found to be lost, so a line that seems clean again may not be: after each
/// mistake it must seem so for twice as long.
struct LossWatch {
    /// What a connection has counted.
    struct Sample {
        var sentPackets: UInt64
        var lostPackets: UInt64
    }

    /// In nanoseconds.
    private static let period: UInt64 = 250_000_000
    /// What is left of old observations after a period: about five seconds of them count.
    private static let memory = 0.95
    /// Such a part of all packets is worth something; a single loss among few packets is enough.
    private static let leastLosses = 0.9
    private static let leastShare = 0.004
    private static let heavyShare = 0.06
    private static let firstPatience: UInt64 = 20_000_000_000
    private static let lastPatience: UInt64 = 320_000_000_000
    /// A standing queue shorter than this, or than half a round trip, is no sign that loss comes from sending too much.
    private static let tolerance: UInt64 = 30_000_000
    private static let pauses: (short: UInt64, long: UInt64) = (5_000_000, 20_000_000)
    /// The variance of the losses in a period over their mean, which is 1 when they have nothing to do with each other.
    private static let rowsFrom = 2.5
    private static let rowsUntil = 1.6
    /// Below so many losses the variance says nothing.
    private static let fewLosses = 6.0

    /// Whether to send more than once.
    var isOn: Bool { isLossy && !isCrowded }

    /// How many copies: in a hundred packets at most one shall need the last of them.
    var copies: Int { comeInRows || lost >= sent * Self.heavyShare ? 3 : 2 }

    /// Nanoseconds from one copy to the next.
    var pause: UInt64 { comeInRows ? Self.pauses.long : Self.pauses.short }

    /// When the next sample is worth taking (nanoseconds).
    private(set) var nextUpdate: UInt64 = 0
    private var isLossy = false
    private var isCrowded = false
    private var sent = 0.0
    private var lost = 0.0
    /// The same of the squares of the losses of a period, and of periods.
    private var squares = 0.0
    private var periods = 0.0
    private var comeInRows = false
    private var before: (sent: UInt64, lost: UInt64)?
    private var patience = firstPatience
    private var lastLoss: UInt64 = 0
    private var endedAt: UInt64?

    mutating func update(_ sample: Sample, now: UInt64) {
        nextUpdate = now + Self.period
        defer { before = (sample.sentPackets, sample.lostPackets) }
        guard let before else { return }
        let newlySent = sample.sentPackets - min(before.sent, sample.sentPackets)
        let newlyLost = sample.lostPackets - min(before.lost, sample.lostPackets)
        sent = sent * Self.memory + Double(newlySent)
        lost = lost * Self.memory + Double(newlyLost)
        squares = squares * Self.memory + Double(newlyLost) * Double(newlyLost)
        periods = periods * Self.memory + 1
        compare()
        if newlyLost > 0 { lastLoss = now }
        if isLossy {
            guard now - min(lastLoss, now) >= patience else { return }
            isLossy = false
            endedAt = now
            (sent, lost, squares, periods) = (0, 0, 0, 0)
        } else if lost >= Self.leastLosses, lost >= sent * Self.leastShare {
            isLossy = true
            guard let endedAt else { return }
            patience =
                now - endedAt < patience * 2 ? min(patience * 2, Self.lastPatience) : Self.firstPatience
        }
    }

    /// Whether more only makes a queue longer, as round trips of late say (nanoseconds).
    mutating func note(smoothedRTT: UInt64, minimumRTT: UInt64) {
        guard minimumRTT != .max else { return }
        isCrowded = smoothedRTT > minimumRTT + max(Self.tolerance, minimumRTT / 2)
    }

    /// Whether losses come in rows.
    private mutating func compare() {
        guard lost >= Self.fewLosses else { return }
        let ratio = squares / lost - lost / periods
        if ratio > Self.rowsFrom { comeInRows = true } else if ratio < Self.rowsUntil { comeInRows = false }
    }
}
