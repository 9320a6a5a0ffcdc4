import BurrowBase
import BurrowCalls
import BurrowNostr

/// The calls of one identity, on the state thread: hands the machine what comes from hosts, signals, rooms and the clock, and
/// performs what it wants.
final class CallDesk {
    unowned let keeper: IdentityKeeper
    var machine: CallMachine
    /// Those that hosts have or had a handle to and that are not over, oldest first.
    private(set) var calls: [DeskCall] = []
    /// How the last ones that are over were wanted.
    private var former: [(call: CallID, options: CallOptions)] = []
    /// Groups as the machine was told of them last.
    private var views: [GroupView] = []
    /// Signals on their way, by the events that carry them.
    var underway: [EventID: UInt64] = [:]
    private var lastSeat: UInt64 = 0
    /// Rooms that are looked into, without being entered.
    var looks: [CallLook] = []
    /// What the settings are without a wish of the host's.
    private let usual: CallSettings

    init(_ keeper: IdentityKeeper) {
        self.keeper = keeper
        let rules = keeper.loop.engine.callRules
        var settings = CallSettings()
        settings.admission = rules.asks ? .ask : .ring
        settings.settleTime = .milliseconds(250)
        settings.missedSince = keeper.missedSince
        usual = settings
        var random = SystemRandom()
        machine = CallMachine(
            publicKey: keeper.publicKey,
            device: DeviceID(random: &random),
            settings: settings,
            wallClockOffset: keeper.loop.wallClockOffset
        )
    }

    var engine: Engine { keeper.loop.engine }
    var now: Instant { keeper.loop.now }
    var deadline: Instant {
        let first = looks.reduce(machine.deadline) { min($0, $1.until) }
        return calls.reduce(first) { min($0, $1.deadline) }
    }

    // MARK: What comes

    /// Takes a rumor that may be a signal. False when it is none.
    func receive(_ rumor: Rumor, from source: CallMachine.Source) -> Bool {
        prepare()
        guard machine.receive(rumor, from: source, now: now) else { return false }
        if rumor.kind == .callOffer, source == .wrap { keeper.noteOffer(at: rumor.createdAt) }
        return true
    }

    /// Whether a message of a group is for calls and not for the host.
    static func isSignal(_ rumor: Rumor) -> Bool {
        rumor.kind.isOfCalls || CallSignal.nested(in: rumor) != nil
    }

    /// What holds now of the clock and of the relays that offers may name.
    private func prepare() {
        machine.wallClockOffset = keeper.loop.wallClockOffset
        machine.settings.relays.others.allowsPrivate = engine.allowsPrivateRelays
    }

    func timerFired() {
        prepare()
        if machine.deadline <= now { machine.timerFired(now: now) }
        expireLooks()
        for call in calls where call.deadline <= now {
            if call.leavesAt <= now { leaveRoom(call) }
            missAbsent(call)
        }
    }

    // MARK: Groups

    func setGroup(_ view: GroupView) {
        if let index = views.firstIndex(where: { $0.id == view.id }) {
            guard views[index] != view else { return }
            views[index] = view
        } else {
            views.append(view)
        }
        prepare()
        machine.setGroup(view, now: now)
    }

    func removeGroup(_ id: [UInt8]) {
        guard views.contains(where: { $0.id == id }) else { return }
        views.removeAll { $0.id == id }
        machine.removeGroup(id, now: now)
    }

    // MARK: Calls

    func entry(_ id: CallID) -> DeskCall? { calls.last { $0.host.id == id } }

    func add(_ call: DeskCall) {
        calls.append(call)
    }

    /// A call is over; one that takes its place is wanted in the same way.
    func forget(_ call: DeskCall) {
        calls.removeAll { $0 === call }
        former.append((call.host.id, call.options))
        if former.count > 4 { former.removeFirst() }
    }

    func takeOptions(of id: CallID) -> CallOptions? {
        guard let index = former.firstIndex(where: { $0.call == id }) else { return nil }
        return former.remove(at: index).options
    }

