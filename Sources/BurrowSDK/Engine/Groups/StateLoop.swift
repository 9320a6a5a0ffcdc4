import BurrowBase
import BurrowMarmot
import BurrowNostr
import CBurrowShims

/// The state thread's own: identities with their groups and files. Nothing of it is touched by other threads.
final class StateLoop {
    let engine: Engine
    private let mailbox: Mailbox<StateCommand>
    /// The time of this turn.
    private(set) var now = SystemCall.now()
    /// In the order in which they were opened.
    private var keepers: [IdentityKeeper] = []
    private var keyPackages = KeyPackageCache()
    private var commands = ContiguousArray<StateCommand>()
    private var outbox = ContiguousArray<HostEvent>()
    /// An orderly shutdown, which waits a moment until others know that we leave.
    private var shutdown: (request: UInt64, until: Instant)?
    /// What is looked at came from a relay that was asked for such events.
    private(set) var isAsked = false

    /// How long relays that cannot be reached are tried for a call's sake.
    private static let signalTime = Interval.seconds(600)
    private static let farewellTime = Interval.milliseconds(500)

    init(_ engine: Engine, _ mailbox: Mailbox<StateCommand>) {
        self.engine = engine
        self.mailbox = mailbox
    }

    /// Runs until the mailbox closes.
    func run() {
        while true {
            mailbox.take(into: &commands)
            if mailbox.isClosed { return stop() }
            now = SystemCall.now()
            for command in commands { perform(command) }
            commands.removeAll(keepingCapacity: true)
            for keeper in keepers where keeper.deadline <= now { keeper.timerFired() }
            for keeper in keepers { keeper.calls.advance() }
            if let shutdown { advance(shutdown) }
            post()
            // Who is asked has been told before what for.
            for keeper in keepers { keeper.advanceKeys() }
            engine.state.backlog = keepers.reduce(0) { $0 + $1.line.backlog }
            post()
            sleep()
        }
    }

    /// The engine goes. Files are closed, and nothing that is shared keeps a key.
    private func stop() {
        for keeper in keepers { keeper.close() }
        keepers = []
    }

    private func sleep() {
        let deadline = keepers.reduce(shutdown?.until ?? .distantFuture) { min($0, $1.deadline) }
        guard mailbox.fallAsleep() else { return }
        let pause = deadline == .distantFuture ? -1 : max(0, (deadline - SystemCall.now()).milliseconds + 1)
        if cburrow_wait_readable(mailbox.descriptor, Int32(clamping: pause)) > 0 { mailbox.clear() }
    }

    // MARK: Telling the host

    func tell(_ event: HostEvent) {
        outbox.append(event)
    }

    private func post() {
        engine.events.post(outbox)
        outbox.removeAll(keepingCapacity: true)
    }

    /// The one completion of a request.
    func complete(_ request: UInt64, _ subject: UInt, _ error: EngineError? = nil) {
        guard request != 0 else { return }
        var event = HostEvent(.done, subject: subject, time: now, error: error)
        event.request = request
        tell(event)
        engine.requestCompleted()
    }

    // MARK: Relays

    /// Has an event published: by the host, or by the engine, which keeps trying.
    func publish(_ waiting: Mail.Outgoing, of host: HostIdentity) {
        guard let event = try? Event(json: Array(waiting.text.utf8)) else { return }
        guard !engine.hasHostRelays else {
            var out = HostEvent(.nostrOut, subject: host.handle, time: now)
            out.text = waiting.text
            out.value = Int64(event.kind.rawValue)
            out.data = Array(waiting.relays.utf8)
            return tell(out)
        }
        let relays = waiting.relays.split(separator: "\n").map(String.init)
        let until = waiting.isPassing ? now + Self.signalTime : nil
        engine.submit(.nostr(.deliver(Delivery(host, event, Self.urls(relays), until: until))))
    }

    private func announce(_ relays: [String], of host: HostIdentity) {
        guard !engine.hasHostRelays else { return }
        engine.submit(.nostr(.announceKeyPackages(host, Self.urls(relays))))
    }

    /// What of it are relays.
    private static func urls(_ texts: [String]) -> [ServerURL] {
        texts.compactMap { (text) in try? ServerURL(text, policy: .ownRelays) }
    }

    // MARK: Commands

