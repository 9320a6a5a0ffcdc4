import BurrowBase
import BurrowMedia
import BurrowMoQ
import BurrowQUIC
import BurrowSimulation

/// A member that sends sound and pictures as its controller says, as an engine would. What its encoders make is
/// invented, but as large as what real ones make: a key picture takes as much as four others.
final class AdaptiveSender {
    /// What the controller thought at a moment.
    struct Note {
        let time: Instant
        let targets: SendingTargets
        let report: LineReport
    }

    let member: RoomMember
    let audio: TrackID
    let video: TrackID
    private(set) var controller = SendingController()
    private(set) var notes: [Note] = []
    private var meter = LineMeter()
    private let most: Int
    private var pictures = 0
    private var bits = 0.0
    private var packets = 0
    private(set) var skipped = 0
    private var sinceKey = 0
    private let end: Instant

    private static let look = Interval.milliseconds(5)
    private static let packet = Interval.milliseconds(20)
    private static let groupLength = 60
    /// Which temporal layer each picture of four belongs to.
    private static let layers = [0, 2, 1, 2]

    init(_ member: RoomMember, videoBitRate: Int, until end: Instant) throws {
        self.member = member
        self.end = end
        most = videoBitRate
        audio = try member.publish("audio", priority: 80, maxAge: .seconds(1))
        video = try member.publish("video", priority: 60, maxAge: .seconds(2))
        var demand = SendingDemand()
        demand.audio = [.init(id: 1, bitRate: 32_000)]
        demand.video = [.init(id: 2, width: 640, height: 360, bitRate: videoBitRate)]
        controller.set(demand, now: member.scene.simulation.now)
    }

    private var simulation: Simulation { member.scene.simulation }

    func start() {
        lookAgain()
        sendPacket()
        sendPicture()
    }

    private func again(_ interval: Interval, _ action: @escaping () -> Void) {
        let time = simulation.now + interval
        guard time < end else { return }
        simulation.at(time, on: member.peer, action)
    }

    private func lookAgain() {
        look()
        again(Self.look) { [self] in lookAgain() }
    }

    private func look() {
        let now = simulation.now
        guard let statistics = member.peer.node.connectionStatistics(of: member.room) else { return }
        var sample = LineSample(time: now)
        sample.sentBytes = statistics.sentBytes
        sample.sentPackets = statistics.sentPackets
        sample.lostPackets = statistics.lostPackets
        sample.bytesInFlight = statistics.bytesInFlight
        sample.waitingBytes = statistics.waitingBytes
        sample.latestRTT = statistics.latestRTT
        guard let report = meter.take(sample) else { return }
        controller.take(report)
        notes.append(Note(time: now, targets: controller.targets, report: report))
    }

    private func sendPacket() {
        let decision = controller.targets.audio.first?.decision
        var payload = RoomMember.payload(packets, size: (decision?.bitRate ?? 32_000) / 400)
        // Whether there is redundancy for the packet before.
        payload[4] = decision?.usesFEC == true ? 1 : 0
        try? member.push(audio, payload)
        packets += 1
        again(Self.packet) { [self] in sendPacket() }
    }

    private func sendPicture() {
        let target = controller.targets.video.first
        let rate = max(Double(target?.frameRate ?? 30), 1)
        defer { again(.microseconds(Int64(1_000_000 / rate))) { [self] in sendPicture() } }
        guard let target, !target.isOff, controller.targets.relief != .all else {
            skipped += 1
            return
        }
        let isKey = sinceKey % Self.groupLength == 0
        let share =
            Double(min(target.bitRate, most)) / 8 / rate * Double(Self.groupLength)
            / Double(Self.groupLength + 3)
        let layer = Self.layers[sinceKey % 4]
        sinceKey = isKey ? 1 : sinceKey + 1
        defer { pictures += 1 }
        switch controller.targets.relief {
        case .highest where layer == 2 && !isKey, .allButLowest where layer > 0 && !isKey: skipped += 1
        default:
            let size = Int(isKey ? 4 * share : share)
            try? member.push(
                video,
                RoomMember.payload(pictures, size: max(size, 8)),
                key: isKey,
                ends: sinceKey == Self.groupLength
            )
        }
    }
}
