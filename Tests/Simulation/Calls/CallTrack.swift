import BurrowBase
import BurrowMoQ

/// A track somebody publishes in a seeded call, with everything that was sent on it.
final class CallTrack {
    let id: TrackID
    let plan: CallPlan.Track
    /// In front of every payload: who sent it, on which track, in which life.
    private let mark: [UInt8]
    private var dice: Dice
    /// Payloads by their number.
    private(set) var sent: ContiguousArray<[UInt8]> = []
    /// How many were sent when the call became quiet.
    var quietCount = 0

    init(id: TrackID, plan: CallPlan.Track, member: Int, number: Int, life: Int, seed: UInt64) {
        self.id = id
        self.plan = plan
        mark = [UInt8(member), UInt8(number), UInt8(life)]
        dice = Dice(seed: seed &* 4096 &+ UInt64(member * 256 + number * 16 + life))
    }

    struct Frame {
        var payload: [UInt8]
        var isKey = true
        var endsGroup = true
        var isDatagram = false
    }

    /// The frames that are due, and how long until the next are.
    func next() -> (frames: [Frame], pause: Interval) {
        switch plan.kind {
        case .audio:
            return ([Frame(payload: payload(dice.number(20...200)))], .milliseconds(20))
        case .video:
            let position = sent.count % 25
            let size = position == 0 ? dice.number(3000...15_000) : dice.number(100...1500)
            let frame = Frame(payload: payload(size), isKey: position == 0, endsGroup: position == 24)
            return ([frame], .milliseconds(40))
        case .bursts:
            let frames = (0..<dice.number(1...5)).map { _ in Frame(payload: payload(dice.number(0...8000))) }
            return (frames, dice.milliseconds(50...600))
        case .datagrams:
            let frame = Frame(payload: payload(dice.number(0...1000)), isDatagram: true)
            return ([frame], .milliseconds(40))
        }
    }

    private func payload(_ size: Int) -> [UInt8] {
        let number = UInt32(truncatingIfNeeded: sent.count)
        var bytes = mark
        bytes.append(contentsOf: (0..<4).map { UInt8(truncatingIfNeeded: number >> (24 - 8 * UInt32($0))) })
        let start = dice.number(0...(Self.noise.count - size))
        bytes.append(contentsOf: Self.noise[start..<(start + size)])
        sent.append(bytes)
        return bytes
    }

    /// Bytes to cut payloads from, which is faster than drawing them.
    private static let noise: [UInt8] = {
        var random = SeededRandom(seed: 77)
        return (0..<32_768).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    }()
}

/// What the front of a payload says about where it comes from.
struct PayloadMark: Hashable {
    let member: Int
    let track: Int
    let life: Int
    let number: Int

    init?(_ payload: [UInt8]) {
        guard payload.count >= 7 else { return nil }
        member = Int(payload[0])
        track = Int(payload[1])
        life = Int(payload[2])
        number = payload[3..<7].reduce(0) { $0 << 8 | Int($1) }
    }
}