    private func perform(_ command: StateCommand) {
        switch command {
        case .open(let identity, let options, let request): open(identity, options, request)
        case .close(let identity, let request):
            keeper(of: identity)?.close()
            if !engine.hasHostRelays { engine.submit(.nostr(.unfollow(identity))) }
            keepers.removeAll { $0.host === identity }
            complete(request, identity.handle)
        case .makeKeyPackage(let identity, let relays, let request):
            use(identity, request) { (keeper) throws(EngineError) in
                try keeper.makeKeyPackage(relays: relays, request)
                announce(relays, of: identity)
            }
        case .found(let identity, let board, let draft, let people, let request):
            use(identity, request) { (keeper) throws(EngineError) in
                do throws(EngineError) {
                    try keeper.found(board, draft, inviting: keyPackages.newest(of: people))
                } catch {
                    board.end()
                    throw error
                }
                complete(request, identity.handle)
            }
        case .change(let identity, let board, let change, let request):
            use(identity, request) { (keeper) throws(EngineError) in
                try keeper.change(board, change, keyPackages, request)
            }
        case .ingest(let event, let isAsked):
            self.isAsked = isAsked
            ingest(event)
            self.isAsked = false
        case .published(let id, let accepted): for keeper in keepers { keeper.published(id, accepted) }
        case .keyUsed(let identity, let use, let result): keeper(of: identity)?.keyUsed(use, result)
        case .delivered(let identity, let number): keeper(of: identity)?.delivered(number)
        case .call(let identity, let command):
            if let keeper = keeper(of: identity) {
                keeper.calls.perform(command)
            } else {
                complete(command.request, identity.handle, EngineError(.closed, "the identity is not open"))
            }
        case .shutDown(let request):
            for keeper in keepers { keeper.calls.hangUp() }
            shutdown = (request, now + Self.farewellTime)
        }
    }

    private func advance(_ shutdown: (request: UInt64, until: Instant)) {
        guard now >= shutdown.until || !keepers.contains(where: \.calls.isLeaving) else { return }
        self.shutdown = nil
        stop()
        post()
        engine.submit(.shutDown(request: shutdown.request))
    }

    private func keeper(of identity: HostIdentity) -> IdentityKeeper? {
        keepers.first { $0.host === identity }
    }

    private func use(
        _ identity: HostIdentity,
        _ request: UInt64,
        _ body: (IdentityKeeper) throws(EngineError) -> Void
    ) {
        do throws(EngineError) {
            guard let keeper = keeper(of: identity) else {
                throw EngineError(.closed, "the identity is not open")
            }
            try body(keeper)
        } catch {
            complete(request, identity.handle, error)
        }
    }

    private func open(_ identity: HostIdentity, _ options: IdentityOptions, _ request: UInt64) {
        do throws(EngineError) {
            let keeper = try IdentityKeeper(self, identity, options)
            guard !keepers.contains(where: { $0.publicKey == keeper.publicKey }) else {
                throw EngineError(.exists, "the identity is open in this engine already")
            }
            keepers.append(keeper)
            keeper.follow()
            // What happens next is told after this.
            let before = outbox.count
            try keeper.resume()
            let resumed = outbox.suffix(from: before)
            outbox.removeSubrange(before...)
            complete(request, identity.handle)
            outbox.append(contentsOf: resumed)
        } catch {
            keepers.removeAll { $0.host === identity }
            identity.closed()
            complete(request, identity.handle, error)
        }
    }

    // MARK: Events from outside

    private func ingest(_ event: Event) {
        switch event.kind {
        case .keyPackage, .oldKeyPackage:
            do throws(MarmotError) {
                try keyPackages.insert(event, now: UnixTime(now, offset: wallClockOffset))
            } catch {
                refuse(event.id, EngineError(error))
            }
        case .groupMessage:
            let tag = event.tags.value(of: "h").flatMap { Bytes32(hex: $0) }
            let own = keepers.filter { (keeper) in tag.map { keeper.follows($0) } ?? false }
            for keeper in own { keeper.receive(event) }
            if own.isEmpty, !isAsked {
                refuse(event.id, EngineError(.notFound, "event of a group that is not ours"))
            }
        case .giftWrap, .ephemeralGiftWrap:
            let recipient = event.tags.value(of: "p").flatMap { PublicKey(hex: $0) }
            // Others are for the host.
            keepers.first { $0.publicKey == recipient }?.unwrap(event)
        default: break
        }
    }

    var wallClockOffset: Int64 { SystemCall.unixMicroseconds() - SystemCall.now().microseconds }

    func refuse(_ id: EventID, _ error: EngineError, subject: UInt = 0) {
        var event = HostEvent(.nostrRefused, subject: subject, time: now, error: error)
        event.data = id.value.bytes
        tell(event)
    }
}
