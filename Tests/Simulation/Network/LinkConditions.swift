package import BurrowBase

/// How badly one direction of a link treats datagrams. The default treats them perfectly.
package struct LinkConditions: Equatable, Sendable {
    /// Losses in a row, as the two-state model of Gilbert and Elliott makes them.
    package struct BurstLoss: Equatable, Sendable {
        /// Per datagram, the chance that a bad phase begins, and that it ends.
        package var begin: Double
        package var end: Double
        /// Chance of loss during a bad phase.
        package var loss: Double

        package init(begin: Double, end: Double, loss: Double = 1) {
            self.begin = begin
            self.end = end
            self.loss = loss
        }
    }

    /// A bottleneck with a queue that drops what does not fit.
    package struct RateLimit: Equatable, Sendable {
        package var bitsPerSecond: Int64
        package var queueBytes: Int
        /// Datagrams of ECN-capable senders are marked instead of delayed unseen when the queue is longer than this.
        package var markAboveBytes: Int?

        package init(bitsPerSecond: Int64, queueBytes: Int, markAboveBytes: Int? = nil) {
            precondition(bitsPerSecond > 0 && queueBytes > 0, "a link that carries nothing is a blackout")
            self.bitsPerSecond = bitsPerSecond
            self.queueBytes = queueBytes
            self.markAboveBytes = markAboveBytes
        }
    }

    /// Single datagrams held back so that later ones overtake them.
    package struct Reordering: Equatable, Sendable {
        package var chance: Double
        package var extraDelay: Interval

        package init(chance: Double, extraDelay: Interval) {
            self.chance = chance
            self.extraDelay = extraDelay
        }
    }

    package var delay: Interval
    /// Added to the delay, evenly distributed from zero.
    package var jitter: Interval
    /// Whether jitter leaves the order alone, as a queue would.
    package var keepsOrder: Bool
    package var reordering: Reordering?
    package var loss: Double
    package var burstLoss: BurstLoss?
    package var duplication: Double
    /// Chance that a datagram arrives with one to three bits flipped.
    package var corruption: Double
    package var rateLimit: RateLimit?
    /// Longer payloads are dropped, as a router does with "don't fragment".
    package var maxPayload: Int
    /// Whether ECN marks are wiped on the way.
    package var clearsECN: Bool
    /// What enters the link at these times is lost.
    package var blackouts: [Range<Instant>]

    package init(
        delay: Interval = .zero,
        jitter: Interval = .zero,
        keepsOrder: Bool = true,
        reordering: Reordering? = nil,
        loss: Double = 0,
        burstLoss: BurstLoss? = nil,
        duplication: Double = 0,
        corruption: Double = 0,
        rateLimit: RateLimit? = nil,
        maxPayload: Int = 65_507,
        clearsECN: Bool = false,
        blackouts: [Range<Instant>] = []
    ) {
        self.delay = delay
        self.jitter = jitter
        self.keepsOrder = keepsOrder
        self.reordering = reordering
        self.loss = loss
        self.burstLoss = burstLoss
        self.duplication = duplication
        self.corruption = corruption
        self.rateLimit = rateLimit
        self.maxPayload = maxPayload
        self.clearsECN = clearsECN
        self.blackouts = blackouts
    }

    package static let perfect = LinkConditions()
}
