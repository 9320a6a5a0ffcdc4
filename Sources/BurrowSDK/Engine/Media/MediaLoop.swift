import BurrowBase
import BurrowCrypto
import BurrowMedia
import BurrowMoQ
import CBurrowShims

/// The media thread's own state: everything that uses rooms as a host does. Nothing of it is touched by other threads.
final class MediaLoop {
    let engine: Engine
    private let mailbox: Mailbox<MediaCommand>
    /// The time of this turn.
    private(set) var now = SystemCall.now()
    private var rooms = Ordered<UInt64, MediaRoom>()
    /// By the host track's number.
    private var workers = Ordered<UInt64, any MediaWorker>()
    /// By the wire track's number.
    private var wires: [UInt64: any WireUser] = [:]
    private var commands = ContiguousArray<MediaCommand>()
    private var nextTick: Instant = .distantFuture
    /// What must not wait for pictures.
    private var microphones: [AudioPublisher] = []

    /// How often what depends on time alone is looked after: the bit rate, figures, levels.
    private static let tick = Interval.milliseconds(100)
    /// So much before that a turn that takes place anyway does it, lest the thread wakes for it alone.
    private static let early = Interval.milliseconds(25)

    init(_ engine: Engine, _ mailbox: Mailbox<MediaCommand>) {
        self.engine = engine
        self.mailbox = mailbox
    }

    /// Runs until the mailbox closes.
    func run() {
        while true {
            mailbox.take(into: &commands)
            if mailbox.isClosed { return stop() }
            serveSound()
            for command in commands { perform(command) }
            commands.removeAll(keepingCapacity: true)
            now = SystemCall.now()
            sleep(until: tick())
            now = SystemCall.now()
        }
    }

    /// The engine goes: nothing that is shared may hold on to what goes with it.
    private func stop() {
        for number in workers.keys {
            if let worker = workers[number] { end(worker, nil) }
        }
    }

    private func sleep(until deadline: Instant) {
        guard mailbox.fallAsleep() else { return }
        let pause = deadline == .distantFuture ? -1 : max(0, (deadline - SystemCall.now()).milliseconds + 1)
        if cburrow_wait_readable(mailbox.descriptor, Int32(clamping: pause)) > 0 { mailbox.clear() }
    }

    /// Looks after what depends on time. Returns when something is due next.
    private func tick() -> Instant {
        let deadline = deadline
        let isRegular = nextTick != .distantFuture && now + Self.early >= nextTick
        // Most turns come with packets and pictures, and find nothing due.
        guard isRegular || now >= deadline else { return deadline }
        for number in rooms.keys {
            if let room = rooms[number], now >= room.deadline { room.tick() }
        }
        for number in workers.keys {
            if let worker = workers[number], isRegular || now >= worker.deadline { worker.tick() }
        }
        if isRegular { nextTick = workers.isEmpty ? .distantFuture : now + Self.tick }
        return self.deadline
    }

    private var deadline: Instant {
        workers.least(rooms.least(nextTick) { $0.deadline }) { $0.deadline }
    }

    /// Encodes what was recorded. To be called before everything that may take long.
    func serveSound() {
        for microphone in microphones { microphone.pushed() }
    }

    // MARK: Commands

    private func perform(_ command: MediaCommand) {
        switch command {
        case .add(let track, let handle): add(track, handle)
        case .pushed(let track): workers[track.number]?.pushed()
        case .changed(let track): workers[track.number]?.wishesChanged()
        case .close(let track): close(track)
        case .list(let track, let name): known(track.room).directory.list(track, as: name)
        case .seek(let track, let handle, let path): known(track.room).directory.seek(track, handle, path)
        case .roomChanged(let room): known(room).roomChanged()
        case .doubt(let room, let path): rooms[room.number]?.doubt(path)
        case .line(let room, let report): rooms[room.number]?.lineReported(report)
        case .wireReadable(let wire):
            wire.exchange.dataEventTaken()
            wires[wire.number]?.wireReadable(wire)
        case .wireChanged(let wire, let phase, let error): wires[wire.number]?.wireChanged(wire, phase, error)
        case .wireWanted(let wire, let isWanted): wires[wire.number]?.wireWanted(wire, isWanted)
        case .keyFrameWanted(let wire): wires[wire.number]?.keyFrameWanted(wire)
        }
    }

    private func add(_ track: HostTrack, _ handle: UInt) {
        let room = known(track.room)
        let context = MediaContext(loop: self, room: room, track: track, handle: handle)
        let worker: any MediaWorker
        switch track.media {
        case .audioSource(let source):
            let microphone = AudioPublisher(context, source)
            microphones.append(microphone)
            worker = microphone
        case .videoSource(let source): worker = VideoPublisher(context, source)
        case .audioSink(let sink): worker = AudioSubscriber(context, sink)
        case .videoSink(let sink): worker = VideoSubscriber(context, sink)
        case .encodedSource(let source): worker = EncodedPublisher(context, source)
        case .encodedSink(let sink):
            worker = sink.kind == .audio ? EncodedSound(context, sink) : EncodedPictures(context, sink)
        case nil: return
        }
        workers[track.number] = worker
        room.add(worker)
        if nextTick == .distantFuture { nextTick = now + Self.tick }
        do throws(EngineError) {
            try worker.start()
        } catch {
            end(worker, error)
        }
    }