    func newSeat(_ call: CallID, isLook: Bool = false) -> CallSeat {
        lastSeat += 1
        return CallSeat(identity: keeper.host, call: call, number: lastSeat, isLook: isLook)
    }

    // MARK: What hosts want

    func perform(_ command: CallCommand) {
        prepare()
        do throws(EngineError) {
            switch command {
            case .start(let host, let group, let options, let request):
                try start(host, group, options, request)
            case .accept(let host, let options, let request): try accept(host, options, request)
            case .end(let host, let ending, let request): try end(host, ending, request)
            case .update(let host, let change, let request): try update(host, change, request)
            case .released(let host): released(host)
            case .relay(let seat, let result): relayChosen(seat, result)
            case .room(let seat, let news): roomChanged(seat, news)
            case .token(let seat, let result): tokenCame(seat, result)
            }
        } catch {
            keeper.loop.complete(command.request, keeper.host.handle, error)
        }
    }

    private func start(
        _ host: HostCall,
        _ group: [UInt8],
        _ options: CallOptions,
        _ request: UInt64
    ) throws(EngineError) {
        let call = DeskCall(host, options)
        let settings = settings(for: options)
        do throws(CallError) {
            try machine.start(
                host.id,
                in: group,
                media: options.hasVideo ? .video : .audio,
                route: options.isByGroup ? .group : nil,
                rings: options.rings,
                ringTime: options.ringTime,
                isMuted: options.isMuted,
                hasVideo: options.hasVideo,
                now: now
            )
        } catch {
            host.snapshot.withLock { (state) in
                (state.phase, state.detail) = (.failed, .none)
                (state.reason, state.text) = (.failed, error.context)
            }
            throw EngineError(error)
        }
        machine.settings = settings
        call.startRequest = request
        add(call)
    }

    private func accept(
        _ host: HostCall,
        _ options: CallOptions,
        _ request: UInt64
    ) throws(EngineError) {
        let call = try known(host)
        guard call.acceptRequest == 0 else { throw EngineError(.busy, "the call is being accepted") }
        try translated { () throws(CallError) in
            try machine.accept(host.id, isMuted: options.isMuted, hasVideo: options.hasVideo, now: now)
        }
        machine.settings = settings(for: options)
        call.options = options
        call.acceptRequest = request
        // From here on the host keeps it up.
        host.letGo()
    }

    private func end(_ host: HostCall, _ ending: CallEnding, _ request: UInt64) throws(EngineError) {
        let call = try known(host)
        let phase = host.snapshot.withLock { $0.phase }
        switch phase {
        case .asked:
            try translated { () throws(CallError) in try machine.admit(host.id, .drop, now: now) }
            over(call, .declined)
        case .available:
            machine.ignore(host.id, now: now)
            over(call, .declined)
        case .incoming:
            try translated { () throws(CallError) in
                try machine.decline(host.id, isBusy: ending.isBusy, now: now)
            }
        default:
            try translated { () throws(CallError) in
                try machine.end(host.id, forAll: ending.isForAll, now: now)
            }
        }
        if call.isOver { return keeper.loop.complete(request, host.handle) }
        call.endRequests.append(request)
    }

    private func update(_ host: HostCall, _ change: CallChange, _ request: UInt64) throws(EngineError) {
        let call = try known(host)
        if let answer = change.answer {
            let admission: Admission =
                switch answer {
                case .ring: .ring
                case .silence: .silence
                case .drop: .drop
                }
            try translated { () throws(CallError) in try machine.admit(host.id, admission, now: now) }
            if answer == .drop { over(call, .declined) }
        }
        if change.isMuted != nil || change.hasVideo != nil {
            guard host.snapshot.withLock({ $0.phase.isOurs }) else {
                throw EngineError(.wrongKind, "we are not in the call")
            }
            try translated { () throws(CallError) in
                try machine.update(host.id, isMuted: change.isMuted, hasVideo: change.hasVideo, now: now)
            }
        }
        guard change.looks else {
            show(call)
            return keeper.loop.complete(request, host.handle)
        }
        try translated { () throws(CallError) in try machine.look(host.id) }
        if let room = change.room { call.options.room = room }
        call.lookRequests.append(request)
    }

