import BurrowBase

/// Estimates what a line carries, from how what we send fares on it.
///
/// It is the delay that tells: a queue in front of the line grows as soon as more is sent than it carries, and then what
/// arrives is what it carries. The other way round, a line that brings a whole picture through in less time than the
/// estimate says has more to give; without such evidence the estimate only creeps. Loss alone says little, because
/// radio loses packets of a line that is empty.
package struct BandwidthEstimator {
    /// Why the estimate is what it is.
    package enum Phase: Equatable, Sendable {
        /// No queue: it grows while it is made use of.
        case clear
        /// A queue stands in front of the line.
        case congested
        /// Nothing arrives at all, so nothing is known.
        case silent
    }

    package static let least = 30_000
    package static let greatest = 100_000_000
    /// Where a connection of which nothing is known begins.
    package static let first = 1_000_000

    /// Growth a second: on evidence, without, and near the rate at which the line was full lately.
    private static let leap = 4.0
    private static let climb = 1.08
    private static let creep = 1.02
    private static let memory = Interval.seconds(30)
    /// How long a full line is remembered while too little is sent to find out more.
    private static let idleMemory = Interval.seconds(10)
    /// Time for a queue to drain, and for the answers to come from an emptier line.
    private static let rest = Interval.milliseconds(500)
    /// More loss than this is taken for a queue that is too short to delay anything.
    private static let heavyLoss = 0.2
    /// How many reports in a row speak for a queue; when that many changed nothing, it is the line that loses.
    private static let lossyReports = 3...10
    /// What was concluded in so short a time before nothing arrived any more came from that.
    private static let interruption = Interval.seconds(1)
    private static let mostForBurst: Int64 = 150_000
    private static let foreignAfter = Interval.seconds(3)
    /// Within a shorter round trip it is the machine that is slow.
    private static let localRoundTrip = Interval.milliseconds(2)

    /// Bits a second.
    package private(set) var estimate = first
    package private(set) var phase = Phase.clear
    /// When and at which rate the line was full lately.
    private var full: (time: Instant, rate: Int)?
    private var last: Instant?
    private var lossy = 0
    private var queue: Queue?
    /// How large what goes out together has been lately: a key picture takes its time, and some more to be made up for.
    private var burst = 0
    /// A queue that stays however little is sent is not ours.
    private(set) var foreign = Interval.zero

    /// The queue that stands.
    private struct Queue {
        /// How long it was at most, and since when.
        var most: Interval
        var since: Instant
        /// What the estimate was before.
        var before: Int
        /// All that speaks for it is that answers are late.
        var isOnlyLate: Bool
    }

    package init() {}

    /// Takes a report. `wanted` is all that could be sent if the line carried everything; beyond what is needed for that
    /// nothing has to be found out.
    package mutating func update(_ report: LineReport, wanted: Int) {
        let seconds = last.map { min(Double(max((report.time - $0).microseconds, 0)) / 1e6, 1) } ?? 0
        last = report.time
        if report.delivered == 0, report.sent > 0 || report.waiting > 0 {
            if phase == .congested, let queue, report.time - queue.since < Self.interruption {
                estimate = max(estimate, queue.before)
            }
            queue = nil
            phase = .silent
            return
        }
        burst = max(report.burst, burst / 4 * 3)
        lossy = report.loss > Self.heavyLoss && report.packets >= 15 ? lossy + 1 : 0
        if report.standing.microseconds < foreign.microseconds / 2 { foreign = .zero }
        if isCongested(report), !isForeign(report) {
            phase = .congested
            fall(report)
        } else {
            phase = .clear
            forgive(report)
            if let queue, report.time - queue.since > Self.interruption { self.queue = nil }
            grow(report, seconds, wanted)
        }
    }

    /// As much standing queue as is no sign of trouble.
    private func tolerance(_ report: LineReport) -> Interval {
        let own = ownTolerance(report)
        let forBurst = min(Int64(burst) * 8_000_000 / Int64(max(estimate, Self.least)), Self.mostForBurst)
        return own + .microseconds(foreign.microseconds / 4 * 5 + forBurst)
    }

    private func ownTolerance(_ report: LineReport) -> Interval {
        if report.base < Self.localRoundTrip { return .milliseconds(200) }
        return max(.milliseconds(50), .microseconds(report.base.microseconds / 2))
    }

    /// Notes how a queue develops. One that does not shorten although less is sent than arrives is somebody else's, or no
    /// queue but a longer way: then nothing of what was concluded from it holds.
    private mutating func isForeign(_ report: LineReport) -> Bool {
        guard let known = queue else {
            queue = Queue(
                most: report.standing,
                since: report.time,
                before: estimate,
                isOnlyLate: isOnlyLate(report)
            )
            return false
        }
        if known.isOnlyLate, !isOnlyLate(report) { queue?.isOnlyLate = false }
        if report.standing > known.most {
            queue?.most = report.standing
            queue?.since = report.time
            return false
        }
        guard report.standing > .zero, report.standing.microseconds > known.most.microseconds / 4 * 3,
            report.time - known.since > Self.foreignAfter
        else { return false }
        foreign = report.standing
        estimate = max(estimate, known.before)
        return true
    }

    private func isCongested(_ report: LineReport) -> Bool {
        lateness(report) > ownTolerance(report) || isCrowded(report)
    }

    /// Whether answers are late and nothing else is the matter, as when the last packet for a while was lost.
    private func isOnlyLate(_ report: LineReport) -> Bool {
        !isCrowded(report) && report.standing.microseconds <= ownTolerance(report).microseconds / 2
    }

    /// When the answers came after all and there never was a queue, it was loss.
    private mutating func forgive(_ report: LineReport) {
        guard let queue, queue.isOnlyLate, isOnlyLate(report), report.time - queue.since <= Self.interruption
        else { return }
        estimate = max(estimate, queue.before)
        full = nil
        self.queue = nil
    }

    /// Whether a queue is seen: in front of the line, or on our side of it.
    private func isCrowded(_ report: LineReport) -> Bool {
        if report.standing > tolerance(report) { return true }
        // What waits on our side although nothing is in its way: the congestion control has reason to hold it back.
        let waiting = Double(report.leastWaiting) * 8 / Double(max(report.delivered, Self.least))
        return waiting > 0.2 || Self.lossyReports.contains(lossy)
    }

    private mutating func fall(_ report: LineReport) {
        let delivered = max(report.delivered, Self.least)
        guard delivered < estimate else { return }
        // One that is a little below is the same line, seen while less came in.
        estimate = delivered
        full = (report.time, delivered)
    }

    private mutating func grow(_ report: LineReport, _ seconds: Double, _ wanted: Int) {
        let ceiling = min(max(wanted + wanted / 4, Self.first), Self.greatest)
        guard estimate < ceiling else { return }
        if let full, report.time - full.time < Self.rest { return }
        // What there is of a queue shall go away first.
        if report.standing - foreign > .microseconds(ownTolerance(report).microseconds / 2) { return }
        var next = Double(estimate)
        if report.shown > estimate + estimate / 2 {
            next = min(next * power(Self.leap, seconds), Double(report.shown) * 0.8)
        } else if report.sent >= estimate / 2 || !isRecent(report.time) {
            next *= power(isNearFull(report.time) ? Self.creep : Self.climb, seconds)
        }
        estimate = min(max(Int(next), estimate), ceiling)
    }

    private func isRecent(_ time: Instant) -> Bool {
        full.map { time - $0.time < Self.idleMemory } ?? false
    }

    /// Whether the line was full lately at about this rate.
    private func isNearFull(_ time: Instant) -> Bool {
        guard let full, time - full.time < Self.memory else { return false }
        return estimate > full.rate / 10 * 9 && estimate < full.rate / 10 * 12
    }

    /// For how long what is not answered yet is late beyond what its own length explains.
    func lateness(_ report: LineReport) -> Interval {
        let own = min(
            Int64(report.overdueBytes) * 8_000_000 / Int64(max(estimate, Self.least)),
            Self.mostForBurst
        )
        return max(report.overdue - .microseconds(own) - foreign, .zero)
    }

    /// `base` to a power between 0 and 1, close enough.
    private func power(_ base: Double, _ exponent: Double) -> Double {
        // Binary digits of the exponent, from the half on.
        var (result, root, rest) = (1.0, base, min(max(exponent, 0), 1))
        if rest >= 1 { return base }
        for _ in 0..<10 {
            root = root.squareRoot()
            rest *= 2
            if rest >= 1 {
                result *= root
                rest -= 1
            }
        }
        return result
    }
}
