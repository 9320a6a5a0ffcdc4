import BurrowEngine
import BurrowNostr
public import CBurrow

@c @implementation
public func burrow_nostr_add_relay(
    _ e: OpaquePointer?,
    _ url: UnsafePointer<CChar>?,
    _ cfg: UnsafePointer<burrow_nostr_relay_config>?
) -> burrow_status {
    unsafe withHandle(e, as: Engine.self) { (engine) throws(EngineError) in
        let text = try unsafe Arguments.text(url, "url")
        try engine.addNostrRelay(text, unsafe NostrRelayOptions(pointer: cfg))
        return .ok
    }
}

@c @implementation
public func burrow_nostr_remove_relay(
    _ e: OpaquePointer?,
    _ url: UnsafePointer<CChar>?
) -> burrow_status {
    unsafe withHandle(e, as: Engine.self) { (engine) throws(EngineError) in
        try engine.removeNostrRelay(unsafe Arguments.text(url, "url"))
        return .ok
    }
}

@c @implementation
public func burrow_nostr_list_relays(
    _ e: OpaquePointer?,
    _ out: UnsafeMutablePointer<burrow_nostr_relay_info>?,
    _ cap: Int,
    _ count: UnsafeMutablePointer<Int>?
) -> burrow_status {
    unsafe withHandle(e, as: Engine.self) { (engine) throws(EngineError) in
        try unsafe Arguments.copyOut(engine.nostrRelays, to: out, cap, count) { (relay) in
            burrow_nostr_relay_info(relay)
        }
    }
}

@c @implementation
public func burrow_nostr_authenticate(_ e: OpaquePointer?, _ id: OpaquePointer?) -> burrow_status {
    unsafe withHandle(e, as: Engine.self) { (engine) throws(EngineError) in
        guard let id = unsafe id else {
            try engine.authenticate(as: nil)
            return .ok
        }
        return unsafe withHandle(id, as: HostIdentity.self) { (identity) throws(EngineError) in
            guard identity.engine === engine else {
                throw EngineError(.invalidArgument, "the identity is of another engine")
            }
            try engine.authenticate(as: identity)
            return .ok
        }
    }
}

@c @implementation
public func burrow_nostr_publish(
    _ id: OpaquePointer?,
    _ event_json: UnsafePointer<CChar>?,
    _ urls: UnsafePointer<UnsafePointer<CChar>?>?,
    _ url_count: Int,
    _ req: UnsafeMutablePointer<burrow_request>?
) -> burrow_status {
    unsafe Arguments.clear(req)
    return unsafe withHandle(id, as: HostIdentity.self) { (identity) throws(EngineError) in
        let json = try unsafe Arguments.text(event_json, "event_json")
        let relays = try identity.engine.relays(unsafe Arguments.texts(urls, url_count, "urls"))
        return unsafe Arguments.store(try identity.publish(json, to: relays), in: req)
    }
}

@c @implementation
public func burrow_nostr_send(
    _ id: OpaquePointer?,
    _ recipient: UnsafePointer<UInt8>?,
    _ rumor_json: UnsafePointer<CChar>?,
    _ urls: UnsafePointer<UnsafePointer<CChar>?>?,
    _ url_count: Int,
    _ flags: UInt32,
    _ req: UnsafeMutablePointer<burrow_request>?
) -> burrow_status {
    unsafe Arguments.clear(req)
    return unsafe withHandle(id, as: HostIdentity.self) { (identity) throws(EngineError) in
        try Arguments.check(flags, [BURROW_NOSTR_EPHEMERAL], "flags")
        let request = try identity.send(
            unsafe Arguments.text(rumor_json, "rumor_json"),
            to: unsafe Arguments.publicKey(recipient, "recipient"),
            through: identity.engine.relays(unsafe Arguments.texts(urls, url_count, "urls")),
            isEphemeral: flags.has(BURROW_NOSTR_EPHEMERAL)
        )
        return unsafe Arguments.store(request, in: req)
    }
}

@c @implementation
public func burrow_nostr_open(
    _ id: OpaquePointer?,
    _ event_json: UnsafePointer<CChar>?,
    _ buf: UnsafeMutablePointer<CChar>?,
    _ cap: Int,
    _ len: UnsafeMutablePointer<Int>?,
    _ req: UnsafeMutablePointer<burrow_request>?
) -> burrow_status {
    unsafe Arguments.clear(req)
    return unsafe withHandle(id, as: HostIdentity.self) { (identity) throws(EngineError) in
        let json = try unsafe Arguments.text(event_json, "event_json")
        let opened = try identity.open(json, canWait: unsafe req != nil)
        return try unsafe Arguments.copyOut(opened, to: buf, cap, len, req)
    }
}

@c @implementation
public func burrow_nostr_subscribe(
    _ e: OpaquePointer?,
    _ filter_json: UnsafePointer<CChar>?,
    _ urls: UnsafePointer<UnsafePointer<CChar>?>?,
    _ url_count: Int,
    _ req: UnsafeMutablePointer<burrow_request>?
) -> burrow_status {
    unsafe Arguments.clear(req)
    return unsafe withHandle(e, as: Engine.self) { (engine) throws(EngineError) in
        guard unsafe req != nil else { throw EngineError(.invalidArgument, "req is NULL") }
        let json = try unsafe Arguments.text(filter_json, "filter_json")
        let relays = try engine.relays(unsafe Arguments.texts(urls, url_count, "urls"))
        return unsafe Arguments.store(try engine.subscribe(json, through: relays), in: req)
    }
}

@c @implementation
public func burrow_nostr_ingest(
    _ e: OpaquePointer?,
    _ event_json: UnsafePointer<CChar>?
) -> burrow_status {
    unsafe withHandle(e, as: Engine.self) { (engine) throws(EngineError) in
        try engine.ingest(unsafe Arguments.text(event_json, "event_json"))
        return .ok
    }
}

@c @implementation
public func burrow_nostr_published(
    _ e: OpaquePointer?,
    _ event_id: UnsafePointer<CChar>?,
    _ accepted: Int32
) -> burrow_status {
    unsafe withHandle(e, as: Engine.self) { (engine) throws(EngineError) in
        guard let id = EventID(hex: try unsafe Arguments.text(event_id, "event_id")) else {
            throw EngineError(.invalidArgument, "event_id is not 64 hexadecimal digits")
        }
        try engine.published(id, accepted: accepted != 0)
        return .ok
    }
}
