import BurrowBase
import BurrowEngine
public import CBurrow
import CBurrowShims

@c @implementation
public func burrow_version() -> UInt32 {
    LibraryVersion.number
}

@c @implementation
public func burrow_version_string() -> UnsafePointer<CChar>? {
    unsafe LibraryVersion.text.pointer
}

@c @implementation
public func burrow_status_name(_ status: burrow_status) -> UnsafePointer<CChar>? {
    unsafe UnsafeRawPointer(StatusMapping.name(of: status).utf8Start).assumingMemoryBound(to: CChar.self)
}

@c @implementation
public func burrow_last_error(
    _ buf: UnsafeMutablePointer<CChar>?,
    _ cap: Int,
    _ len: UnsafeMutablePointer<Int>?
) -> burrow_status {
    // The failure of this very function must not replace what it is asked for.
    guard cburrow_is_forked() == 0 else { return StatusMapping.status(of: .forked) }
    do throws(EngineError) {
        return unsafe try Arguments.copyOut(String(cString: cburrow_last_error()), to: buf, cap, len)
    } catch {
        return StatusMapping.status(of: error.code)
    }
}

@c @implementation
public func burrow_has_feature(_ name: UnsafePointer<CChar>?) -> Int32 {
    guard let name = unsafe name, let text = unsafe String(validatingCString: name) else { return 0 }
    return LibraryVersion.features.contains(text) ? 1 : 0
}

@c @implementation
public func burrow_now_us() -> Int64 {
    SystemCall.now().microseconds
}

@c @implementation
public func burrow_retain(_ handle: UnsafeMutableRawPointer?) -> burrow_status {
    Boundary.enter { () throws(EngineError) -> burrow_status in
        guard let handle = unsafe handle else { throw EngineError(.invalidArgument, "the handle is NULL") }
        guard HandleTable.shared.retain(UInt(bitPattern: handle)) else {
            throw EngineError(.staleHandle, "not a handle, or released already")
        }
        return .ok
    }
}

@c @implementation
public func burrow_release(_ handle: UnsafeMutableRawPointer?) {
    guard let handle = unsafe handle, cburrow_is_forked() == 0 else { return }
    HandleTable.shared.release(UInt(bitPattern: handle))
}

@c @implementation
public func burrow_config_init(_ value: UnsafeMutableRawPointer?, _ struct_size: UInt32) -> burrow_status {
    Boundary.enter { () throws(EngineError) -> burrow_status in
        try unsafe Arguments.initialize(value, struct_size)
        return .ok
    }
}

@c @implementation
public func burrow_close(
    _ handle: UnsafeMutableRawPointer?,
    _ req: UnsafeMutablePointer<burrow_request>?
) -> burrow_status {
    unsafe Arguments.clear(req)
    return Boundary.enter { () throws(EngineError) -> burrow_status in
        guard let handle = unsafe handle else { throw EngineError(.invalidArgument, "the handle is NULL") }
        let request = try close(UInt(bitPattern: handle))
        return unsafe Arguments.store(request, in: req)
    }
}

/// Ends whatever it is; 0 when that is over at once.
private func close(_ number: UInt) throws(EngineError) -> UInt64 {
    let table = HandleTable.shared
    let room = try table.with(number, as: HostRoom.self) { (room) throws(EngineError) in try room.close() }
    if let room { return room }
    let track = try table.with(number, as: HostTrack.self) { (track) throws(EngineError) -> UInt64 in
        try track.close()
        return 0
    }
    if let track { return track }
    let codec = try table.with(number, as: HostCodec.self) { (codec) throws(EngineError) -> UInt64 in
        try codec.close()
        return 0
    }
    if let codec { return codec }
    let relay = try table.with(number, as: HostRelay.self) { (relay) throws(EngineError) in try relay.stop() }
    if let relay { return relay }
    let identity = try table.with(number, as: HostIdentity.self) { (identity) throws(EngineError) in
        try identity.close()
    }
    if let identity { return identity }
    let call = try table.with(number, as: HostCall.self) { (call) throws(EngineError) in
        try call.end(CallEnding())
    }
    if let call { return call }
    let engine = try table.with(number, as: Engine.self) { (engine) throws(EngineError) in
        try engine.shutDown()
    }
    if let engine { return engine }
    throw EngineError(.staleHandle, "not a handle of something that can be closed, or released already")
}
