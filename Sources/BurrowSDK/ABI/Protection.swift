import BurrowCrypto
import BurrowEngine
public import CBurrow

@c @implementation
public func burrow_sealer_create(
    _ cfg: UnsafePointer<burrow_protection_config>?,
    _ out: UnsafeMutablePointer<OpaquePointer?>?
) -> burrow_status {
    Boundary.enter { () throws(EngineError) -> burrow_status in
        let target = try unsafe Arguments.target(out)
        let read = try unsafe Arguments.read(cfg, zero: burrow_protection_config(), "cfg")
        return try unsafe Arguments.store(HostSealer.open(ProtectionOptions(read)), in: target)
    }
}

@c @implementation
public func burrow_sealer_add_track(
    _ sealer: OpaquePointer?,
    _ kind: UInt32,
    _ track: UnsafeMutablePointer<UInt64>?
) -> burrow_status {
    unsafe withHandle(sealer, as: HostSealer.self) { (sealer) throws(EngineError) in
        guard let track = unsafe track else { throw EngineError(.invalidArgument, "track is NULL") }
        let kind = try MediaKind(kind)
        guard kind != .catalogue else {
            throw EngineError(.invalidArgument, "the catalogue is there already")
        }
        unsafe track.pointee = try sealer.addTrack(kind)
        return .ok
    }
}

@c @implementation
public func burrow_sealer_seal(
    _ sealer: OpaquePointer?,
    _ where_: UnsafePointer<burrow_frame_position>?,
    _ data: UnsafePointer<UInt8>?,
    _ len: Int,
    _ out: UnsafeMutablePointer<UInt8>?,
    _ cap: Int,
    _ out_len: UnsafeMutablePointer<Int>?
) -> burrow_status {
    unsafe withHandle(sealer, as: HostSealer.self) { (sealer) throws(EngineError) in
        let read = try unsafe Arguments.read(where_, zero: burrow_frame_position(), "where")
        let frame = try unsafe FrameArguments(
            data,
            len,
            out,
            cap,
            out_len,
            growth: HostSealer.longestOverhead
        )
        let count = try unsafe sealer.seal(
            frame.source,
            into: frame.target,
            track: read.track,
            FramePosition(read)
        )
        return frame.finish(count)
    }
}

@c @implementation
public func burrow_opener_create(
    _ cfg: UnsafePointer<burrow_protection_config>?,
    _ out: UnsafeMutablePointer<OpaquePointer?>?
) -> burrow_status {
    Boundary.enter { () throws(EngineError) -> burrow_status in
        let target = try unsafe Arguments.target(out)
        let read = try unsafe Arguments.read(cfg, zero: burrow_protection_config(), "cfg")
        return try unsafe Arguments.store(HostOpener.open(ProtectionOptions(read)), in: target)
    }
}

@c @implementation
public func burrow_opener_open(
    _ opener: OpaquePointer?,
    _ where_: UnsafePointer<burrow_frame_position>?,
    _ data: UnsafePointer<UInt8>?,
    _ len: Int,
    _ out: UnsafeMutablePointer<UInt8>?,
    _ cap: Int,
    _ out_len: UnsafeMutablePointer<Int>?
) -> burrow_status {
    unsafe withHandle(opener, as: HostOpener.self) { (opener) throws(EngineError) in
        let read = try unsafe Arguments.read(where_, zero: burrow_frame_position(), "where")
        let frame = try unsafe FrameArguments(data, len, out, cap, out_len, growth: 0)
        let count = try unsafe opener.open(
            frame.source,
            into: frame.target,
            track: read.track,
            MediaKind(read.kind),
            FramePosition(read)
        )
        guard let count else { return .again }
        return frame.finish(count)
    }
}

@c @implementation
public func burrow_protection_context(
    _ handle: UnsafeMutableRawPointer?,
    _ out: UnsafeMutablePointer<UInt8>?,
    _ cap: Int,
    _ len: UnsafeMutablePointer<Int>?
) -> burrow_status {
    unsafe withHandle(
        handle,
        as: HostSealer.self,
        { (sealer) throws(EngineError) in try unsafe Arguments.copyOut(sealer.context, to: out, cap, len) },
        or: HostOpener.self,
        { (opener) throws(EngineError) in try unsafe Arguments.copyOut(opener.context, to: out, cap, len) }
    )
}

@c @implementation
public func burrow_protection_set_key(
    _ handle: UnsafeMutableRawPointer?,
    _ epoch: UInt64,
    _ key: UnsafePointer<UInt8>?,
    _ len: Int,
    _ flags: UInt32
) -> burrow_status {
    unsafe withHandle(
        handle,
        as: HostRoom.self,
        { (room) throws(EngineError) in
            try Arguments.check(flags, [BURROW_KEY_REMOVAL, BURROW_KEY_FORGET], "flags")
            if flags.has(BURROW_KEY_FORGET) {
                guard unsafe key == nil, len == 0 else {
                    throw EngineError(.invalidArgument, "a secret with BURROW_KEY_FORGET")
                }
                try room.removeKey(epoch: epoch)
                return .ok
            }
            let bytes = try unsafe Span(_unsafeElements: Arguments.key(key, len))
            guard bytes.count >= 16 else { throw EngineError(.invalidArgument, "key has less than 16 bytes") }
            try room.setKey(epoch: epoch, bytes, isRemoval: flags.has(BURROW_KEY_REMOVAL))
            return .ok
        },
        or: HostSealer.self,
        { (sealer) throws(EngineError) in
            try Arguments.check(flags, [BURROW_KEY_EXPORTED, BURROW_KEY_REMOVAL], "flags")
            let bytes = try unsafe Span(_unsafeElements: Arguments.key(key, len))
            try sealer.setKey(HostKey(epoch: epoch, bytes, flags))
            return .ok
        },
        or: HostOpener.self,
        { (opener) throws(EngineError) in
            try Arguments.check(flags, [BURROW_KEY_EXPORTED], "flags")
            let bytes = try unsafe Span(_unsafeElements: Arguments.key(key, len))
            try opener.setKey(HostKey(epoch: epoch, bytes, flags))
            return .ok
        }
    )
}
