import BurrowBase
import BurrowMoQ
import BurrowNostr
import BurrowQUIC

/// Tokens that services make for those who prove who they are (NIP-98).
extension NostrLoop {
    func lease(_ wish: TokenLease.Wish, _ request: UInt64) {
        let lease = TokenLease(request, wish)
        leases.append(lease)
        ask(lease)
    }

    /// The newest token of a request, if there is one.
    func token(of request: UInt64) -> String? {
        leases.first { $0.request == request }?.token
    }

    /// The same for a call of ours.
    func lease(_ wish: TokenLease.Wish, for seat: CallSeat) {
        let lease = TokenLease(Self.request(of: seat), wish, seat)
        leases.append(lease)
        ask(lease)
    }

    /// Carries on with all tokens.
    func takeTokens() {
        for lease in leases {
            if let due = lease.due, due <= now { ask(lease) }
            switch lease.result(now: now) {
            case .success(let token): received(token, for: lease)
            case .failure(let error): failed(lease, error)
            case nil: break
            }
        }
    }

    /// Has the proof signed, which goes on with `signed`.
    private func ask(_ lease: TokenLease) {
        do throws(EngineError) {
            use(lease.wish.host, .signing(try lease.draft()), for: .token(request: lease.request))
        } catch {
            failed(lease, error)
        }
    }

    /// The proof for a token is there, or there is none.
    func signed(_ request: UInt64, _ result: Result<KeyTask.Product, EngineError>) {
        guard let lease = leases.first(where: { $0.request == request }) else { return }
        let service = lease.wish.service
        switch result {
        case .success(.event(let proof)):
            do throws(EngineError) {
                let trust = service.scheme == .https ? try trust(lease.wish.options.trust, service) : nil
                let stream = ServerStream(
                    host: service.host,
                    port: service.port,
                    trust: trust,
                    behind: engine.proxy,
                    streams
                )
                lease.begin(stream, proof: proof, now: now)
                lookUp(stream.dialedHost, for: .lease(lease.request))
            } catch {
                failed(lease, error)
            }
        case .success: break
        case .failure(let error): failed(lease, error)
        }
    }

    private func received(_ token: IssuedToken, for lease: TokenLease) {
        let unixSeconds = (now.microseconds + pool.unixOffset) / 1_000_000
        let next: Instant?
        do throws(AccessError) {
            next = try lease.schedule.received(token, now: now, unixSeconds: unixSeconds)
        } catch {
            return failed(lease, EngineError(error))
        }
        lease.token = token.text
        lease.end(due: next)
        if let seat = lease.seat {
            engine.state.post(.call(seat.identity, .token(seat, .success(token.text))))
            if next == nil { forget(lease.request) }
            return
        }
        freshTokens.append((lease.request, token.text))
        var told = HostEvent(.token, subject: 0, time: now)
        told.request = lease.request
        told.value = token.expires ?? 0
        told.text = token.text
        outbox.append(told)
        if next == nil { drop(lease, nil) }
    }

    private func failed(_ lease: TokenLease, _ error: EngineError) {
        lease.end()
        // Who is refused will be refused again.
        guard lease.token != nil, ![.unauthorized, .keyRefused, .closed].contains(error.code),
            let next = lease.schedule.failed(now: now)
        else { return drop(lease, error) }
        LogRing.shared.write(.warning, "nostr", "no new token: \(error.context)")
        lease.end(due: next)
    }

    private func drop(_ lease: TokenLease, _ error: EngineError?) {
        forget(lease.request)
        if let seat = lease.seat, let error {
            engine.state.post(.call(seat.identity, .token(seat, .failure(error))))
        }
        complete(lease.request, error)
    }

    /// The host wants no more of a token.
    func forget(_ request: UInt64) {
        guard let index = leases.firstIndex(where: { $0.request == request }) else { return }
        leases.remove(at: index).end()
    }
}
