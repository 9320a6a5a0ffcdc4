import BurrowBase
import BurrowMedia

/// Gives frames to a host with a decoder of its own, as many as it takes.
///
/// When it does not keep up, sound loses what is oldest; pictures lose what is newest, up to the next key picture.
struct EncodedDelivery {
    private let context: MediaContext
    private let kind: MediaKind
    private var group: UInt64?
    private var sequence: UInt64 = 0
    /// What comes does not go on from what the host has.
    private var isBroken = false
    /// Pictures wait for one that needs no other.
    private var needsKey: Bool
    private var rate = ArrivalRate()
    var figures = MediaReport()

    init(_ context: MediaContext, _ kind: MediaKind) {
        self.context = context
        self.kind = kind
        needsKey = kind == .video
    }

    /// The next frame does not go on from the last.
    mutating func interrupt() {
        (isBroken, needsKey) = (true, kind == .video)
    }

    mutating func arrived(bytes: Int, at arrival: Instant) {
        figures.bytes &+= UInt64(clamping: bytes)
        rate.add(bytes: bytes, at: arrival)
    }

    /// `follows` says that no frame is missing before this one.
    mutating func give(
        _ payload: Slice,
        timestamp: Int64,
        isKey: Bool,
        group: UInt64,
        follows: Bool,
        arrival: Instant
    ) {
        figures.frames &+= 1
        if isKey { figures.keyFrames &+= 1 }
        sequence = group == self.group ? sequence &+ 1 : 0
        self.group = group
        let exchange = context.track.exchange
        switch kind {
        case .audio: exchange.makeRoom()
        case .video:
            guard exchange.hasRoom(), isKey || !needsKey else {
                if !needsKey { interrupt() }
                figures.dropped &+= 1
                return
            }
        }
        var flags: FrameFlags = isKey && (kind == .video || sequence == 0) ? .key : []
        if isBroken || !follows { flags.insert(.discontinuity) }
        (isBroken, needsKey) = (false, false)
        let buffer = exchange.buffer(for: payload.count)
        unsafe buffer.base.copyMemory(from: payload.start, byteCount: payload.count)
        let description = FrameExchange.Description(
            group: group,
            sequence: sequence,
            timestamp: timestamp,
            arrival: arrival,
            flags: flags
        )
        guard exchange.deliver(buffer, count: payload.count, description) else { return }
        context.loop.engine.events.post(
            HostEvent(.trackData(context.track), subject: context.handle, time: SystemCall.now())
        )
    }

    mutating func tell(_ report: borrowing Guarded<MediaReport>, now: Instant) {
        let arriving = rate.value(now: now)
        (figures.bitRate, figures.frameRate) = (arriving.bits, arriving.frames)
        var sum = figures
        if kind == .audio { sum.dropped &+= context.track.exchange.incomingCounters.counters.dropped }
        report.withLock { $0 = sum }
    }
}
