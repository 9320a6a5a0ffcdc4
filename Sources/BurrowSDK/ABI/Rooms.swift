import BurrowBase
import BurrowEngine
import BurrowMoQ
public import CBurrow

@c @implementation
public func burrow_room_open(
    _ e: OpaquePointer?,
    _ cfg: UnsafePointer<burrow_room_config>?,
    _ out: UnsafeMutablePointer<OpaquePointer?>?,
    _ req: UnsafeMutablePointer<burrow_request>?
) -> burrow_status {
    unsafe Arguments.clear(req)
    return unsafe withHandle(e, as: Engine.self) { (engine) throws(EngineError) in
        let target = try unsafe Arguments.target(out)
        let read = try unsafe Arguments.read(cfg, zero: burrow_room_config(), "cfg")
        let protection = try unsafe RoomProtectionOptions.read(read)
        var configuration = try unsafe RoomConfiguration(read)
        try unsafe protection?.group?.place(
            &configuration,
            namesPrefix: read.prefix == nil,
            namesPath: read.path == nil
        )
        let opening = try engine.openRoom(
            configuration,
            followsMedia: unsafe read.flags.has(BURROW_ROOM_MEDIA),
            lastN: unsafe read.last_n == 0 ? .max : Int(clamping: read.last_n),
            tokens: unsafe read.token_request,
            protection: protection
        )
        unsafe target.pointee = OpaquePointer(bitPattern: opening.handle)
        return unsafe Arguments.store(opening.request, in: req)
    }
}

@c @implementation
public func burrow_room_info_get(
    _ room: OpaquePointer?,
    _ out: UnsafeMutablePointer<burrow_room_info>?
) -> burrow_status {
    unsafe withHandle(room, as: HostRoom.self) { (room) throws(EngineError) in
        try unsafe Arguments.write(burrow_room_info(room, room.read()), to: out, "out")
        return .ok
    }
}

@c @implementation
public func burrow_room_participants(
    _ room: OpaquePointer?,
    _ out: UnsafeMutablePointer<burrow_participant>?,
    _ cap: Int,
    _ count: UnsafeMutablePointer<Int>?
) -> burrow_status {
    unsafe withHandle(room, as: HostRoom.self) { (room) throws(EngineError) in
        try unsafe Arguments.copyOut(room.read().participants, to: out, cap, count) { burrow_participant($0) }
    }
}

@c @implementation
public func burrow_room_stats_get(
    _ room: OpaquePointer?,
    _ out: UnsafeMutablePointer<burrow_room_stats>?
) -> burrow_status {
    unsafe withHandle(room, as: HostRoom.self) { (room) throws(EngineError) in
        try unsafe Arguments.write(burrow_room_stats(room.read()), to: out, "out")
        return .ok
    }
}

@c @implementation
public func burrow_stats_json(
    _ handle: UnsafeMutableRawPointer?,
    _ buf: UnsafeMutablePointer<CChar>?,
    _ cap: Int,
    _ len: UnsafeMutablePointer<Int>?
) -> burrow_status {
    unsafe withHandle(
        handle,
        as: HostRoom.self,
        { (room) throws(EngineError) in try unsafe Arguments.copyOut(room.statisticsJSON(), to: buf, cap, len)
        },
        or: HostRelay.self,
        { (relay) throws(EngineError) in
            try unsafe Arguments.copyOut(relay.statisticsJSON(), to: buf, cap, len)
        }
    )
}
