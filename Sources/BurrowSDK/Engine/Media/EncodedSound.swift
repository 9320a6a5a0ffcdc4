import BurrowBase
import BurrowMedia

/// One subscribed audio track of a host that decodes by itself: gives it the packets of its participant as they come.
final class EncodedSound: SoundReceiver {
    let context: MediaContext
    private let sink: EncodedSink
    private var participant: MediaParticipant?
    private var delivery: EncodedDelivery
    private var wire: HostTrack?
    private var container: ContainerReader?
    private let allocator = SliceAllocator()
    private var frames = ContiguousArray<EncodedFrame>()

    init(_ context: MediaContext, _ sink: EncodedSink) {
        self.context = context
        self.sink = sink
        delivery = EncodedDelivery(context, .audio)
    }

    func start() throws(EngineError) {
        let participant = try context.room.participant(context.track.path)
        participant.audio = self
        self.participant = participant
        wishesChanged()
    }

    func wishesChanged() {
        let wishes = sink.wishes.withLock { $0 }
        let name = context.track.name.isEmpty ? nil : context.track.name
        participant?.want(audio: !wishes.isPaused, named: name, wishes.terms(of: .audio))
    }

    // MARK: Wires

    var readsHere: Bool { true }

    func connect(_ wire: HostTrack, _ format: AudioFormat) {
        do throws(MediaError) {
            container = try ContainerReader(format.rendition.container, of: .audio)
        } catch {
            container = nil
            LogRing.shared.write(.warning, "media", "sound of \(context.track.path): \(error.context)")
        }
        self.wire = wire
        context.track.carriers?.add(wire)
        context.track.snapshot.withLock { $0.rendition = wire.name }
    }

    func disconnect(_ wire: HostTrack) {
        context.track.carriers?.remove(wire)
        guard isFed(by: wire) else { return }
        self.wire = nil
        context.track.snapshot.withLock { $0.rendition = "" }
        delivery.interrupt()
        context.tell(.waiting)
    }

    func finish(_ wire: HostTrack) {
        if isFed(by: wire) { context.tell(.waiting) }
    }

    func wireChanged(_ phase: TrackPhase, _ error: EngineError?) {
        context.tell(phase == .live ? .live : .waiting, error)
    }

    func isFed(by wire: HostTrack) -> Bool { self.wire === wire }

    func readable(_ wire: HostTrack) {
        while true {
            let mustRefill: Bool
            switch wire.exchange.pull() {
            case .frame(let loan, let isRoom):
                mustRefill = isRoom
                take(loan)
                loan.buffer.lastReferenceGone()
            case .mark(.restart, let isRoom):
                mustRefill = isRoom
                delivery.interrupt()
            // Packets find their places by their times.
            case .mark(_, let isRoom): mustRefill = isRoom
            case .nothing, .ended: return
            }
            if mustRefill { context.loop.engine.submit(.refill(wire)) }
        }
    }

    private func take(_ loan: FrameExchange.Loan) {
        let description = loan.description
        delivery.arrived(bytes: loan.count, at: description.arrival)
        frames.removeAll(keepingCapacity: true)
        let memory = unsafe loan.bytes
        do throws(MediaError) {
            try container?.read(
                unsafe allocator.copy(memory),
                isFirst: description.sequence == 0,
                into: &frames
            )
        } catch {
            delivery.figures.damaged &+= 1
        }
        for frame in frames {
            delivery.give(
                frame.payload,
                timestamp: frame.timestamp,
                isKey: true,
                group: description.group,
                follows: true,
                arrival: description.arrival
            )
        }
    }

    func tick() {
        delivery.tell(sink.report, now: context.now)
    }

    func stop() {
        participant?.want(audio: false, named: nil, MediaTerms(.audio))
        participant?.audio = nil
        context.track.exchange.end()
    }
}
