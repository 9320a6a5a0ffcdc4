import BurrowEngine
public import CBurrow

@c @implementation
public func burrow_call_start(
    _ id: OpaquePointer?,
    _ cfg: UnsafePointer<burrow_call_config>?,
    _ out: UnsafeMutablePointer<OpaquePointer?>?,
    _ req: UnsafeMutablePointer<burrow_request>?
) -> burrow_status {
    unsafe Arguments.clear(req)
    return unsafe withHandle(id, as: HostIdentity.self) { (identity) throws(EngineError) in
        let target = try unsafe Arguments.target(out)
        let read = try unsafe Arguments.read(cfg, zero: burrow_call_config(), "cfg")
        guard let group = try unsafe RoomProtectionOptions.group(read.group) else {
            throw EngineError(.invalidArgument, "a call needs a group")
        }
        let opening = try identity.call(group, unsafe CallOptions(read))
        unsafe target.pointee = OpaquePointer(bitPattern: opening.handle)
        return unsafe Arguments.store(opening.request, in: req)
    }
}

@c @implementation
public func burrow_call_accept(
    _ c: OpaquePointer?,
    _ cfg: UnsafePointer<burrow_call_config>?,
    _ req: UnsafeMutablePointer<burrow_request>?
) -> burrow_status {
    unsafe Arguments.clear(req)
    return unsafe withHandle(c, as: HostCall.self) { (call) throws(EngineError) in
        var options = CallOptions()
        if let cfg = unsafe cfg {
            let read = try unsafe Arguments.read(cfg, zero: burrow_call_config(), "cfg")
            guard unsafe read.group == nil, unsafe read.relays == nil, unsafe read.ring_ms == 0 else {
                throw EngineError(.invalidArgument, "group, relays and ring_ms are for who calls")
            }
            options = try unsafe CallOptions(read)
        }
        return unsafe Arguments.store(try call.accept(options), in: req)
    }
}

@c @implementation
public func burrow_call_end(
    _ c: OpaquePointer?,
    _ flags: UInt32,
    _ req: UnsafeMutablePointer<burrow_request>?
) -> burrow_status {
    unsafe Arguments.clear(req)
    return unsafe withHandle(c, as: HostCall.self) { (call) throws(EngineError) in
        try Arguments.check(flags, [BURROW_CALL_END_ALL, BURROW_CALL_END_BUSY], "flags")
        var ending = CallEnding()
        ending.isForAll = flags.has(BURROW_CALL_END_ALL)
        ending.isBusy = flags.has(BURROW_CALL_END_BUSY)
        return unsafe Arguments.store(try call.end(ending), in: req)
    }
}

@c @implementation
public func burrow_call_update(
    _ c: OpaquePointer?,
    _ change: UnsafePointer<burrow_call_change>?,
    _ req: UnsafeMutablePointer<burrow_request>?
) -> burrow_status {
    unsafe Arguments.clear(req)
    return unsafe withHandle(c, as: HostCall.self) { (call) throws(EngineError) in
        let read = try unsafe Arguments.read(change, zero: burrow_call_change(), "change")
        return unsafe Arguments.store(try call.update(CallChange(read)), in: req)
    }
}

@c @implementation
public func burrow_call_info_get(
    _ c: OpaquePointer?,
    _ out: UnsafeMutablePointer<burrow_call_info>?
) -> burrow_status {
    unsafe withHandle(c, as: HostCall.self) { (call) throws(EngineError) in
        let info = unsafe burrow_call_info(call, call.snapshot.withLock { $0 })
        try unsafe Arguments.write(info, to: out, "out")
        return .ok
    }
}

@c @implementation
public func burrow_call_participants(
    _ c: OpaquePointer?,
    _ out: UnsafeMutablePointer<burrow_call_member>?,
    _ cap: Int,
    _ count: UnsafeMutablePointer<Int>?
) -> burrow_status {
    unsafe withHandle(c, as: HostCall.self) { (call) throws(EngineError) in
        let members = call.snapshot.withLock { $0.members }
        return try unsafe Arguments.copyOut(members, to: out, cap, count) { burrow_call_member($0) }
    }
}