    private func close(_ track: HostTrack) {
        guard let worker = workers[track.number] else {
            rooms[track.room.number]?.directory.forget(track)
            return
        }
        end(worker, nil)
    }

    /// A worker is done, by the host's wish or with its room.
    func end(_ worker: any MediaWorker, _ error: EngineError?) {
        guard workers.remove(worker.context.track.number) != nil else { return }
        microphones.removeAll { $0 === worker }
        worker.stop()
        worker.context.room.remove(worker)
        worker.context.tell(error == nil ? .ended : .failed, error)
    }

    private func known(_ room: HostRoom) -> MediaRoom {
        if let known = rooms[room.number] { return known }
        let fresh = MediaRoom(room, self)
        rooms[room.number] = fresh
        return fresh
    }

    func forget(_ room: MediaRoom) {
        rooms[room.room.number] = nil
    }

    // MARK: Wire tracks

    func publishWire(
        in room: HostRoom,
        _ configuration: TrackConfiguration,
        of kind: BurrowMedia.MediaKind?,
        for user: any WireUser
    ) throws(EngineError) -> HostTrack {
        let wire = try room.publishWire(configuration, protectedAs: .init(kind))
        wires[wire.number] = user
        return wire
    }

    func subscribeWire(
        in room: HostRoom,
        _ path: BroadcastPath,
        name: String,
        _ options: SubscribeOptions,
        of kind: BurrowMedia.MediaKind?,
        by reader: HostTrack.User,
        for user: any WireUser
    ) throws(EngineError) -> HostTrack {
        let wire = try room.subscribeWire(
            path,
            name: name,
            options,
            for: reader,
            protectedAs: .init(kind)
        )
        wires[wire.number] = user
        return wire
    }

    /// A wire is over by itself. What came before can still be pulled.
    func forgetWire(_ wire: HostTrack) {
        wires[wire.number] = nil
    }

    func closeWire(_ wire: HostTrack) {
        wires[wire.number] = nil
        if wire.markClosed() { engine.submit(.closeTrack(wire)) }
    }
}

/// Works for one audio or video track of the host.
protocol MediaWorker: AnyObject {
    var context: MediaContext { get }
    func start() throws(EngineError)
    /// Samples or pictures wait.
    func pushed()
    func wishesChanged()
    /// When `tick` has something to do that cannot wait for the next regular one.
    var deadline: Instant { get }
    func tick()
    func stop()
}

/// Works for a published track, in what its room's line carries.
protocol SendingWorker: MediaWorker {
    /// Says what there is to send.
    func add(to demand: inout SendingDemand)
    func apply(_ targets: SendingTargets)
}

extension MediaWorker {
    func pushed() {}
    func tick() {}
    var deadline: Instant { .distantFuture }
}

/// Hears what happens to a wire track.
protocol WireUser: AnyObject {
    func wireReadable(_ wire: HostTrack)
    func wireChanged(_ wire: HostTrack, _ phase: TrackPhase, _ error: EngineError?)
    func wireWanted(_ wire: HostTrack, _ isWanted: Bool)
    /// Protection goes over to another key, and whoever comes should be able to begin there.
    func keyFrameWanted(_ wire: HostTrack)
}

extension WireUser {
    func keyFrameWanted(_ wire: HostTrack) {}
}

/// What every worker needs.
struct MediaContext {
    unowned let loop: MediaLoop
    let room: MediaRoom
    let track: HostTrack
    let handle: UInt

    var now: Instant { loop.now }

    /// Notes where the host's track stands and tells the host.
    func tell(_ phase: TrackPhase, _ error: EngineError? = nil) {
        let isOver = phase == .ended || phase == .failed
        let (isNew, wasOpen) = track.snapshot.withLock { (snapshot) -> (Bool, Bool) in
            guard snapshot.phase != .ended, snapshot.phase != .failed, isOver || !snapshot.isClosed else {
                return (false, false)
            }
            let (isNew, wasOpen) = (snapshot.phase != phase || snapshot.error != error, !snapshot.isClosed)
            snapshot.phase = phase
            snapshot.error = error
            if isOver { snapshot.isClosed = true }
            return (isNew, wasOpen)
        }
        if isOver && wasOpen {
            switch track.direction {
            case .published: track.giveUpName()
            case .subscribed: track.room.forget(track.media, of: track.path)
            }
        }
        guard isNew else { return }
        loop.engine.events.post(
            HostEvent(.trackState(phase), subject: handle, time: SystemCall.now(), error: error)
        )
    }
}
