import BurrowBase
import BurrowEngine
import BurrowMedia
import BurrowMoQ
public import CBurrow

@c @implementation
public func burrow_track_publish(
    _ room: OpaquePointer?,
    _ cfg: UnsafePointer<burrow_track_config>?,
    _ out: UnsafeMutablePointer<OpaquePointer?>?
) -> burrow_status {
    unsafe withHandle(room, as: HostRoom.self) { (room) throws(EngineError) in
        let target = try unsafe Arguments.target(out)
        let read = try unsafe Arguments.read(cfg, zero: burrow_track_config(), "cfg")
        let handle = try unsafe publish(read, in: room)
        unsafe target.pointee = OpaquePointer(bitPattern: handle)
        return .ok
    }
}

/// Publishes frames as they are, or what media there is to be made of samples and pictures.
private func publish(_ cfg: burrow_track_config, in room: HostRoom) throws(EngineError) -> UInt {
    let configuration = try unsafe TrackConfiguration(cfg)
    let kind = unsafe cfg.kind
    guard let media = try unsafe HostMedia(cfg) else { return try room.publish(configuration, content: kind) }
    return try room.publish(configuration, content: kind, media)
}

/// Subscribes to frames as they are, or to what samples and pictures can be made of them.
private func subscribe(
    _ path: BroadcastPath,
    _ name: UnsafePointer<CChar>?,
    _ want: UnsafePointer<burrow_track_request>?,
    in room: HostRoom
) throws(EngineError) -> UInt {
    var read = burrow_track_request()
    if unsafe want != nil { read = try unsafe Arguments.read(want, zero: read, "want") }
    guard let media = try HostMedia(read) else {
        let name = try unsafe TrackConfiguration.name(name)
        let isRecorded = read.flags.has(BURROW_TRACK_RECORDED)
        return try room.subscribe(path, name: name, SubscribeOptions(read), isRecorded: isRecorded)
    }
    let name = unsafe name == nil ? "" : try unsafe TrackConfiguration.name(name)
    return try room.subscribe(path, name: name, content: read.kind, media, MediaWishes(read))
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
        let handle = try unsafe subscribe(broadcast, name, want, in: room)
        unsafe target.pointee = OpaquePointer(bitPattern: handle)
        return .ok
    }
}

@c @implementation
public func burrow_track_update(
    _ track: OpaquePointer?,
    _ want: UnsafePointer<burrow_track_request>?
) -> burrow_status {
    unsafe withHandle(track, as: HostTrack.self) { (track) throws(EngineError) in
        let read = try unsafe Arguments.read(want, zero: burrow_track_request(), "want")
        let isMedia = track.media != nil
        let keepsKind = isMedia ? read.kind == track.content : read.kind <= UInt32(BURROW_TRACK_KIND_ENCODED)
        guard keepsKind || track.direction == .published else {
            throw EngineError(.invalidArgument, "kind cannot be changed")
        }
        guard
            !isMedia || read.flags.has(BURROW_TRACK_HOST_CODEC) == track.isEncodedByHost
                || track.direction == .published
        else {
            throw EngineError(.invalidArgument, "whose the codec is cannot be changed")
        }
        if isMedia {
            try track.update(MediaWishes(read))
        } else {
            try track.update(SubscribeOptions(read))
        }
        return .ok
    }
}

@c @implementation
public func burrow_track_push_encoded(
    _ track: OpaquePointer?,
    _ frame: UnsafePointer<burrow_encoded_frame>?
) -> burrow_status {
    unsafe withTrack(track) { (track) throws(EngineError) in
        let read = try unsafe Arguments.read(frame, zero: burrow_encoded_frame(), "frame")
        let bytes = unsafe try read.payload()
        let time = unsafe read.timestamp_us == 0 ? burrow_now_us() : read.timestamp_us
        let flags = unsafe FrameFlags(rawValue: read.flags)
        return try unsafe track.push(bytes, timestamp: time, flags: flags) ? .ok : .again
    } codec: { (codec) throws(EngineError) in
        let read = try unsafe Arguments.read(frame, zero: burrow_encoded_frame(), "frame")
        let bytes = unsafe Span<UInt8>(_unsafeBytes: try read.payload())
        let (time, duration) = unsafe (read.timestamp_us, read.duration_us)
        let flags = unsafe FrameFlags(rawValue: read.flags)
        return try codec.push(bytes, timestamp: time, duration: duration, flags: flags) ? .ok : .again
    }
}

@c @implementation
public func burrow_track_pull_encoded(
    _ track: OpaquePointer?,
    _ out: UnsafeMutablePointer<burrow_encoded_frame>?
) -> burrow_status {
    unsafe withTrack(track) { (track) throws(EngineError) in
        try unsafe Arguments.check(out, "out")
        guard let frame = try track.pull() else { return .again }
        try unsafe Arguments.write(burrow_encoded_frame(frame), to: out, "out")
        return .ok
    } codec: { (codec) throws(EngineError) in
        try unsafe Arguments.check(out, "out")
        guard let frame = try codec.pullFrame() else { return .again }
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
    _ out: UnsafeMutablePointer<burrow_track_stats>?,
    _ media: UnsafeMutablePointer<burrow_media_stats>?
) -> burrow_status {
    unsafe withTrack(track) { (track) throws(EngineError) in
        // What may be missing comes first, so that all is written or nothing.
        if unsafe out != nil { try unsafe Arguments.check(out, "out") }
        if unsafe media != nil || out == nil {
            try unsafe Arguments.write(burrow_media_stats(track.readMedia()), to: media, "media")
        }
        if unsafe out != nil { try unsafe Arguments.write(burrow_track_stats(track.figures), to: out, "out") }
        return .ok
    } codec: { (codec) throws(EngineError) in
        guard unsafe out == nil else {
            throw EngineError(.wrongKind, "encoders and decoders belong to no room")
        }
        try unsafe Arguments.write(burrow_media_stats(codec.readMedia()), to: media, "media")
        return .ok
    }
}