    /// The host has no reference any more, so there is nobody who could end it.
    private func released(_ host: HostCall) {
        guard let call = calls.first(where: { $0.host === host }) else { return }
        call.isAbandoned = true
        switch host.snapshot.withLock({ $0.phase }) {
        case .outgoing, .connecting, .active: try? machine.end(host.id, now: now)
        case .incoming, .ending, .ended, .failed, .available, .asked: break
        }
    }

    private func known(_ host: HostCall) throws(EngineError) -> DeskCall {
        guard let call = calls.first(where: { $0.host === host }), !call.isOver else {
            throw EngineError(.closed, "the call is over")
        }
        return call
    }

    private func translated(_ body: () throws(CallError) -> Void) throws(EngineError) {
        do throws(CallError) { try body() } catch { throw EngineError(error) }
    }

    private func settings(for options: CallOptions) -> CallSettings {
        var settings = usual
        settings.relays = machine.settings.relays
        settings.connectTime = options.connectTime ?? usual.connectTime
        settings.reconnectGrace = options.graceTime ?? usual.reconnectGrace
        settings.aloneTime = options.aloneTime ?? usual.aloneTime
        // There has to be time left to reach the other one.
        let third = Interval(microseconds: settings.reconnectGrace.microseconds / 3)
        settings.moveTime = min(usual.moveTime, third)
        return settings
    }

    // MARK: What the machine wants

    /// Does all of it.
    func advance() {
        while let action = machine.nextAction() {
            switch action {
            case .connect(let id): connect(id)
            case .disconnect(let id): disconnect(id)
            case .look(let id, let room, let relays): look(id, room, relays)
            case .send(let signal): send(signal)
            case .tell(let event): tell(event)
            }
        }
    }

    /// Leaves all calls. What rings goes on ringing elsewhere.
    func hangUp() {
        for call in calls where call.host.snapshot.withLock({ $0.phase.isOurs }) {
            try? machine.end(call.host.id, now: now)
        }
        advance()
    }

    /// Whether somebody is being told that we leave.
    var isLeaving: Bool { calls.contains { $0.host.snapshot.withLock { $0.phase } == .ending } }

    /// The identity closes: everybody is told, and nothing is left open.
    func close() {
        hangUp()
        for call in calls { over(call, machine.call(call.host.id)?.state.shown.reason ?? .hangup) }
        for look in looks { engine.submit(.closeRoom(look.room, request: 0)) }
        looks = []
        calls = []
        underway = [:]
    }
}

/// A call as the desk knows it.
final class DeskCall {
    let host: HostCall
    var options: CallOptions
    /// Which room counts, or which choice of a relay.
    var seat: CallSeat?
    /// The choice that is being made.
    var isChoosing = false
    var room: HostRoom?
    /// When the room is left, though the others have not been told yet.
    var leavesAt = Instant.distantFuture
    var relay: ChosenRelay?
    /// What lets us in, and for whom it is kept fresh.
    var token: String?
    var lease: CallSeat?
    /// Broadcasts that are gone, and may be back in a moment, as when their sender gets another session.
    var absent: [(path: String, until: Instant)] = []
    /// The numbers of broadcasts in the room, by their paths.
    var numbers: [String: UInt32] = [:]
    var startRequest: UInt64 = 0
    var acceptRequest: UInt64 = 0
    var endRequests: [UInt64] = []
    var lookRequests: [UInt64] = []
    var isOver = false
    /// The host has let go of it.
    var isAbandoned = false

    init(_ host: HostCall, _ options: CallOptions) {
        self.host = host
        self.options = options
    }

    var deadline: Instant { absent.reduce(leavesAt) { min($0, $1.until) } }
}
