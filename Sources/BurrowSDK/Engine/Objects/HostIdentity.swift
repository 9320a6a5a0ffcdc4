package import BurrowNostr

/// Somebody on this device as hosts hold it: a Nostr key, and the groups it is in if it was opened with them.
///
/// What only needs a key that is here happens on the thread that asks. Groups and their file belong to the state thread.
package final class HostIdentity: HandleObject {
    package struct Snapshot: Sendable {
        package var phase = IdentityPhase.opening
        /// Known at once unless it is in a file.
        package var publicKey: PublicKey?
        var handle: UInt = 0
        /// In the order of their ids.
        var groups: [GroupBoard] = []
        var isClosed = false
    }

    package static var kind: HandleKind { .identity }

    package let engine: Engine
    let number: UInt64
    /// Whether the state thread knows it.
    let hasGroups: Bool
    package let snapshot = Guarded(Snapshot())
    let key: Guarded<Key>

    private init(_ engine: Engine, _ key: Key, _ publicKey: PublicKey?, hasGroups: Bool) {
        self.engine = engine
        number = engine.newNumber()
        self.hasGroups = hasGroups
        self.key = Guarded(key)
        snapshot.withLock { $0.publicKey = publicKey }
    }

    // MARK: Life

    /// An identity with a key made here, with one that is imported, or with one that is elsewhere.
    ///
    /// Without options it is open when this returns, and there is no request. With them it may have groups, its key may be
    /// in a file, and the request ends when that was read.
    package static func open(
        _ engine: Engine,
        _ source: KeySource,
        groups options: IdentityOptions? = nil
    ) throws(EngineError) -> Engine.Opening {
        try engine.checkRunning()
        let key: Key
        let publicKey: PublicKey?
        switch source {
        // With groups the key is made where their file is.
        case .own where options != nil: (key, publicKey) = (.none, nil)
        case .own, .secret:
            let local = try localKey(source)
            (key, publicKey) = (options == nil ? .local(Confined(local)) : .none, local.publicKey)
        case .elsewhere(let person, let patience):
            // Relays may ask at once who we are.
            key = .remote(KeyRequests(publicKey: person, limit: allUses, patience: patience))
            publicKey = person
        }
        let identity = HostIdentity(engine, key, publicKey, hasGroups: options != nil)
        if var options {
            options.key = source
            return try engine.open(identity, options)
        }
        identity.snapshot.withLock { $0.phase = .open }
        let handle = HandleTable.shared.insert(identity, owner: engine.number)
        guard handle != 0 else { throw EngineError(.limit, "too many handles") }
        identity.snapshot.withLock { $0.handle = handle }
        return Engine.Opening(handle: handle, request: 0)
    }

    private static func localKey(_ source: KeySource) throws(EngineError) -> LocalKey {
        do throws(NostrError) {
            if case .secret(let text) = source { return try LocalKey.importing(text) }
            return try LocalKey.random()
        } catch {
            throw EngineError(error.code == .failure ? .internalError : .nostrKey, error.context)
        }
    }

    package func lastReferenceGone() {
        guard hasGroups || isRemote, markClosed() else { return }
        // Nobody can answer any more.
        if !hasGroups { return closed() }
        engine.state.post(.close(self, request: 0))
    }

    /// False when it is closed already.
    func markClosed() -> Bool {
        snapshot.withLock { (state) in
            defer { state.isClosed = true }
            return !state.isClosed
        }
    }

    func opened(_ identity: Identity) {
        if case .local(let local) = identity {
            let confined = Confined(local)
            key.withLock { $0 = .local(confined) }
        }
        snapshot.withLock { (state) in
            state.publicKey = identity.publicKey
            state.phase = .open
        }
    }

    func closed() {
        let last = key.withLock { (key) in
            defer { key = .none }
            return key
        }
        if case .remote(var remote) = last {
            end(remote.forget { (_) in true }, EngineError(.cancelled, "the identity was closed"))
        }
        snapshot.withLock { (state) in
            state.phase = .closed
            state.isClosed = true
        }
    }

    var handle: UInt { snapshot.withLock { $0.handle } }
    package var publicKey: PublicKey? { snapshot.withLock { $0.publicKey } }

    /// Who it is; throws unless it is open.
    func openKey() throws(EngineError) -> PublicKey {
        let state = snapshot.withLock { $0 }
        guard state.phase == .open, !state.isClosed, let key = state.publicKey else {
            throw EngineError(.closed, "the identity is not open")
        }
        return key
    }
}
