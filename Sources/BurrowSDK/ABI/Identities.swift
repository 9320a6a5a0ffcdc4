import BurrowBase
import BurrowEngine
import BurrowNostr
public import CBurrow

@c @implementation
public func burrow_identity_create(
    _ e: OpaquePointer?,
    _ key: UnsafePointer<CChar>?,
    _ cfg: UnsafePointer<burrow_identity_config>?,
    _ out: UnsafeMutablePointer<OpaquePointer?>?,
    _ req: UnsafeMutablePointer<burrow_request>?
) -> burrow_status {
    unsafe open(
        e,
        { (patience) throws(EngineError) in
            guard unsafe key != nil else { return .own }
            let text = try unsafe Arguments.text(key, "key")
            guard text.utf8.starts(with: "npub".utf8) else { return .secret(text) }
            do throws(NostrError) {
                let key = try TextForm.publicKey(text)
                guard key.isOnCurve else { throw NostrError(.invalidKey, "key is no public key") }
                return .elsewhere(key, patience: patience ?? .seconds(60))
            } catch {
                throw EngineError(.nostrKey, error.context)
            }
        },
        cfg,
        out,
        req
    )
}

@c @implementation
public func burrow_identity_respond(
    _ id: OpaquePointer?,
    _ key_request: UInt64,
    _ result: burrow_status,
    _ data: UnsafePointer<UInt8>?,
    _ len: Int
) -> burrow_status {
    unsafe withHandle(id, as: HostIdentity.self) { (identity) throws(EngineError) in
        let reply: KeyReply
        switch Int(result) {
        case BURROW_OK:
            // No answer is longer, so there is no need to copy one that claims to be.
            let bytes = try unsafe Arguments.optionalBytes(data, min(len, NostrLimits.eventBytes + 1), "data")
            reply = .bytes(bytes ?? [])
        case BURROW_ERR_NOSTR_UNREADABLE: reply = .unreadable
        case ..<0: reply = .refused
        default: throw EngineError(.invalidArgument, "result is \(result)")
        }
        try identity.respond(key_request, reply)
        return .ok
    }
}

private func open(
    _ e: OpaquePointer?,
    _ source: (_ patience: Interval?) throws(EngineError) -> KeySource,
    _ cfg: UnsafePointer<burrow_identity_config>?,
    _ out: UnsafeMutablePointer<OpaquePointer?>?,
    _ req: UnsafeMutablePointer<burrow_request>?
) -> burrow_status {
    unsafe Arguments.clear(req)
    return unsafe withHandle(e, as: Engine.self) { (engine) throws(EngineError) in
        let target = try unsafe Arguments.target(out)
        var options: IdentityOptions?
        if let cfg = unsafe cfg {
            options = try unsafe IdentityOptions(Arguments.read(cfg, zero: burrow_identity_config(), "cfg"))
        }
        let opening = try HostIdentity.open(engine, source(options?.keyPatience), groups: options)
        unsafe target.pointee = OpaquePointer(bitPattern: opening.handle)
        return unsafe Arguments.store(opening.request, in: req)
    }
}

@c @implementation
public func burrow_identity_pubkey(
    _ id: OpaquePointer?,
    _ out: UnsafeMutablePointer<UInt8>?
) -> burrow_status {
    unsafe withHandle(id, as: HostIdentity.self) { (identity) throws(EngineError) in
        guard unsafe out != nil else { throw EngineError(.invalidArgument, "out is NULL") }
        guard let key = identity.publicKey else { return .again }
        return try unsafe Arguments.copyOut(key, to: out)
    }
}

@c @implementation
public func burrow_identity_export(
    _ id: OpaquePointer?,
    _ buf: UnsafeMutablePointer<CChar>?,
    _ cap: Int,
    _ len: UnsafeMutablePointer<Int>?
) -> burrow_status {
    unsafe withHandle(id, as: HostIdentity.self) { (identity) throws(EngineError) in
        try unsafe Arguments.copyOut(identity.exported(), to: buf, cap, len)
    }
}

@c @implementation
public func burrow_pubkey_parse(
    _ npub_or_hex: UnsafePointer<CChar>?,
    _ out: UnsafeMutablePointer<UInt8>?
) -> burrow_status {
    Boundary.enter { () throws(EngineError) -> burrow_status in
        let text = try unsafe Arguments.text(npub_or_hex, "npub_or_hex")
        let key: PublicKey
        do throws(NostrError) {
            key = try TextForm.publicKey(text)
        } catch {
            throw EngineError(.nostrKey, error.context)
        }
        return try unsafe Arguments.copyOut(key, to: out)
    }
}

@c @implementation
public func burrow_pubkey_format(
    _ pubkey: UnsafePointer<UInt8>?,
    _ buf: UnsafeMutablePointer<CChar>?,
    _ cap: Int,
    _ len: UnsafeMutablePointer<Int>?
) -> burrow_status {
    Boundary.enter { () throws(EngineError) -> burrow_status in
        let key = try unsafe Arguments.publicKey(pubkey, "pubkey")
        return try unsafe Arguments.copyOut(TextForm.publicKey(key).text, to: buf, cap, len)
    }
}

@c @implementation
public func burrow_key_package_publish(
    _ id: OpaquePointer?,
    _ relays: UnsafePointer<UnsafePointer<CChar>?>?,
    _ count: Int,
    _ req: UnsafeMutablePointer<burrow_request>?
) -> burrow_status {
    unsafe Arguments.clear(req)
    return unsafe withHandle(id, as: HostIdentity.self) { (identity) throws(EngineError) in
        let urls = try unsafe Arguments.texts(relays, count, "relays")
        return unsafe Arguments.store(try identity.makeKeyPackage(relays: urls), in: req)
    }
}
