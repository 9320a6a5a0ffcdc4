import BurrowBase
import BurrowCalls
import BurrowMoQ
import BurrowNostr

/// A room that is looked into.
struct CallLook {
    let seat: CallSeat
    let room: HostRoom
    /// When the relay has said all it will.
    var until: Instant
    var paths: [String] = []
}

/// Rooms of calls: chosen, entered, left.
extension CallDesk {
    /// How long a relay may take to let us look, and to say who is there.
    private static let lookTime = Interval.seconds(5)
    private static let absenceTime = Interval.milliseconds(200)
    private static let farewellTime = Interval.milliseconds(300)
    private static let listeningTime = Interval.milliseconds(400)

    // MARK: Entering

    func connect(_ id: CallID) {
        guard let call = entry(id), let state = machine.call(id) else { return }
        let seat = newSeat(id)
        call.seat = seat
        if let service = call.options.tokenService, call.token == nil {
            askForToken(call, of: service, state)
        } else {
            choose(call, seat, state)
        }
    }

    private func choose(_ call: DeskCall, _ seat: CallSeat, _ state: Call) {
        var wish = RelayWish()
        wish.token = call.token
        wish.trust = call.options.room?.trust ?? wish.trust
        wish.policy = machine.settings.relays
        wish.timeout = .seconds(8)
        if state.isOutgoing, state.relays.isEmpty {
            wish.preferred = call.options.relays
            wish.standard = call.options.lastRelays
            let relays = keeper.mediaRelays(of: state.group)
            wish.group = relays.isEmpty ? nil : relays
            wish.person = keeper.publicKey
        } else {
            wish.isOffer = true
            wish.group = state.relays.map(\.text)
            if state.isOutgoing { wish.policy.others = wish.policy.own }
        }
        call.isChoosing = true
        engine.submit(.nostr(.choose(wish, seat)))
    }

    func relayChosen(_ seat: CallSeat, _ result: Result<ChosenRelay, EngineError>) {
        guard let call = entry(seat.call), call.seat?.number == seat.number else { return }
        call.isChoosing = false
        do throws(EngineError) {
            let chosen = try result.get()
            call.relay = chosen
            try enter(call, seat, chosen.url)
        } catch {
            fail(call, error)
        }
    }

    private func enter(_ call: DeskCall, _ seat: CallSeat, _ url: ServerURL) throws(EngineError) {
        guard let state = machine.call(seat.call), let group = keeper.group(state.group) else { return }
        var configuration = try configuration(
            call.options.room,
            url,
            below: state.room,
            token: call.token
        )
        do throws(DecodeError) {
            configuration.path = try BroadcastPath(state.path)
        } catch {
            throw EngineError(.invalidArgument, "path is longer than a path may be")
        }
        let room = try engine.openRoom(
            configuration,
            of: seat,
            lastN: call.options.lastN,
            protection: RoomProtectionOptions(callID: Array(seat.call.text.utf8), group: group)
        )
        call.room = room
        call.numbers = [:]
        show(call)
    }

    private func configuration(
        _ base: RoomConfiguration?,
        _ url: ServerURL,
        below room: RoomPath,
        token: String? = nil
    ) throws(EngineError) -> RoomConfiguration {
        let target: RelayURL
        do throws(RelayURLError) {
            let plain = try RelayURL(url.text)
            target = if let token { try plain.with(token: token) } else { plain }
        } catch {
            throw EngineError(.unsupported, "url \(error.context)")
        }
        var configuration = base ?? RoomConfiguration(url: target)
        configuration.url = target
        do throws(DecodeError) {
            configuration.prefix = try BroadcastPath(room.prefix)
        } catch {
            throw EngineError(.invalidArgument, "path is longer than a path may be")
        }
        return configuration
    }

    private func fail(_ call: DeskCall, _ error: EngineError?) {
        call.host.snapshot.withLock { $0.text = error?.context ?? "" }
        machine.connectionFailed(call.host.id, CallEndReason(error), now: now)
    }

    // MARK: Tokens

    private func askForToken(_ call: DeskCall, of service: String, _ state: Call) {
        let lease = newSeat(state.id)
        if let old = call.lease { engine.submit(.nostr(.endLease(old))) }
        call.lease = lease
        do throws(EngineError) {
            let wish = try keeper.host.tokenWish(
                of: service,
                scope(of: state),
                trust: call.options.room?.trust
            )
            engine.submit(.nostr(.leaseForCall(wish, lease)))
        } catch {
            fail(call, error)
        }
    }

    /// No more than the call needs.
    private func scope(of state: Call) throws(EngineError) -> TokenClaims {
        do throws(DecodeError) {
            let scope = SessionScope(
                root: .root,
                publish: [try BroadcastPath(state.path)],
                subscribe: [try BroadcastPath(state.room.prefix)]
            )
            return TokenClaims(scope: scope)
        } catch {
            throw EngineError(.invalidArgument, "path is longer than a path may be")
        }
    }

