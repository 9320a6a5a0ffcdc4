import BurrowBase
import BurrowMoQ
import BurrowQUIC
import CBurrowShims

/// The one thread that owns all protocol state of an engine. Turns readiness, commands and time into calls of the node,
/// and what the node answers into datagrams and events.
final class EngineLoop {
    /// Sockets of relays are numbered below, those the node asks for from here on.
    static let firstNodeSocket: UInt32 = 1 << 24

    let engine: Engine
    let node: Node
    let reactor: Reactor
    let sockets = SocketTable()
    let resolver = Resolver()
    let qlog = QLogWriter()
    let buffers: SocketBuffers
    let receiver: DatagramReceiver
    let nostr: NostrLoop
    private let transmitter: DatagramTransmitter
    private var moderation = WakeModeration()

    var rooms: [UInt64: LoopRoom] = [:]
    var roomsByID: [RoomID: LoopRoom] = [:]
    /// Rooms of which the media thread hears how their lines do.
    var watched: ContiguousArray<LoopRoom> = []
    var protectedRooms: ContiguousArray<LoopRoom> = []
    var tracks: [UInt64: LoopTrack] = [:]
    var tracksByID: [TrackID: LoopTrack] = [:]
    var relays: [UInt64: LoopRelay] = [:]
    var relaysByID: [RelayID: LoopRelay] = [:]
    /// Sessions that try relays, which are rooms of nobody.
    var probes: [RoomID: UInt64] = [:]
    var requests: [UInt64: OpenRequest] = [:]
    /// Events of this turn, posted together.
    var outbox = ContiguousArray<HostEvent>()
    /// Used again for each batch of pushed frames.
    var pushed = FrameExchange.Pushed()
    var now: Instant
    /// Set by an orderly shutdown: the request to complete, and when to stop waiting for the others.
    var shutdown: (request: UInt64, until: Instant)?
    var statisticsDue: Instant = .distantFuture
    var lastRelaySocket: UInt32 = 0
    /// Sockets with more to read than one turn takes.
    private var unread: [SocketID] = []
    private var commands = ContiguousArray<Command>()

    init(_ engine: Engine, _ buffers: SocketBuffers) throws(EngineError) {
        self.engine = engine
        self.buffers = buffers
        reactor = try Reactor(mailbox: engine.mailbox.descriptor)
        receiver = try DatagramReceiver()
        transmitter = try DatagramTransmitter()
        now = SystemCall.now()
        node = Node(
            random: SystemRandom(),
            unixOffset: SystemCall.unixMicroseconds() - now.microseconds,
            firstSocket: Self.firstNodeSocket
        )
        nostr = NostrLoop(engine, reactor, resolver, now: now)
    }

    /// Runs until the engine is destroyed.
    func run() {
        var ready = 0
        while true {
            receive(ready)
            engine.mailbox.take(into: &commands)
            for command in commands { perform(command) }
            commands.removeAll(keepingCapacity: true)
            if engine.mailbox.isClosed { break }
            turn()
            ready = sleep()
        }
        farewell()
    }

    // MARK: One turn

    /// Lets the node work, sends what it has to send, then tells the host.
    private func turn() {
        performProbes()
        passTokens()
        if now >= node.deadline { node.handleTimeouts(now: now) }
        if !protectedRooms.isEmpty { lookAfterProtection() }
        node.process(now: now)
        performEffects()
        flush()
        takeEvents()
        if !protectedRooms.isEmpty { tellProtectionNews() }
        nostr.turn(now: now)
        outbox.append(contentsOf: nostr.outbox)
        nostr.outbox.removeAll(keepingCapacity: true)
        watchLines()
        if now >= statisticsDue { refreshStatistics() }
        if let shutdown { advance(shutdown) }
        engine.events.post(outbox)
        outbox.removeAll(keepingCapacity: true)
    }

