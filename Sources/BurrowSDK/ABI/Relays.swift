import BurrowEngine
public import CBurrow

@c @implementation
public func burrow_relay_start(
    _ e: OpaquePointer?,
    _ cfg: UnsafePointer<burrow_relay_config>?,
    _ out: UnsafeMutablePointer<OpaquePointer?>?,
    _ req: UnsafeMutablePointer<burrow_request>?
) -> burrow_status {
    unsafe Arguments.clear(req)
    return unsafe withHandle(e, as: Engine.self) { (engine) throws(EngineError) in
        let target = try unsafe Arguments.target(out)
        let read = try unsafe Arguments.read(cfg, zero: burrow_relay_config(), "cfg")
        let opening = try engine.startRelay(unsafe RelayOptions(read))
        unsafe target.pointee = OpaquePointer(bitPattern: opening.handle)
        return unsafe Arguments.store(opening.request, in: req)
    }
}

@c @implementation
public func burrow_relay_info_get(
    _ relay: OpaquePointer?,
    _ out: UnsafeMutablePointer<burrow_relay_info>?
) -> burrow_status {
    unsafe withHandle(relay, as: HostRelay.self) { (relay) throws(EngineError) in
        try unsafe Arguments.write(burrow_relay_info(relay.read()), to: out, "out")
        return .ok
    }
}
