import BurrowBase

/// One direction of a link: decides when a datagram comes out, how often, and in which state.
///
/// Every link has random numbers of its own, so traffic on one does not change the fate of datagrams on another.
struct Link {
    /// A datagram on its way through the link.
    struct Passage {
        var datagram: SimulatedDatagram
        var time: Instant
        /// Position in the order of entry.
        var number: Int
    }

    var conditions = LinkConditions.perfect {
        didSet { isPerfect = conditions == .perfect }
    }
    private(set) var isPerfect = true
    private(set) var statistics = LinkStatistics()
    private var random: SeededRandom
    private var isInBadPhase = false
    /// When the bottleneck has sent all it holds, in nanoseconds, because microseconds are long on a fast link.
    private var busyUntil: Int64 = 0
    private var latestExit = Instant(microseconds: .min)
    private var highestExited = -1

    init(seed: UInt64) {
        random = SeededRandom(seed: seed)
    }

    /// Takes a datagram in and says what comes out at which times: nothing, one, or two.
    mutating func enter(_ datagram: SimulatedDatagram, now: Instant) -> [Passage] {
        let number = statistics.entered
        statistics.entered += 1
        statistics.enteredBytes += datagram.bytes.count
        guard !isLost(datagram, now: now) else { return [] }
        var datagram = datagram
        guard let sent = queue(&datagram, now: now) else { return [] }
        if conditions.clearsECN { datagram.ecn = 0 }
        if happens(conditions.corruption) { corrupt(&datagram.bytes) }
        var passages = [Passage(datagram: datagram, time: exit(after: sent), number: number)]
        if happens(conditions.duplication) {
            statistics.duplicated += 1
            passages.append(Passage(datagram: datagram, time: exit(after: sent), number: number))
        }
        return passages
    }

    /// Takes a datagram in and out at once, which a perfect link may.
    mutating func pass(_ datagram: SimulatedDatagram) {
        let number = statistics.entered
        statistics.entered += 1
        statistics.enteredBytes += datagram.bytes.count
        statistics.left += 1
        highestExited = number
    }

    /// Counts a datagram that comes out.
    mutating func leave(_ passage: Passage) {
        statistics.left += 1
        if passage.number < highestExited { statistics.overtaken += 1 }
        highestExited = max(highestExited, passage.number)
    }

    private mutating func isLost(_ datagram: SimulatedDatagram, now: Instant) -> Bool {
        if datagram.bytes.count > conditions.maxPayload {
            statistics.tooLarge += 1
            return true
        }
        if conditions.blackouts.contains(where: { $0.contains(now) }) {
            statistics.lostInBlackouts += 1
            return true
        }
        if let burst = conditions.burstLoss {
            if happens(isInBadPhase ? burst.end : burst.begin) { isInBadPhase.toggle() }
            if isInBadPhase && happens(burst.loss) {
                statistics.lostInBursts += 1
                return true
            }
        }
        if happens(conditions.loss) {
            statistics.lost += 1
            return true
        }
        return false
    }

    /// When the bottleneck has sent the datagram, `nil` when its queue is full.
    private mutating func queue(_ datagram: inout SimulatedDatagram, now: Instant) -> Instant? {
        guard let limit = conditions.rateLimit else { return now }
        let nanoseconds = now.microseconds * 1000
        let backlog = max(busyUntil - nanoseconds, 0)
        let queued = Int(Double(backlog) * Double(limit.bitsPerSecond) / 8e9)
        guard queued + datagram.wireByteCount <= limit.queueBytes else {
            statistics.droppedByQueue += 1
            return nil
        }
        if let threshold = limit.markAboveBytes, queued > threshold, datagram.ecn == 1 || datagram.ecn == 2 {
            datagram.ecn = 3
            statistics.marked += 1
        }
        let duration = Int64(datagram.wireByteCount) * 8_000_000_000 / limit.bitsPerSecond
        busyUntil = nanoseconds + backlog + duration
        return Instant(microseconds: (busyUntil + 999) / 1000)
    }

    private mutating func exit(after sent: Instant) -> Instant {
        var time = sent + conditions.delay
        if conditions.jitter > .zero {
            time = time + .microseconds(Int64(unit() * Double(conditions.jitter.microseconds)))
        }
        if conditions.keepsOrder {
            time = max(time, latestExit)
            latestExit = time
        }
        if let reordering = conditions.reordering, happens(reordering.chance) {
            time = time + reordering.extraDelay
        }
        return time
    }

    private mutating func corrupt(_ bytes: inout [UInt8]) {
        guard !bytes.isEmpty else { return }
        statistics.corrupted += 1
        // Different bits, so that none flips back.
        var positions: Set<Int> = []
        let count = min(Int.random(in: 1...3, using: &random), 8 * bytes.count)
        while positions.count < count {
            let bit = Int.random(in: 0..<(8 * bytes.count), using: &random)
            if positions.insert(bit).inserted { bytes[bit / 8] ^= 1 << UInt8(bit % 8) }
        }
    }

    private mutating func happens(_ chance: Double) -> Bool {
        // Nothing is drawn for what never happens, so switching one impairment on leaves the others as they were.
        chance > 0 && unit() < chance
    }

    /// Evenly distributed in 0..<1.
    private mutating func unit() -> Double {
        Double(random.next() >> 11) * 0x1p-53
    }
}
