import BurrowBase
import BurrowEngine
import BurrowMedia
public import CBurrow

@c @implementation
public func burrow_track_set_encoding(
    _ track: OpaquePointer?,
    _ enc: UnsafePointer<burrow_encoding>?
) -> burrow_status {
    unsafe withTrack(track) { (track) throws(EngineError) in
        try track.setEncoding(Encoding(unsafe Arguments.read(enc, zero: burrow_encoding(), "enc")))
        return .ok
    } codec: { (codec) throws(EngineError) in
        try codec.setEncoding(Encoding(unsafe Arguments.read(enc, zero: burrow_encoding(), "enc")))
        return .ok
    }
}

@c @implementation
public func burrow_track_control(_ track: OpaquePointer?, _ command: UInt32) -> burrow_status {
    unsafe withTrack(track) { (track) throws(EngineError) in
        switch Int(command) {
        case BURROW_CONTROL_MUTE: try track.setMuted(true)
        case BURROW_CONTROL_UNMUTE: try track.setMuted(false)
        case BURROW_CONTROL_KEYFRAME: try track.requestKeyFrame()
        default: throw EngineError(.invalidArgument, "command is \(command)")
        }
        return .ok
    } codec: { (codec) throws(EngineError) in
        switch Int(command) {
        case BURROW_CONTROL_KEYFRAME: try codec.requestKeyFrame()
        case BURROW_CONTROL_MUTE, BURROW_CONTROL_UNMUTE:
            throw EngineError(.wrongKind, "encoders and decoders belong to no room")
        default: throw EngineError(.invalidArgument, "command is \(command)")
        }
        return .ok
    }
}

@c @implementation
public func burrow_track_push_audio(
    _ track: OpaquePointer?,
    _ frame: UnsafePointer<burrow_audio_frame>?
) -> burrow_status {
    unsafe withTrack(track) { (track) throws(EngineError) in
        let (read, format, bytes) = try unsafe burrow_audio_frame.recorded(frame)
        let now = SystemCall.now()
        // The last of them was recorded just now.
        let duration = unsafe Int64(read.frames) * 1_000_000 / Int64(read.sample_rate)
        let time = unsafe read.timestamp_us == 0 ? now.microseconds - duration : read.timestamp_us
        let chunk = SampleExchange.Chunk(byteCount: bytes.count, format: format, timestamp: time)
        return try unsafe track.push(bytes, chunk, now: now) ? .ok : .again
    } codec: { (codec) throws(EngineError) in
        let (read, format, bytes) = try unsafe burrow_audio_frame.recorded(frame)
        let samples = unsafe RawSpan(_unsafeBytes: bytes)
        return try codec.push(samples, format, timestamp: unsafe read.timestamp_us) ? .ok : .again
    }
}

@c @implementation
public func burrow_track_pull_audio(
    _ track: OpaquePointer?,
    _ io: UnsafeMutablePointer<burrow_audio_frame>?
) -> burrow_status {
    unsafe withTrack(track) { (track) throws(EngineError) in
        try unsafe burrow_audio_frame.fill(io) { (format, bytes) throws(EngineError) in
            try track.pull(format, into: &bytes, now: SystemCall.now())
        }
    } codec: { (codec) throws(EngineError) in
        try unsafe burrow_audio_frame.fill(io) { (format, bytes) throws(EngineError) in
            try codec.pull(format, into: &bytes)
        }
    }
}

@c @implementation
public func burrow_room_mix_audio(
    _ room: OpaquePointer?,
    _ io: UnsafeMutablePointer<burrow_audio_frame>?
) -> burrow_status {
    unsafe withHandle(room, as: HostRoom.self) { (room) throws(EngineError) in
        try unsafe burrow_audio_frame.fill(io) { (format, bytes) throws(EngineError) in
            let flags = try room.mix(format, into: &bytes, now: SystemCall.now())
            return AudioSink.Pulled(flags: flags, timestamp: 0)
        }
    }
}

@c @implementation
public func burrow_track_push_video(
    _ track: OpaquePointer?,
    _ frame: UnsafePointer<burrow_video_frame>?
) -> burrow_status {
    unsafe withTrack(track) { (track) throws(EngineError) in
        let read = try unsafe Arguments.read(frame, zero: burrow_video_frame(), "frame")
        let now = SystemCall.now()
        let time = unsafe read.timestamp_us == 0 ? now.microseconds : read.timestamp_us
        try track.push(unsafe read.view(), timestamp: time, now: now)
        return .ok
    } codec: { (codec) throws(EngineError) in
        let read = try unsafe Arguments.read(frame, zero: burrow_video_frame(), "frame")
        return try unsafe codec.push(read.view(), timestamp: read.timestamp_us) ? .ok : .again
    }
}

@c @implementation
public func burrow_track_pull_video(
    _ track: OpaquePointer?,
    _ out: UnsafeMutablePointer<burrow_video_frame>?
) -> burrow_status {
    unsafe withTrack(track) { (track) throws(EngineError) in
        try unsafe Arguments.check(out, "out")
        guard let lent = try track.pullPicture(now: SystemCall.now()) else { return .again }
        try unsafe Arguments.write(burrow_video_frame(lent), to: out, "out")
        return .ok
    } codec: { (codec) throws(EngineError) in
        try unsafe Arguments.check(out, "out")
        guard let lent = try codec.pullPicture() else { return .again }
        try unsafe Arguments.write(burrow_video_frame(lent), to: out, "out")
        return .ok
    }
}

@c @implementation
public func burrow_room_media(
    _ room: OpaquePointer?,
    _ path: UnsafePointer<CChar>?,
    _ out: UnsafeMutablePointer<burrow_media_info>?,
    _ cap: Int,
    _ count: UnsafeMutablePointer<Int>?
) -> burrow_status {
    unsafe withHandle(room, as: HostRoom.self) { (room) throws(EngineError) in
        let path = unsafe try Arguments.text(path, "path")
        guard let catalogue = try room.offers(of: path) else {
            throw EngineError(.notFound, "no catalogue of \(path) is known")
        }
        return try unsafe Arguments.copyOut(burrow_media_info.list(catalogue), to: out, cap, count) { $0 }
    }
}

@c @implementation
public func burrow_video_frame_alloc(
    _ e: OpaquePointer?,
    _ format: Int32,
    _ width: UInt32,
    _ height: UInt32,
    _ out: UnsafeMutablePointer<burrow_video_frame>?
) -> burrow_status {
    unsafe withHandle(e, as: Engine.self) { (engine) throws(EngineError) in
        try unsafe Arguments.check(out, "out")
        let frame = try unsafe burrow_video_frame.allocate(engine, format, width, height)
        try unsafe Arguments.write(frame, to: out, "out")
        return .ok
    }
}

@c @implementation
public func burrow_video_frame_convert(
    _ src: UnsafePointer<burrow_video_frame>?,
    _ dst: UnsafeMutablePointer<burrow_video_frame>?
) -> burrow_status {
    Boundary.enter { () throws(EngineError) -> burrow_status in
        let source = try unsafe Arguments.read(src, zero: burrow_video_frame(), "src")
        var target = try unsafe Arguments.read(dst, zero: burrow_video_frame(), "dst")
        try unsafe target.take(source)
        try unsafe Arguments.write(target, to: dst, "dst")
        return .ok
    }
}
