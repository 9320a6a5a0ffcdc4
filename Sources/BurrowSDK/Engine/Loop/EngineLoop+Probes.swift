import BurrowBase
import BurrowMoQ
import BurrowNostr
import BurrowQUIC

/// Sessions that only try whether a relay lets us in.
extension EngineLoop {
    /// Opens and closes what the choice of a relay wants.
    func performProbes() {
        while let action = nostr.probeActions.popFirst() {
            switch action {
            case .open(let probe, let candidate, let wish):
                do throws(EngineError) {
                    probes[try open(candidate.url.text, wish)] = probe
                } catch {
                    nostr.now = now
                    nostr.probeFailed(probe, error)
                }
            case .close(let probe):
                guard let room = probes.first(where: { $0.value == probe })?.key else { continue }
                node.closeRoom(room, request: RequestID(rawValue: 0), now: now)
            }
        }
    }

    private func open(_ url: String, _ wish: RelayWish) throws(EngineError) -> RoomID {
        let target: RelayURL
        do throws(RelayURLError) {
            let plain = try RelayURL(url)
            target = if let token = wish.token { try plain.with(token: token) } else { plain }
        } catch {
            // What is reached over HTTP is a candidate for others.
            throw EngineError(.unsupported, error.context)
        }
        var configuration = RoomConfiguration(url: target)
        configuration.trust = wish.trust
        configuration.reconnects = false
        configuration.discovers = false
        configuration.connectTimeout = wish.timeout
        configuration.settings.handshakeTimeout = wish.timeout
        do throws(MoQError) {
            return try node.openRoom(configuration, request: RequestID(rawValue: 0), now: now)
        } catch {
            throw EngineError(error)
        }
    }

    /// A room that is none of the host's has changed.
    func probeChanged(_ room: RoomID, _ state: RoomState, _ error: EngineError?) {
        guard let probe = probes[room] else { return }
        nostr.now = now
        switch state {
        case .connected: nostr.probeConnected(probe)
        case .closed:
            probes[room] = nil
            nostr.probeFailed(probe, error ?? EngineError(.connectionLost, "the relay left"))
        case .connecting, .reconnecting, .restored: break
        }
    }

    /// Leaves all of them.
    func closeProbes() {
        for room in probes.keys { node.closeRoom(room, request: RequestID(rawValue: 0), now: now) }
    }
}
