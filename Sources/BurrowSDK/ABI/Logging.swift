import BurrowEngine
public import CBurrow

@c @implementation
public func burrow_log_set_level(_ level: Int32, _ component: UnsafePointer<CChar>?) -> burrow_status {
    Boundary.enter { () throws(EngineError) -> burrow_status in
        guard let level = LogLevel(rawValue: level) else {
            throw EngineError(.invalidArgument, "no such log level: \(level)")
        }
        LogRing.shared.setLevel(level, component: unsafe try Arguments.optionalText(component, "component"))
        return .ok
    }
}

@c @implementation
public func burrow_log_set_handler(
    _ fn: burrow_log_fn?,
    _ user_data: UnsafeMutableRawPointer?
) -> burrow_status {
    Boundary.enter { () throws(EngineError) -> burrow_status in
        try unsafe LogRing.shared.setHandler(
            unsafe fn.map { unsafe unsafeBitCast($0, to: UnsafeMutableRawPointer.self) },
            userData: user_data
        )
        return .ok
    }
}

@c @implementation
public func burrow_log_read(
    _ level: UnsafeMutablePointer<Int32>?,
    _ buf: UnsafeMutablePointer<CChar>?,
    _ cap: Int,
    _ len: UnsafeMutablePointer<Int>?
) -> burrow_status {
    Boundary.enter { () throws(EngineError) -> burrow_status in
        guard let level = unsafe level else { throw EngineError(.invalidArgument, "level is NULL") }
        guard let line = LogRing.shared.first else { return .again }
        unsafe level.pointee = line.level.rawValue
        let status = unsafe try Arguments.copyOut(line.text, to: buf, cap, len)
        if unsafe buf != nil { LogRing.shared.discardFirst(line) }
        return status
    }
}
