package import BurrowBase
import BurrowMoQ
import BurrowQUIC

/// What became of a seeded call.
package struct CallReport {
    package let seed: UInt64
    /// What was not as it has to be; empty for a good run.
    package let problems: [String]
    /// Every step and event with its time.
    package let log: [String]
    /// Of all datagrams: sizes, addresses and times.
    package let shape: UInt64
    package let frames: Int
    package let datagrams: Int
    package let length: Interval
}

/// Runs a call as a seed planned it, and checks what has to hold in every call.
package final class CallRun {
    static let relayPort: UInt16 = 4443
    /// How long everything may take to be well again once the lines are.
    static let patience = 90

    let plan: CallPlan
    let simulation: Simulation
    let relay: SimulatedPeer
    private(set) var relayID = RelayID(rawValue: 0)
    private var relayIsUp = false
    private(set) var members: [CallMember] = []
    private var isPushing = true
    private var steps: [(time: Instant, text: String)] = []
    var problems: [String] = []
    private var lastRequest: UInt64 = 0
    var framesChecked = 0

    package init(_ plan: CallPlan) {
        self.plan = plan
        simulation = Simulation(seed: plan.seed)
        relay = simulation.addPeer("relay")
        for (number, member) in plan.members.enumerated() {
            let peer = simulation.addPeer(member.name)
            simulation.setConditions(member.line, between: peer, and: relay)
            members.append(CallMember(number: number, plan: member, peer: peer))
        }
    }

    package func run() -> CallReport {
        let start = simulation.now
        startRelay()
        for (time, step) in plan.steps {
            simulation.at(start + time) { [unowned self] in perform(step) }
        }
        supervise()
        simulation.run(for: plan.length)
        becomeQuiet()
        wait("the call is well again") { whatIsMissing() }
        isPushing = false
        wait("everything sent has arrived") { whatHasNotArrived() }
        for member in members { check(member) }
        if !problems.isEmpty { problems += connections }
        everybodyLeaves()
        wait("the relay is empty") { whatIsLeft() }
        if simulation.isStuck { problem("a deadline stands still") }
        return report(start)
    }

    func problem(_ text: String) {
        guard problems.count < 20 else { return }
        problems.append("\(simulation.now.microseconds / 1000) ms: \(text)")
    }

    /// Runs until nothing is missing any more, and complains when that takes too long.
    private func wait(_ what: String, _ missing: () -> String?) {
        for _ in 0..<(Self.patience * 10) {
            if missing() == nil || simulation.isStuck { return }
            simulation.run(for: .milliseconds(100))
        }
        if let missing = missing() { problem("not in \(Self.patience) s: \(what): \(missing)") }
    }

    // MARK: Steps

    private func perform(_ step: CallPlan.Step) {
        steps.append((simulation.now, "\(step)"))
        switch step {
        case .join(let member): join(members[member])
        case .leave(let member): leave(members[member])
        case .crash(let member): crash(members[member])
        case .subscribe(let number):
            let member = members[plan.wishes[number].member]
            member.wants.insert(number)
            subscribe(member, number)
        case .unsubscribe(let number): unsubscribe(number)
        case .update(let number, let options): update(number, options)
        case .blackout(let member, let length):
            simulation.addBlackout(simulation.now..<(simulation.now + length), of: members[member].peer)
        case .rebind(let member): simulation.rebind(members[member].peer)
        case .changeNetwork(let member):
            guard !members[member].peer.isDead else { return }
            members[member].peer.node.networkChanged(now: simulation.now)
        case .stopRelay:
            relayIsUp = false
            relay.node.stopRelay(relayID, request: newRequest(), now: simulation.now)
        case .crashRelay:
            relayIsUp = false
            relay.crash()
        case .startRelay:
            if relay.isDead { relay.boot() }
            startRelay()
        }
    }

    /// A room that never got in closes, as when the relay is away just then. A host would open it again.
    private func supervise() {
        guard isPushing else { return }
        for member in members {
            guard let room = member.room, !member.peer.isDead else { continue }
            let information = member.peer.node.information(of: room)
            guard information?.state ?? .closed == .closed else { continue }
            if relayIsUp && member.closings > 3 {
                problem("\(member.plan.name) is out: \(information?.error.map { "\($0)" } ?? "gone")")
            }
            member.closings += 1
            leave(member)
            join(member)
        }
        simulation.at(simulation.now + .milliseconds(500)) { [unowned self] in supervise() }
    }

    func newRequest() -> RequestID {
        lastRequest += 1
        return RequestID(rawValue: lastRequest)
    }

    private func startRelay() {
        do {
            let tls = try TLSContext.server(
                certificatePEM: Array(SimulatedIdentity.certificatePEM.utf8),
                keyPEM: Array(SimulatedIdentity.keyPEM.utf8)
            )
            let socket = SocketID(rawValue: 1)
            _ = relay.bind(socket, port: Self.relayPort)
            relayID = relay.node.startRelay(
                RelayConfiguration(tls: tls, access: .open),
                sockets: [socket],
                now: simulation.now
            )
            relayIsUp = true
        } catch {
            problem("the relay does not start: \(error)")
        }
    }

    private func join(_ member: CallMember) {
        guard member.room == nil else { return }
        if member.peer.isDead { member.peer.boot() }
        do {
            let url = try RelayURL("moqt://\(relay.ip):\(Self.relayPort)")
            var configuration = RoomConfiguration(url: url)
            if member.plan.publishes { configuration.path = try BroadcastPath(member.path) }
            configuration.prefix = try BroadcastPath("call")
            configuration.versions = member.plan.versions
            configuration.trust = .init(systemRoots: false, pinsSHA256: [SimulatedIdentity.fingerprint])
            // The relay may be away just then, which a host would answer by trying again.
            configuration.connectTimeout = .seconds(60)
            let now = simulation.now
            let room = try member.peer.node.openRoom(configuration, request: newRequest(), now: now)
            member.room = room
            var tracks: [CallTrack] = []
            for (number, track) in member.plan.tracks.enumerated() {
                let id = try member.peer.node.publishTrack(
                    in: room,
                    TrackConfiguration(name: track.name, priority: track.priority, maxAge: track.maxAge),
                    now: now
                )
                tracks.append(
                    CallTrack(
                        id: id,
                        plan: track,
                        member: member.number,
                        number: number,
                        life: member.life + 1,
                        seed: plan.seed
                    )
                )
            }
            member.begin(tracks)
            for track in tracks { push(track, member, life: member.life) }
            for wish in member.wants.sorted() { subscribe(member, wish) }
        } catch {
            problem("\(member.plan.name) cannot join: \(error)")
        }
    }

    private func push(_ track: CallTrack, _ member: CallMember, life: Int) {
        guard isPushing, let room = member.room, member.life == life else { return }
        guard let state = member.peer.node.information(of: room)?.state, state != .closed else { return }
        let (frames, pause) = track.next()
        for frame in frames {
            let outgoing = OutgoingFrame(
                timestamp: simulation.now.microseconds,
                isKey: frame.isKey,
                endsGroup: frame.endsGroup,
                isDatagram: frame.isDatagram
            )
            do {
                try unsafe frame.payload.withUnsafeBytes {
                    try unsafe member.peer.node.push(track.id, outgoing, payload: $0, now: simulation.now)
                }
            } catch {
                problem("\(member.plan.name) cannot push: \(error)")
            }
        }
        simulation.at(simulation.now + pause, on: member.peer) { [unowned self] in
            push(track, member, life: life)
        }
    }

    private func leave(_ member: CallMember) {
        guard let room = member.room else { return }
        check(member)
        member.room = nil
        member.hasLeft = true
        // A room that closed by itself leaves its tracks to the host.
        for number in member.ears.keys.sorted() {
            if let ear = member.ears[number] { member.peer.node.closeTrack(ear.track, now: simulation.now) }
        }
        for track in member.tracks { member.peer.node.closeTrack(track.id, now: simulation.now) }
        member.ears.removeAll()
        member.peer.node.closeRoom(room, request: newRequest(), now: simulation.now)
    }

    private func crash(_ member: CallMember) {
        guard member.room != nil else { return }
        check(member)
        member.room = nil
        member.hasLeft = true
        member.ears.removeAll()
        member.peer.crash()
    }

    private func subscribe(_ member: CallMember, _ number: Int) {
        guard let room = member.room, member.ears[number] == nil else { return }
        guard let state = member.peer.node.information(of: room)?.state, state != .closed else { return }
        let wish = plan.wishes[number]
        do {
            let track = try member.peer.node.subscribeTrack(
                in: room,
                path: try BroadcastPath(members[wish.target].path),
                name: plan.members[wish.target].tracks[wish.track].name,
                wish.options,
                now: simulation.now
            )
            member.ears[number] = .init(wish: wish, track: track, life: member.life)
        } catch {
            problem("\(member.plan.name) cannot subscribe: \(error)")
        }
    }

    private func unsubscribe(_ number: Int) {
        let member = members[plan.wishes[number].member]
        member.wants.remove(number)
        guard let ear = member.ears[number] else { return }
        check(ear, of: member)
        member.ears[number] = nil
        member.peer.node.closeTrack(ear.track, now: simulation.now)
    }

    private func update(_ number: Int, _ options: SubscribeOptions) {
        let member = members[plan.wishes[number].member]
        guard let ear = member.ears[number] else { return }
        do {
            try member.peer.node.updateSubscription(ear.track, options, now: simulation.now)
        } catch {
            problem("\(member.plan.name) cannot change a subscription: \(error)")
        }
    }

    // MARK: The end

    /// The trouble is over: lines are good from here on, so everything has to come right.
    private func becomeQuiet() {
        for member in members {
            simulation.setConditions(
                LinkConditions(delay: member.plan.line.delay),
                between: member.peer,
                and: relay
            )
            for track in member.tracks { track.quietCount = track.sent.count }
        }
    }

    private func everybodyLeaves() {
        for member in members {
            guard let room = member.room else { continue }
            member.peer.node.closeRoom(room, request: newRequest(), now: simulation.now)
            simulation.settle(member.peer)
        }
    }

    private func report(_ start: Instant) -> CallReport {
        var lines = steps.map { (time: $0.time, text: "step \($0.text)") }
        for peer in simulation.peers {
            lines += peer.events.map { (time: $0.time, text: "\(peer.name) \($0.event)") }
        }
        let log = lines.enumerated().sorted { ($0.element.time, $0.offset) < ($1.element.time, $1.offset) }
        return CallReport(
            seed: plan.seed,
            problems: problems,
            log: log.map { "\($0.element.time.microseconds) \($0.element.text)" },
            shape: simulation.network.shape,
            frames: framesChecked,
            datagrams: simulation.network.statistics.sent,
            length: simulation.now - start
        )
    }
}
