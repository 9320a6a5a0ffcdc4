import BurrowBase
package import BurrowNostr

/// A person's Nostr key as hosts hold it. What needs the key happens on the thread that asks.
package final class HostIdentity: HandleObject {
    package static var kind: HandleKind { .identity }

    package let engine: Engine
    package let publicKey: PublicKey
    private let key: Guarded<Confined<LocalKey>>

    private init(_ engine: Engine, _ key: LocalKey) {
        self.engine = engine
        publicKey = key.publicKey
        self.key = Guarded(Confined(key))
    }

    package func lastReferenceGone() {}

    /// A new identity's handle: with a key made here, or one that is imported as `nsec` or hexadecimal digits.
    package static func open(_ engine: Engine, importing text: String? = nil) throws(EngineError) -> UInt {
        try engine.checkRunning()
        let key: LocalKey
        do throws(NostrError) {
            if let text {
                key = try LocalKey.importing(text)
            } else {
                key = try LocalKey.random()
            }
        } catch {
            throw EngineError(error.code == .failure ? .internalError : .nostrKey, error.context)
        }
        let handle = HandleTable.shared.insert(HostIdentity(engine, key), owner: engine.number)
        guard handle != 0 else { throw EngineError(.limit, "too many handles") }
        return handle
    }

    /// The secret key as `nsec`.
    package func exported() -> String {
        key.withLock { $0.object.exported() }
    }

    func sign(_ draft: Rumor) throws(NostrError) -> Event {
        try key.withLock { (key) throws(NostrError) in try key.object.sign(draft) }
    }

    // MARK: Events

    /// What a host wrote as JSON: an event that is signed already, which is verified, or a draft, to which what is missing
    /// is added before it is signed.
    package func event(_ json: String) throws(EngineError) -> Event {
        do throws(NostrError) {
            let draft = try EventDraft(json: Array(json.utf8))
            if draft.isSigned { return try Event(json: Array(json.utf8)) }
            return try sign(draft.rumor(publicKey: publicKey, now: Self.unixTime))
        } catch {
            throw EngineError(error)
        }
    }

    /// Publishes an event; the completion carries its id.
    package func publish(_ json: String, to urls: [ServerURL]) throws(EngineError) -> UInt64 {
        let event = try event(json)
        return try engine.nostrRequest { (request) in
            .publish(event, urls.isEmpty ? .own : .relays(urls), request: request)
        }
    }

    // MARK: Wraps

    /// Seals and wraps a draft for somebody (NIP-59) and publishes it where they receive wraps.
    package func send(
        _ json: String,
        to recipient: PublicKey,
        through urls: [ServerURL],
        isEphemeral: Bool
    ) throws(EngineError) -> UInt64 {
        let wrap: Event
        do throws(NostrError) {
            let rumor = try EventDraft(json: Array(json.utf8)).rumor(publicKey: publicKey, now: Self.unixTime)
            wrap = try key.withLock { (key) throws(NostrError) in
                var random = SystemRandom()
                return try key.object.wrap(
                    rumor,
                    for: recipient,
                    kind: isEphemeral ? .ephemeralGiftWrap : .giftWrap,
                    now: Self.unixTime,
                    random: &random
                )
            }
        } catch {
            throw EngineError(error)
        }
        return try engine.nostrRequest { (request) in
            .publish(wrap, urls.isEmpty ? .inbox(recipient) : .relays(urls), request: request)
        }
    }

    /// Opens a wrap for us. The author of what is inside is who sealed it.
    package func open(_ json: String) throws(EngineError) -> String {
        do throws(NostrError) {
            let wrap = try Event(json: Array(json.utf8))
            let rumor = try key.withLock { (key) throws(NostrError) in try key.object.unwrap(wrap) }
            return String(decoding: rumor.json, as: UTF8.self)
        } catch {
            throw EngineError(error)
        }
    }

    // MARK: Proofs and lists

    /// The value of an Authorization header for one request (NIP-98).
    package func httpProof(url: String, method: String, body: [UInt8]?) throws(EngineError) -> String {
        do throws(NostrError) {
            let draft = try HTTPProof.draft(
                url: url,
                method: method,
                body: body,
                publicKey: publicKey,
                now: Self.unixTime
            )
            return HTTPProof.header(try sign(draft))
        } catch {
            throw EngineError(error)
        }
    }

    /// Publishes a list of servers in the order of preference.
    package func publishList(_ kind: EventKind, _ urls: [String]) throws(EngineError) -> UInt64 {
        let tags: [Tag]
        do throws(NostrError) {
            if kind == .relayList {
                var read: [ServerURL] = []
                for url in urls { read.append(try ServerURL(url, policy: .ownRelays)) }
                tags = RelayList(read: read, write: read).tags
            } else {
                let policy: ServerURL.Policy = kind == .mediaRelays ? .ownMedia : .ownRelays
                tags = try ServerList(kind: kind, texts: urls, policy: policy).tags
            }
        } catch {
            throw EngineError(error.code == .tooMany ? .limit : .invalidArgument, error.context)
        }
        return try engine.nostrRequest { .publishList(self, kind, tags, request: $0) }
    }

    private static var unixTime: UnixTime { UnixTime(SystemCall.unixMicroseconds() / 1_000_000) }
}
