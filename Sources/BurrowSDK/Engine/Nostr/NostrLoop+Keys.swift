import BurrowBase
import BurrowNostr

/// What the loop does with keys, here or elsewhere: tells relays who we are, signs lists, and sees to it that nobody waits
/// for an answer without end.
extension NostrLoop {
    /// A relay is told who we are within ten minutes, or not at all.
    private static let authenticationAttempts = 5

    /// Begins something that needs a key; either way it goes on with `keyUsed`.
    func use(_ identity: HostIdentity, _ task: KeyTask, for use: KeyUse) {
        do throws(EngineError) {
            guard let product = try identity.begin(task, for: use) else { return }
            keyUsed(identity, use, .success(product))
        } catch {
            keyUsed(identity, use, .failure(error))
        }
    }

    func keyUsed(_ host: HostIdentity, _ use: KeyUse, _ result: Result<KeyTask.Product, EngineError>) {
        switch (use, result) {
        case (.list(let request), .success(.event(let event))):
            // It may have been cancelled meanwhile.
            guard request == 0 || requests.contains(request) else { return }
            takeList(event)
            listsChanged(of: event.publicKey)
            publish(event, .own, request)
        case (.list(let request), .failure(let error)):
            if request == 0 {
                LogRing.shared.write(.warning, "nostr", "a list was not signed: \(error.context)")
            }
            complete(request, error)
        case (.token(let request), _): signed(request, result)
        case (.authenticate(let relay, let draft, let attempt), _):
            authenticated(host, relay, draft, attempt, result)
        default: break
        }
    }

    // MARK: Telling relays who we are

    func sign(_ relay: BurrowNostr.RelayID, _ draft: Rumor) {
        guard let identity else { return pool.authenticate(relay, nil, now: now) }
        forgetAuthentication(relay)
        authentications[relay] = (identity, draft.id)
        use(identity, .signing(draft), for: .authenticate(relay, draft, attempt: 1))
    }

    private func authenticated(
        _ host: HostIdentity,
        _ relay: BurrowNostr.RelayID,
        _ draft: Rumor,
        _ attempt: Int,
        _ result: Result<KeyTask.Product, EngineError>
    ) {
        // An answer to an earlier question says nothing about this one.
        guard authentications[relay]?.draft == draft.id else { return }
        switch result {
        case .failure(let error) where error.code == .timeout && attempt < Self.authenticationAttempts:
            return use(host, .signing(draft), for: .authenticate(relay, draft, attempt: attempt + 1))
        case .success(.event(let event)): pool.authenticate(relay, event, now: now)
        default: pool.authenticate(relay, nil, now: now)
        }
        authentications[relay] = nil
    }

    /// The connection for which it was is over.
    func forgetAuthentication(_ relay: BurrowNostr.RelayID) {
        guard let (host, _) = authentications.removeValue(forKey: relay) else { return }
        host.forgetKeyUses { (use) in
            if case .authenticate(relay, _, _) = use { true } else { false }
        }
    }

    // MARK: Time

    func watchKey(_ identity: HostIdentity) {
        if !keyHolders.contains(where: { $0 === identity }) { keyHolders.append(identity) }
        if isOver { endKeyUses() }
    }

    /// The engine shuts down: nobody is asked any more.
    func endKeyUses() {
        for holder in keyHolders {
            for use in holder.forgetKeyUses(where: { (_) in true }) where use.request != 0 {
                open(use.request)
                complete(use.request, EngineError(.cancelled, "the engine was shut down"))
            }
        }
        keyHolders = []
    }

    func lookAfterKeys() {
        guard !keyHolders.isEmpty else { return }
        for holder in keyHolders { holder.expireKeyRequests(now: now) }
        keyHolders.removeAll { $0.keyDeadline == nil }
    }

    /// Ends what a request needs a key for. False when there is nothing.
    func cancelKeyUse(_ request: UInt64) -> Bool {
        guard request != 0 else { return false }
        for holder in keyHolders {
            let uses = holder.forgetKeyUses { $0.request == request }
            guard !uses.isEmpty else { continue }
            open(request)
            complete(request, EngineError(.cancelled, "cancelled"))
            return true
        }
        return false
    }
}