    /// Waits for work. Returns how many descriptors are ready.
    private func sleep() -> Int {
        var deadline = min(node.deadline, statisticsDue, nostr.deadline)
        for room in protectedRooms { deadline = min(deadline, room.protection?.deadline ?? .distantFuture) }
        if let shutdown { deadline = min(deadline, shutdown.until) }
        if transmitter.isStarved { deadline = min(deadline, now + .milliseconds(1)) }
        if !unread.isEmpty { deadline = now }
        // With messages waiting, the sockets are still looked at, so that neither starves the other.
        if !engine.mailbox.fallAsleep() { deadline = now }
        let pause = moderation.pause(now: SystemCall.now(), until: deadline)
        if pause > .zero { cburrow_sleep_us(pause.microseconds) }
        let ready = reactor.wait(until: deadline, now: SystemCall.now())
        now = SystemCall.now()
        moderation.woke(at: now)
        return ready
    }

    private func receive(_ count: Int) {
        let waiting = unread
        unread.removeAll(keepingCapacity: true)
        for id in waiting { read(id) }
        for index in 0..<count {
            let ready = reactor.ready(index)
            switch ready.source {
            case .mailbox: engine.mailbox.clear()
            case .socket(let id):
                if ready.isWritable, let socket = sockets[id] {
                    socket.blockage = .none
                    reactor.watchWritable(socket, false)
                }
                if ready.isReadable && !waiting.contains(id) { read(id) }
            case .stream(let number):
                nostr.ready(number, isReadable: ready.isReadable, isWritable: ready.isWritable, now: now)
            }
        }
    }

    private func read(_ id: SocketID) {
        guard let socket = sockets[id] else { return }
        let outcome = unsafe receiver.read(socket) { (datagram, path, ecn) in
            unsafe node.receive(datagram, path: path, ecn: ecn, now: now)
        }
        switch outcome {
        case .drained: break
        case .more: unread.append(id)
        case .refused: node.socketRefused(id, now: now)
        }
    }

    /// Sends until the node has nothing more to send now, or the system takes no more.
    func flush() {
        while true {
            if !transmitter.isEmpty {
                transmitter.send(sockets) { reactor.watchWritable($0, true) }
                guard transmitter.isEmpty else { return }
            }
            let isDone = node.flush(into: &transmitter.batch, now: now)
            if isDone && transmitter.isEmpty { return }
        }
    }

    /// The engine is being destroyed: peers are told, nobody is waited for.
    private func farewell() {
        for relay in relays.values { node.stopRelay(relay.id, request: RequestID(rawValue: 0), now: now) }
        for room in rooms.values { node.closeRoom(room.id, request: RequestID(rawValue: 0), now: now) }
        closeProbes()
        node.process(now: now)
        flush()
        // Those whom a relay asked to leave will not be waited for: the time for that is over now.
        for seconds in [10, 20] {
            let later = now + .seconds(Int64(seconds))
            node.handleTimeouts(now: later)
            node.process(now: later)
            flush()
        }
        // What could not be sent may have kept some from leaving.
        node.abandonRelays()
        nostr.shutDown()
        qlog.closeAll()
    }

    // MARK: What the node wants

    private func performEffects() {
        while let effect = node.nextEffect() {
            switch effect {
            case .resolve(let query, let host): resolve(query, host)
            case .openSocket(let id, let remote): open(id, remote)
            case .closeSocket(let id): close(id)
            case .qlog(let folder, let file, let bytes, let isLast):
                qlog.write(bytes, folder: folder, file: file, isLast: isLast)
            }
        }
    }

    private func resolve(_ query: QueryID, _ host: String) {
        let mailbox = engine.mailbox
        do throws(EngineError) {
            try resolver.resolve(Resolver.Query(id: UInt64(query.rawValue), host: host)) { (asked, result) in
                mailbox.post(.resolved(QueryID(rawValue: UInt32(truncatingIfNeeded: asked.id)), result))
            }
        } catch {
            mailbox.post(.resolved(query, .failure(error)))
        }
    }

    private func open(_ id: SocketID, _ remote: SocketAddress) {
        do throws(EngineError) {
            let socket = try UDPSocket(id: id, connect: remote, buffers: buffers)
            try reactor.add(socket)
            sockets.add(socket)
            node.socketOpened(id, local: socket.local, now: now)
        } catch {
            node.socketFailed(
                id,
                error.context,
                code: error.code == .system ? .system : .unreachable,
                now: now
            )
        }
    }

    func close(_ id: SocketID) {
        if let socket = sockets.remove(id) { reactor.remove(socket) }
    }
}