    func tokenCame(_ seat: CallSeat, _ result: Result<String, EngineError>) {
        guard let call = entry(seat.call), call.lease?.number == seat.number else { return }
        let token: String
        do throws(EngineError) {
            token = try result.get()
        } catch {
            // As long as the last one is good, we are in.
            if call.room == nil { fail(call, error) }
            return
        }
        call.token = token
        guard let current = call.seat, let state = machine.call(seat.call) else { return }
        guard let room = call.room else {
            if !call.isChoosing { choose(call, current, state) }
            return
        }
        do throws(EngineError) {
            try room.replaceToken(with: token)
        } catch {
            call.host.snapshot.withLock { $0.text = error.context }
        }
    }

    // MARK: Leaving

    /// Others should hear that we leave before they see us gone, but not long before.
    func disconnect(_ id: CallID) {
        guard let call = entry(id) else { return }
        if case .ending = machine.call(id)?.state, call.room != nil {
            call.leavesAt = now + Self.farewellTime
        } else {
            leaveRoom(call)
        }
    }

    func leaveRoom(_ call: DeskCall) {
        call.leavesAt = .distantFuture
        if call.isChoosing, let seat = call.seat { engine.submit(.nostr(.endChoice(seat))) }
        call.isChoosing = false
        call.seat = nil
        guard let room = call.room else { return }
        call.room = nil
        call.numbers = [:]
        call.absent = []
        call.host.snapshot.withLock { $0.room = 0 }
        close(room)
    }

    private func close(_ room: HostRoom) {
        if room.markClosed() { engine.submit(.closeRoom(room, request: 0)) }
        let handle = room.snapshot.withLock { $0.handle }
        if handle != 0 { HandleTable.shared.release(handle) }
    }

    // MARK: News

    func roomChanged(_ seat: CallSeat, _ news: CallRoomNews) {
        guard !seat.isLook else { return looked(seat, news) }
        guard let call = entry(seat.call), call.seat?.number == seat.number else { return }
        let id = seat.call
        switch news {
        case .connected:
            guard let relay = call.relay else { return }
            machine.connected(id, relay: relay.url.withoutToken, others: relay.others, now: now)
            call.host.snapshot.withLock { $0.relay = relay.url.withoutToken.text }
        case .lost: machine.connectionLost(id, now: now)
        case .closed(let error): fail(call, error)
        case .announced(let path, let number):
            call.numbers[path] = number
            call.absent.removeAll { $0.path == path }
            machine.announced(id, path, isThere: true, now: now)
        case .unannounced(let path):
            call.absent.removeAll { $0.path == path }
            call.absent.append((path, now + Self.absenceTime))
        case .media(let path): machine.mediaArrived(id, path, now: now)
        }
    }

    /// Tells who is really gone.
    func missAbsent(_ call: DeskCall) {
        for entry in call.absent where entry.until <= now {
            call.absent.removeAll { $0.path == entry.path }
            machine.announced(call.host.id, entry.path, isThere: false, now: now)
        }
    }

    // MARK: Looking

    func look(_ id: CallID, _ room: RoomPath, _ relays: [ServerURL]) {
        let seat = newSeat(id, isLook: true)
        do throws(EngineError) {
            guard let relay = relays.first else { throw EngineError(.unreachable, "there is no relay") }
            let configuration = try configuration(entry(id)?.options.room, relay, below: room)
            let opened = try engine.openRoom(configuration, of: seat, lastN: .max, protection: nil)
            looks.append(CallLook(seat: seat, room: opened, until: now + Self.lookTime))
        } catch {
            answerLooks(id, error)
        }
    }

    private func looked(_ seat: CallSeat, _ news: CallRoomNews) {
        guard let index = looks.firstIndex(where: { $0.seat.number == seat.number }) else { return }
        switch news {
        case .connected: looks[index].until = now + Self.listeningTime
        case .announced(let path, _): looks[index].paths.append(path)
        case .unannounced(let path): looks[index].paths.removeAll { $0 == path }
        case .closed(let error):
            let look = looks.remove(at: index)
            close(look.room)
            answerLooks(seat.call, error ?? EngineError(.connectionLost, "the relay left"))
        case .lost, .media: break
        }
    }

    func expireLooks() {
        for look in looks where look.until <= now {
            looks.removeAll { $0.seat.number == look.seat.number }
            let isConnected = look.room.snapshot.withLock { $0.phase == .connected }
            close(look.room)
            guard isConnected else {
                answerLooks(look.seat.call, EngineError(.timeout, "the relay did not answer"))
                continue
            }
            machine.looked(look.seat.call, look.paths)
            answerLooks(look.seat.call, nil)
        }
    }

    private func answerLooks(_ id: CallID, _ error: EngineError?) {
        // What it came to is told first.
        advance()
        guard let call = entry(id) else { return }
        for request in call.lookRequests { keeper.loop.complete(request, call.host.handle, error) }
        call.lookRequests = []
    }
}
