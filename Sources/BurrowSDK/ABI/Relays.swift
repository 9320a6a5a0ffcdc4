import BurrowEngine
public import CBurrow

@c @implementation
public func burrow_relay_config_init(
    _ cfg: UnsafeMutablePointer<burrow_relay_config>?,
    _ struct_size: UInt32
) -> burrow_status {
    Boundary.enter { () throws(EngineError) -> burrow_status in
        try unsafe Arguments.initialize(cfg, struct_size, "cfg")
        return .ok
    }
}

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
public func burrow_relay_stop(
    _ relay: OpaquePointer?,
    _ req: UnsafeMutablePointer<burrow_request>?
) -> burrow_status {
    unsafe Arguments.clear(req)
    return unsafe withHandle(relay, as: HostRelay.self) { (relay) throws(EngineError) in
        unsafe Arguments.store(try relay.stop(), in: req)
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

@c @implementation
public func burrow_relay_stats_json(
    _ relay: OpaquePointer?,
    _ buf: UnsafeMutablePointer<CChar>?,
    _ cap: Int,
    _ len: UnsafeMutablePointer<Int>?
) -> burrow_status {
    unsafe withHandle(relay, as: HostRelay.self) { (relay) throws(EngineError) in
        unsafe try Arguments.copyOut(relay.statisticsJSON(), to: buf, cap, len)
    }
}
