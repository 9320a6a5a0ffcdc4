import BurrowBase
package import BurrowNostr

/// Somebody on this device as hosts hold it: a Nostr key, and the groups it is in if it was opened with them.
///
/// What only needs the key happens on the thread that asks. Groups and their file belong to the state thread.
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
    /// `nil` before it is open and after it was closed.
    private let key = Guarded<Confined<LocalKey>?>(nil)

    private init(_ engine: Engine, hasGroups: Bool) {
        self.engine = engine
        number = engine.newNumber()
        self.hasGroups = hasGroups
    }

    // MARK: Life

    /// An identity with a key made here, or with one that is imported as `nsec` or hexadecimal digits.
    ///
    /// Without options it is open when this returns, and there is no request. With them it may have groups, its key may be
    /// in a file, and the request ends when that was read.
    package static func open(
        _ engine: Engine,
        importing text: String? = nil,
        groups options: IdentityOptions? = nil
    ) throws(EngineError) -> Engine.Opening {
        try engine.checkRunning()
        // Without groups the key is made here, otherwise where its file is.
        let key = text != nil || options == nil ? try key(text) : nil
        let identity = HostIdentity(engine, hasGroups: options != nil)
        if let key { identity.snapshot.withLock { $0.publicKey = key.publicKey } }
        if var options {
            options.key = text
            return try engine.open(identity, options)
        }
        if let key { identity.opened(key) }
        let handle = HandleTable.shared.insert(identity, owner: engine.number)
        guard handle != 0 else { throw EngineError(.limit, "too many handles") }
        identity.snapshot.withLock { $0.handle = handle }
        return Engine.Opening(handle: handle, request: 0)
    }

    private static func key(_ text: String?) throws(EngineError) -> LocalKey {
        do throws(NostrError) {
            if let text { return try LocalKey.importing(text) }
            return try LocalKey.random()
        } catch {
            throw EngineError(error.code == .failure ? .internalError : .nostrKey, error.context)
        }
    }

    package func lastReferenceGone() {
        if hasGroups, markClosed() { engine.state.post(.close(self, request: 0)) }
    }

    /// False when it is closed already.
    func markClosed() -> Bool {
        snapshot.withLock { (state) in
            defer { state.isClosed = true }
            return !state.isClosed
        }
    }

    func opened(_ key: LocalKey) {
        let publicKey = key.publicKey
        self.key.withLock { $0 = Confined(key) }
        snapshot.withLock { (state) in
            state.publicKey = publicKey
            state.phase = .open
        }
    }

    func closed() {
        key.withLock { $0 = nil }
        snapshot.withLock { (state) in
            state.phase = .closed
            state.isClosed = true
        }
    }

    var handle: UInt { snapshot.withLock { $0.handle } }
    package var publicKey: PublicKey? { snapshot.withLock { $0.publicKey } }

    // MARK: The key

    /// The secret key as `nsec`.
    package func exported() throws(EngineError) -> String {
        guard let text = key.withLock({ $0?.object.exported() }) else {
            throw EngineError(.closed, "the identity is not open")
        }
        return text
    }

    /// Uses the key, one thread at a time.
    private func withKey<Result>(
        _ body: (LocalKey) throws(NostrError) -> Result
    ) throws(NostrError) -> Result {
        try key.withLock { (key) throws(NostrError) in
            guard let key else { throw NostrError(.keyRefused, "the identity is not open") }
            return try body(key.object)
        }
    }

    func sign(_ draft: Rumor) throws(NostrError) -> Event {
        try withKey { (key) throws(NostrError) in try key.sign(draft) }
    }

    func wrap(
        _ rumor: Rumor,
        for recipient: PublicKey,
        kind: EventKind = .giftWrap,
        now: UnixTime
    ) throws(NostrError) -> Event {
        try withKey { (key) throws(NostrError) in
            var random = SystemRandom()
            return try key.wrap(rumor, for: recipient, kind: kind, now: now, random: &random)
        }
    }

    func unwrap(_ wrap: Event) throws(NostrError) -> Rumor {
        try withKey { (key) throws(NostrError) in try key.unwrap(wrap) }
    }

    /// Who it is; throws unless it is open.
    func openKey() throws(EngineError) -> PublicKey {
        let state = snapshot.withLock { $0 }
        guard state.phase == .open, !state.isClosed, let key = state.publicKey else {
            throw EngineError(.closed, "the identity is not open")
        }
        return key
    }
}
