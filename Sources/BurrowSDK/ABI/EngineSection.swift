import BurrowBase
import BurrowEngine
import BurrowNostr
public import CBurrow

@c @implementation
public func burrow_engine_create(
    _ cfg: UnsafePointer<burrow_engine_config>?,
    _ out: UnsafeMutablePointer<OpaquePointer?>?
) -> burrow_status {
    Boundary.enter { () throws(EngineError) -> burrow_status in
        let target = try unsafe Arguments.target(out)
        let read = unsafe try cfg.map { (cfg) throws(EngineError) in
            unsafe try Arguments.read(cfg, zero: burrow_engine_config(), "cfg")
        }
        let chosen = unsafe read ?? burrow_engine_config()
        let engine = try Engine.start(
            buffers: unsafe SocketBuffers(chosen),
            hasHostRelays: unsafe chosen.flags.has(BURROW_ENGINE_HOST_RELAYS),
            calls: unsafe CallRules(chosen),
            proxy: unsafe try ProxyURL(chosen)
        )
        unsafe target.pointee = OpaquePointer(bitPattern: try engine.publish())
        return .ok
    }
}

@c @implementation
public func burrow_engine_destroy(_ e: OpaquePointer?) -> burrow_status {
    unsafe withHandle(e, as: Engine.self) { (engine) throws(EngineError) in
        try engine.destroy()
        return .ok
    }
}

@c @implementation
public func burrow_engine_event_fd(
    _ e: OpaquePointer?,
    _ fd: UnsafeMutablePointer<Int32>?
) -> burrow_status {
    unsafe withHandle(e, as: Engine.self) { (engine) throws(EngineError) in
        guard let fd = unsafe fd else { throw EngineError(.invalidArgument, "fd is NULL") }
        unsafe fd.pointee = engine.events.useDescriptor()
        return .ok
    }
}

@c @implementation
public func burrow_engine_set_wakeup(
    _ e: OpaquePointer?,
    _ fn: burrow_wakeup_fn?,
    _ user_data: UnsafeMutableRawPointer?
) -> burrow_status {
    unsafe withHandle(e, as: Engine.self) { (engine) throws(EngineError) in
        let raw = unsafe fn.map { unsafe unsafeBitCast($0, to: UnsafeMutableRawPointer.self) }
        try unsafe engine.events.setWakeup(raw, userData: user_data)
        return .ok
    }
}

@c @implementation
public func burrow_engine_next_event(
    _ e: OpaquePointer?,
    _ timeout_ms: Int32,
    _ out: UnsafeMutablePointer<burrow_event>?
) -> burrow_status {
    unsafe withHandle(e, as: Engine.self) { (engine) throws(EngineError) in
        try unsafe Arguments.check(out, "out")
        return try engine.drain { (queue) throws(EngineError) -> burrow_status in
            switch queue.next(timeout: timeout_ms) {
            case .event(let event):
                try unsafe Arguments.write(burrow_event(event, queue), to: out, "out")
                return .ok
            case .nothing: return .again
            case .closed: throw EngineError(.closed, "the engine is over")
            }
        }
    }
}

@c @implementation
public func burrow_engine_dispatch(
    _ e: OpaquePointer?,
    _ timeout_ms: Int32,
    _ fn: burrow_event_fn?,
    _ user_data: UnsafeMutableRawPointer?
) -> burrow_status {
    unsafe withHandle(e, as: Engine.self) { (engine) throws(EngineError) in
        guard let fn = unsafe fn else { throw EngineError(.invalidArgument, "fn is NULL") }
        return try engine.drain { (queue) throws(EngineError) -> burrow_status in
            var delivered = 0
            // A pass ends, even when events come as fast as they are handled.
            while delivered < EngineLimits.waitingEvents {
                switch queue.next(timeout: delivered == 0 ? timeout_ms : 0) {
                case .event(let event):
                    unsafe burrow_event(event, queue).show(to: fn, user_data)
                    delivered += 1
                    continue
                case .nothing: return delivered > 0 ? .ok : .again
                case .closed where delivered == 0: throw EngineError(.closed, "the engine is over")
                case .closed: return .ok
                }
            }
            return .ok
        }
    }
}

@c @implementation
public func burrow_engine_network_changed(_ e: OpaquePointer?, _ flags: UInt32) -> burrow_status {
    unsafe withHandle(e, as: Engine.self) { (engine) throws(EngineError) in
        try Arguments.check(flags, [BURROW_NETWORK_SWITCHED, BURROW_NETWORK_RESUMED], "flags")
        try engine.networkChanged()
        return .ok
    }
}

@c @implementation
public func burrow_request_cancel(_ e: OpaquePointer?, _ req: burrow_request) -> burrow_status {
    unsafe withHandle(e, as: Engine.self) { (engine) throws(EngineError) in
        engine.cancel(req)
        return .ok
    }
}
