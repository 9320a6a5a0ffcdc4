import BurrowEngine
import BurrowNostr
public import CBurrow

@c @implementation
public func burrow_discovery_publish(
    _ id: OpaquePointer?,
    _ list: UInt32,
    _ urls: UnsafePointer<UnsafePointer<CChar>?>?,
    _ url_count: Int,
    _ req: UnsafeMutablePointer<burrow_request>?
) -> burrow_status {
    unsafe Arguments.clear(req)
    return unsafe withHandle(id, as: HostIdentity.self) { (identity) throws(EngineError) in
        let texts = try unsafe Arguments.texts(urls, url_count, "urls")
        return unsafe Arguments.store(try identity.publishList(EventKind(list: list), texts), in: req)
    }
}

@c @implementation
public func burrow_discovery_fetch(
    _ e: OpaquePointer?,
    _ pubkey: UnsafePointer<UInt8>?,
    _ list: UInt32,
    _ req: UnsafeMutablePointer<burrow_request>?
) -> burrow_status {
    unsafe Arguments.clear(req)
    return unsafe withHandle(e, as: Engine.self) { (engine) throws(EngineError) in
        guard unsafe req != nil else { throw EngineError(.invalidArgument, "req is NULL") }
        let person = try unsafe Arguments.publicKey(pubkey, "pubkey")
        return unsafe Arguments.store(try engine.look(for: EventKind(list: list), of: person), in: req)
    }
}

@c @implementation
public func burrow_discovery_select(
    _ e: OpaquePointer?,
    _ want: UnsafePointer<burrow_relay_choice>?,
    _ req: UnsafeMutablePointer<burrow_request>?
) -> burrow_status {
    unsafe Arguments.clear(req)
    return unsafe withHandle(e, as: Engine.self) { (engine) throws(EngineError) in
        guard unsafe req != nil else { throw EngineError(.invalidArgument, "req is NULL") }
        let wish = unsafe try RelayWish(Arguments.read(want, zero: burrow_relay_choice(), "want"))
        return unsafe Arguments.store(try engine.selectRelay(wish), in: req)
    }
}

@c @implementation
public func burrow_nip98_make(
    _ id: OpaquePointer?,
    _ url: UnsafePointer<CChar>?,
    _ method: UnsafePointer<CChar>?,
    _ body: UnsafePointer<UInt8>?,
    _ body_len: Int,
    _ buf: UnsafeMutablePointer<CChar>?,
    _ cap: Int,
    _ len: UnsafeMutablePointer<Int>?,
    _ req: UnsafeMutablePointer<burrow_request>?
) -> burrow_status {
    unsafe Arguments.clear(req)
    return unsafe withHandle(id, as: HostIdentity.self) { (identity) throws(EngineError) in
        let header = try identity.httpProof(
            url: unsafe Arguments.text(url, "url"),
            method: unsafe Arguments.text(method, "method"),
            body: unsafe Arguments.optionalBytes(body, body_len, "body"),
            canWait: unsafe req != nil
        )
        return try unsafe Arguments.copyOut(header, to: buf, cap, len, req)
    }
}

@c @implementation
public func burrow_nip98_check(
    _ e: OpaquePointer?,
    _ header: UnsafePointer<CChar>?,
    _ url: UnsafePointer<CChar>?,
    _ method: UnsafePointer<CChar>?,
    _ body: UnsafePointer<UInt8>?,
    _ body_len: Int,
    _ pubkey: UnsafeMutablePointer<UInt8>?
) -> burrow_status {
    unsafe withHandle(e, as: Engine.self) { (engine) throws(EngineError) in
        guard unsafe pubkey != nil else { throw EngineError(.invalidArgument, "pubkey is NULL") }
        let key = try engine.check(
            proof: unsafe Arguments.text(header, "header"),
            url: unsafe Arguments.text(url, "url"),
            method: unsafe Arguments.text(method, "method"),
            body: unsafe Arguments.optionalBytes(body, body_len, "body")
        )
        return try unsafe Arguments.copyOut(key, to: pubkey)
    }
}

extension EventKind {
    /// A list of the header.
    init(list: UInt32) throws(EngineError) {
        switch Int(list) {
        case BURROW_LIST_RELAYS: self = .relayList
        case BURROW_LIST_INBOX: self = .inboxRelays
        case BURROW_LIST_KEY_PACKAGES: self = .keyPackageRelays
        case BURROW_LIST_MOQ: self = .mediaRelays
        default: throw EngineError(.invalidArgument, "no such list: \(list)")
        }
    }
}
