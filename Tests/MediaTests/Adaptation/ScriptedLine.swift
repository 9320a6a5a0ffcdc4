import BurrowBase
import BurrowMedia

/// A line that carries so much at a time and keeps the rest in a queue without end, as seen by who sends through it.
final class ScriptedLine {
    struct Packet {
        let sent: Int64
        let bytes: Int
        let answered: Int64
        let isLost: Bool
    }

    private var base: Int64
    private let capacity: (Int64) -> Int
    private let jitter: Int64
    private let loss: Double
    private var random: SeededRandom
    private var underWay: [Packet] = []
    private var idle: Int64 = 0
    private var latest: Int64 = 0
    private var counters = LineSample(time: Instant(microseconds: 0))
    /// How long what was sent last waits for the line.
    private(set) var queue: Int64 = 0

    /// `capacity` in bits a second at a time in milliseconds; `base` and `jitter` in milliseconds.
    init(
        base: Int64 = 50,
        jitter: Int64 = 0,
        loss: Double = 0,
        seed: UInt64 = 1,
        capacity: @escaping (Int64) -> Int
    ) {
        self.base = base * 1000
        self.jitter = jitter * 1000
        self.loss = loss
        self.capacity = capacity
        random = SeededRandom(seed: seed)
    }

    /// The packet sent last is lost, which is noticed so many milliseconds after it was sent.
    func lose(noticedAfter milliseconds: Int64) {
        guard let last = underWay.popLast() else { return }
        underWay.append(
            Packet(
                sent: last.sent,
                bytes: last.bytes,
                answered: last.sent + milliseconds * 1000,
                isLost: true
            )
        )
    }

    func lengthen(by milliseconds: Int64) { base += milliseconds * 1000 }

    private func unit() -> Double { Double(random.next() >> 11) * 0x1p-53 }

    func send(_ count: Int, at now: Int64) {
        var left = count
        while left > 0 {
            let bytes = min(left, 1200)
            left -= bytes
            idle = max(idle, now) + Int64(bytes) * 8_000_000 / Int64(max(capacity(now / 1000), 1))
            latest = max(latest, idle + base + Int64(unit() * Double(jitter)))
            underWay.append(Packet(sent: now, bytes: bytes, answered: latest, isLost: unit() < loss))
            counters.sentBytes += UInt64(bytes)
            counters.sentPackets += 1
            counters.bytesInFlight += UInt64(bytes)
        }
        queue = max(idle - now, 0)
    }

    func look(at now: Int64) -> LineSample {
        while let first = underWay.first, first.answered <= now {
            underWay.removeFirst()
            counters.bytesInFlight -= UInt64(first.bytes)
            if first.isLost {
                counters.lostPackets += 1
            } else {
                counters.latestRTT = .microseconds(first.answered - first.sent)
            }
        }
        counters.time = Instant(microseconds: now)
        return counters
    }
}

/// Sound and one camera on a scripted line.
final class ScriptedSender {
    struct Moment {
        let time: Double
        let targets: SendingTargets
        let queue: Double

        var video: Int { targets.video.first.map { $0.isOff ? 0 : $0.bitRate } ?? 0 }
    }

    private(set) var controller = SendingController()
    private(set) var moments: [Moment] = []
    private var meter = LineMeter()
    private let line: ScriptedLine
    private var now: Int64 = 0
    private var pictures = 0

    init(_ line: ScriptedLine, _ demand: SendingDemand) {
        self.line = line
        controller.set(demand, now: Instant(microseconds: 0))
    }

    static func call(_ bitRate: Int = 800_000, _ width: Int = 640, _ height: Int = 360) -> SendingDemand {
        var demand = SendingDemand()
        demand.audio = [.init(id: 1, bitRate: 32_000)]
        demand.video = [.init(id: 2, width: width, height: height, bitRate: bitRate)]
        return demand
    }

    /// Sends for a while: sound every 20 ms, and a picture of what the targets say every 40 ms, each fiftieth of them
    /// four times as large.
    func run(seconds: Double) {
        let end = now + Int64(seconds * 1e6)
        while now < end {
            if now % 20_000 == 0, let audio = controller.targets.audio.first {
                line.send(audio.decision.bitRate / 400 + 56, at: now)
            }
            if now % 40_000 == 0 { sendPicture() }
            if let report = meter.take(line.look(at: now)) { controller.take(report) }
            if now % 100_000 == 0 {
                moments.append(
                    Moment(
                        time: Double(now) / 1e6,
                        targets: controller.targets,
                        queue: Double(line.queue) / 1000
                    )
                )
            }
            now += 5_000
        }
    }

    private func sendPicture() {
        guard let video = controller.targets.video.first, !video.isOff, controller.targets.relief != .all
        else {
            return
        }
        let usual = Double(video.bitRate) / 8 / 25 * 50 / 53
        line.send(Int(pictures % 50 == 0 ? usual * 4 : usual), at: now)
        pictures += 1
    }

    func between(_ from: Double, _ to: Double) -> [Moment] {
        moments.filter { $0.time >= from && $0.time < to }
    }
}
