package import BurrowBase

/// Makes reports of what a connection says about itself: four a second, and at once when a queue grows or is gone.
///
/// It wants to see the connection as often as something was sent or acknowledged, at most every few milliseconds. What
/// went out between two looks counts as one burst.
package struct LineMeter {
    private static let period = Interval.milliseconds(250)
    /// Between two reports, however much changes.
    private static let shortest = Interval.milliseconds(30)
    /// Beside a quarter of a round trip, what it takes to notice that something was lost.
    private static let noticing = Interval.milliseconds(30)
    /// Looks closer together say nothing new.
    private static let step = Interval.milliseconds(1)
    private static let slotLength: Int64 = 50_000
    private static let slotCount = 5
    private static let burstLimit = 256
    /// Bytes of a packet of sound.
    private static let smallest = 200
    /// Shorter times, in microseconds, are not told apart.
    private static let precision: Int64 = 500
    /// Nothing is more, so that a counter or clock gone wild makes no sum overflow.
    private static let most: Int64 = 1 << 40
    /// Queues in front of the line, and times to get rid of what waits, that are worth a report when they are passed.
    private static let marks: [Int64] = [40_000, 80_000, 120_000, 160_000, 200_000, 300_000]

    private struct Slot {
        var number: Int64 = .min
        var sent = 0
        var delivered = 0
        var leastRTT: Int64 = .max
        var leastWaiting = Int.max
        /// Of bursts that were answered: their bytes, the squares of these, and the highest rate.
        var answered = 0.0
        var squares = 0.0
        var shown = 0.0
    }

    /// What went out between two looks.
    private struct Burst {
        let bytes: Int
        /// The connection's count behind it.
        let end: UInt64
        let time: Instant
    }

    private var slots = [Slot](repeating: Slot(), count: slotCount)
    private var floor = RoundTripFloor()
    private var bursts = FIFO<Burst>()
    private var last: LineSample?
    private var began: Instant?
    private var reported: (time: Instant, sentPackets: UInt64, lostPackets: UInt64, level: Int)?

    package init() {}

    /// Whether a look at this time is of use.
    package func wants(at time: Instant) -> Bool {
        guard let last else { return true }
        return time - last.time >= Self.step
    }

    /// Takes a look; gives a report when one is due.
    package mutating func take(_ sample: LineSample) -> LineReport? {
        guard let previous = last, sample.sentBytes >= previous.sentBytes, sample.time >= previous.time else {
            // The first look, or another connection.
            self = LineMeter()
            last = sample
            began = sample.time
            reported = (sample.time, sample.sentPackets, sample.lostPackets, 0)
            return nil
        }
        add(sample, previous)
        last = sample
        return reportIfDue(sample)
    }

    private mutating func add(_ sample: LineSample, _ previous: LineSample) {
        let number = sample.time.microseconds / Self.slotLength
        let index = Int(truncatingIfNeeded: number % Int64(Self.slotCount))
        guard slots.indices.contains(index) else { return }
        if slots[index].number != number { slots[index] = Slot(number: number) }
        let sent = Self.bounded(sample.sentBytes - previous.sentBytes)
        let (before, after) = (Self.bounded(previous.bytesInFlight), Self.bounded(sample.bytesInFlight))
        let arrived = max(sent + before - after, 0)
        slots[index].sent += sent
        slots[index].delivered += arrived
        slots[index].leastWaiting = min(slots[index].leastWaiting, Self.bounded(sample.waitingBytes))
        let rtt = min(sample.latestRTT.microseconds, Self.most)
        if sent > 0, bursts.count < Self.burstLimit {
            bursts.append(Burst(bytes: sent, end: sample.sentBytes, time: sample.time))
        }
        guard arrived > 0, rtt > 0 else { return }
        slots[index].leastRTT = min(slots[index].leastRTT, rtt)
        floor.add(rtt, at: sample.time)
        // The last of a burst was answered when nothing up to there is under way: lost packets aside, in order.
        let answered = sample.sentBytes - min(sample.bytesInFlight, sample.sentBytes)
        while let first = bursts.first, first.end <= answered {
            _ = bursts.popFirst()
            let bytes = Double(first.bytes)
            slots[index].answered += bytes
            slots[index].squares += bytes * bytes
            slots[index].shown = max(slots[index].shown, rate(of: first, answeredAt: sample.time))
        }
    }

    /// Bits a second; zero when it says nothing.
    private func rate(of burst: Burst, answeredAt time: Instant) -> Double {
        // The shortest round trip had the time for a small packet in it.
        guard let base = floor.value, burst.bytes > Self.smallest * 3 / 2 else { return 0 }
        let excess = max((time - burst.time).microseconds - base, Self.precision)
        return Double(burst.bytes - Self.smallest) * 8e6 / Double(excess)
    }

    private mutating func reportIfDue(_ sample: LineSample) -> LineReport? {
        guard let reported, let began else { return nil }
        let since = sample.time - reported.time
        guard since >= Self.shortest else { return nil }
        var report = summary(sample, since: began)
        let level = Self.level(report)
        guard since >= Self.period || level != reported.level else { return nil }
        let packets = sample.sentPackets &- reported.sentPackets
        let lost = sample.lostPackets &- min(reported.lostPackets, sample.lostPackets)
        report.packets = Int(clamping: packets)
        report.loss = packets == 0 ? 0 : min(Double(lost) / Double(packets), 1)
        self.reported = (sample.time, sample.sentPackets, sample.lostPackets, level)
        return report
    }

    private func summary(_ sample: LineSample, since began: Instant) -> LineReport {
        var report = LineReport(time: sample.time)
        let oldest = sample.time.microseconds / Self.slotLength - Int64(Self.slotCount)
        var (sent, delivered) = (0, 0)
        var (answered, squares, shown) = (0.0, 0.0, 0.0)
        var (leastRTT, leastWaiting) = (Int64.max, Int.max)
        for slot in slots where slot.number > oldest {
            sent += slot.sent
            delivered += slot.delivered
            answered += slot.answered
            squares += slot.squares
            shown = max(shown, slot.shown)
            leastRTT = min(leastRTT, slot.leastRTT)
            leastWaiting = min(leastWaiting, slot.leastWaiting)
        }
        let start = max(began, Instant(microseconds: (oldest + 1) * Self.slotLength))
        let seconds = max(Double((sample.time - start).microseconds) / 1e6, 0.02)
        report.sent = Int(Double(sent) * 8 / seconds)
        report.delivered = Int(Double(delivered) * 8 / seconds)
        report.burst = answered > 0 ? Int(squares / answered) : 0
        report.shown = Int(min(shown, 1e12))
        report.waiting = Self.bounded(sample.waitingBytes)
        report.leastWaiting = leastWaiting == .max ? 0 : leastWaiting
        guard let base = floor.value else { return report }
        report.base = .microseconds(base)
        if let oldest = bursts.first {
            let grace = Interval.microseconds(base / 4) + Self.noticing
            report.overdue = max((sample.time - (oldest.time + report.base)) - grace, .zero)
            report.overdueBytes = oldest.bytes
        }
        if leastRTT != .max { report.standing = .microseconds(max(leastRTT - base, 0)) }
        return report
    }

    private static func bounded(_ count: UInt64) -> Int { Int(clamping: min(count, UInt64(most))) }

    /// How bad it is, in steps worth telling.
    private static func level(_ report: LineReport) -> Int {
        let waiting = Int64(report.waiting) * 8_000_000 / Int64(max(report.delivered, 50_000))
        let worst = max(report.standing.microseconds, report.overdue.microseconds, waiting)
        return marks.reduce(0) { $0 + (worst > $1 ? 1 : 0) }
    }
}

/// The shortest round trip of the last minute: long enough that a line which is always busy is remembered as it is when idle.
struct RoundTripFloor {
    private static let slotLength: Int64 = 2_000_000
    private static let slotCount = 30

    private var slots = [(number: Int64, least: Int64)](repeating: (.min, .max), count: slotCount)
    private(set) var value: Int64?

    mutating func add(_ rtt: Int64, at time: Instant) {
        let number = time.microseconds / Self.slotLength
        let index = Int(truncatingIfNeeded: number % Int64(Self.slotCount))
        guard slots.indices.contains(index) else { return }
        if slots[index].number != number { slots[index] = (number, .max) }
        slots[index].least = min(slots[index].least, rtt)
        value = slots.reduce(Int64.max) {
            $1.number > number - Int64(Self.slotCount) ? min($0, $1.least) : $0
        }
    }
}
