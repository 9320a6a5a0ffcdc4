import BurrowBase
import BurrowEngine
import BurrowMoQ
public import CBurrow

@c @implementation
public func burrow_track_config_init(
    _ cfg: UnsafeMutablePointer<burrow_track_config>?,
    _ struct_size: UInt32
) -> burrow_status {
    Boundary.enter { () throws(EngineError) -> burrow_status in
        try unsafe Arguments.initialize(cfg, struct_size, "cfg")
        return .ok
    }
}

@c @implementation
public func burrow_track_publish(
    _ room: OpaquePointer?,
    _ cfg: UnsafePointer<burrow_track_config>?,
    _ out: UnsafeMutablePointer<OpaquePointer?>?
) -> burrow_status {
    unsafe withHandle(room, as: HostRoom.self) { (room) throws(EngineError) in
        let target = try unsafe Arguments.target(out)
        let read = try unsafe Arguments.read(cfg, zero: burrow_track_config(), "cfg")
        let handle = try room.publish(unsafe TrackConfiguration(read), content: unsafe read.kind)
        unsafe target.pointee = OpaquePointer(bitPattern: handle)
        return .ok
    }
}

@c @implementation
public func burrow_track_unpublish(_ track: OpaquePointer?) -> burrow_status {
    unsafe withHandle(track, as: HostTrack.self) { (track) throws(EngineError) in
        try track.close(.published)
        return .ok
    }
}

@c @implementation
public func burrow_track_request_init(
    _ want: UnsafeMutablePointer<burrow_track_request>?,
    _ struct_size: UInt32
) -> burrow_status {
    Boundary.enter { () throws(EngineError) -> burrow_status in
        try unsafe Arguments.initialize(want, struct_size, "want")
        return .ok
    }
}

@c @implementation
public func burrow_track_subscribe(
    _ room: OpaquePointer?,
    _ path: UnsafePointer<CChar>?,
    _ name: UnsafePointer<CChar>?,
    _ want: UnsafePointer<burrow_track_request>?,
    _ out: UnsafeMutablePointer<OpaquePointer?>?
) -> burrow_status {
    unsafe withHandle(room, as: HostRoom.self) { (room) throws(EngineError) in
        let target = try unsafe Arguments.target(out)
        let broadcast = try BroadcastPath(unsafe Arguments.text(path, "path"), "path")
        let track = unsafe try TrackConfiguration.name(name)
        let handle = try room.subscribe(broadcast, name: track, unsafe SubscribeOptions.read(want))
        unsafe target.pointee = OpaquePointer(bitPattern: handle)
        return .ok
    }
}

@c @implementation
public func burrow_track_unsubscribe(_ track: OpaquePointer?) -> burrow_status {
    unsafe withHandle(track, as: HostTrack.self) { (track) throws(EngineError) in
        try track.close(.subscribed)
        return .ok
    }
}

@c @implementation
public func burrow_track_update(
    _ track: OpaquePointer?,
    _ want: UnsafePointer<burrow_track_request>?
) -> burrow_status {
    unsafe withHandle(track, as: HostTrack.self) { (track) throws(EngineError) in
        guard unsafe want != nil else { throw EngineError(.invalidArgument, "want is NULL") }
        try track.update(unsafe SubscribeOptions.read(want))
        return .ok
    }
}

@c @implementation
public func burrow_track_push_encoded(
    _ track: OpaquePointer?,
    _ frame: UnsafePointer<burrow_encoded_frame>?
) -> burrow_status {
    unsafe withHandle(track, as: HostTrack.self) { (track) throws(EngineError) in
        let read = try unsafe Arguments.read(frame, zero: burrow_encoded_frame(), "frame")
        let bytes = unsafe try read.payload()
        let time = unsafe read.timestamp_us == 0 ? burrow_now_us() : read.timestamp_us
        let flags = unsafe FrameFlags(rawValue: read.flags)
        return try unsafe track.push(bytes, timestamp: time, flags: flags) ? .ok : .again
    }
}

@c @implementation
public func burrow_track_pull_encoded(
    _ track: OpaquePointer?,
    _ out: UnsafeMutablePointer<burrow_encoded_frame>?
) -> burrow_status {
    unsafe withHandle(track, as: HostTrack.self) { (track) throws(EngineError) in
        try unsafe Arguments.check(out, "out")
        guard let frame = try track.pull() else { return .again }
        try unsafe Arguments.write(burrow_encoded_frame(frame), to: out, "out")
        return .ok
    }
}

@c @implementation
public func burrow_track_fetch(
    _ track: OpaquePointer?,
    _ group: UInt64,
    _ req: UnsafeMutablePointer<burrow_request>?
) -> burrow_status {
    unsafe Arguments.clear(req)
    return unsafe withHandle(track, as: HostTrack.self) { (track) throws(EngineError) in
        guard group < Varint.max else { throw EngineError(.invalidArgument, "group is no group's number") }
        return unsafe Arguments.store(try track.fetch(group), in: req)
    }
}

@c @implementation
public func burrow_track_info_get(
    _ track: OpaquePointer?,
    _ out: UnsafeMutablePointer<burrow_track_info>?
) -> burrow_status {
    unsafe withHandle(track, as: HostTrack.self) { (track) throws(EngineError) in
        try unsafe Arguments.write(burrow_track_info(track, track.read()), to: out, "out")
        return .ok
    }
}

@c @implementation
public func burrow_track_stats_get(
    _ track: OpaquePointer?,
    _ out: UnsafeMutablePointer<burrow_track_stats>?
) -> burrow_status {
    unsafe withHandle(track, as: HostTrack.self) { (track) throws(EngineError) in
        try unsafe Arguments.write(burrow_track_stats(track, track.read()), to: out, "out")
        return .ok
    }
}
