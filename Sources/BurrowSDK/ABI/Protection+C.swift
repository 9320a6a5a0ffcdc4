import BurrowCrypto
import BurrowEngine
import CBurrow

extension ProtectionOptions {
    init(_ cfg: burrow_protection_config) throws(EngineError) {
        let suite = unsafe cfg.suite == 0 ? UInt32(BURROW_SFRAME_AES_128_GCM) : cfg.suite
        guard suite == BURROW_SFRAME_AES_128_GCM || suite == BURROW_SFRAME_AES_256_GCM else {
            throw EngineError(.unsupported, "suite is \(suite)")
        }
        guard unsafe cfg.call_id != nil || cfg.call_id_len == 0, unsafe (0...16384).contains(cfg.call_id_len)
        else {
            throw EngineError(.invalidArgument, "call_id is NULL or too long")
        }
        let instance = unsafe cfg.instance.map { (start) in
            unsafe Array(UnsafeBufferPointer(start: start, count: Int(BURROW_INSTANCE_SIZE)))
        }
        self.init(
            suite: UInt16(truncatingIfNeeded: suite),
            callID: unsafe Array(UnsafeBufferPointer(start: cfg.call_id, count: cfg.call_id_len)),
            path: Array(try unsafe Arguments.text(cfg.path, "path").utf8),
            instance: instance
        )
    }
}

extension RoomProtectionOptions {
    /// `nil` when the room is not to be protected.
    static func read(_ cfg: burrow_room_config) throws(EngineError) -> RoomProtectionOptions? {
        let (start, count) = unsafe (cfg.call_id, cfg.call_id_len)
        let group = try unsafe group(cfg.group)
        guard unsafe cfg.flags.has(BURROW_ROOM_PROTECTED) || group != nil else {
            guard count == 0 else {
                throw EngineError(.invalidArgument, "call_id means nothing without BURROW_ROOM_PROTECTED")
            }
            return nil
        }
        guard unsafe start != nil || count == 0, (0...16384).contains(count) else {
            throw EngineError(.invalidArgument, "call_id is NULL or too long")
        }
        return RoomProtectionOptions(
            callID: unsafe Array(UnsafeBufferPointer(start: start, count: count)),
            group: group
        )
    }

    static func group(_ handle: OpaquePointer?) throws(EngineError) -> HostGroup? {
        guard let handle = unsafe handle else { return nil }
        let group = HandleTable.shared.with(UInt(bitPattern: handle), as: HostGroup.self) { $0 }
        guard let group else { throw EngineError(.staleHandle, "group is none, or was released already") }
        return group
    }
}

extension MediaKind {
    init(_ kind: UInt32) throws(EngineError) {
        guard let raw = UInt8(exactly: kind), let kind = MediaKind(rawValue: raw) else {
            throw EngineError(.invalidArgument, "kind is \(kind)")
        }
        self = kind
    }
}

extension FramePosition {
    init(_ position: burrow_frame_position) throws(EngineError) {
        try Arguments.check(position.flags, [BURROW_FRAME_KEY], "flags")
        guard position.reserved == 0 else { throw EngineError(.unsupported, "reserved is not 0") }
        self.init(group: position.group, frame: position.frame, isKey: position.flags.has(BURROW_FRAME_KEY))
    }
}

extension HostKey {
    @_lifetime(copy bytes)
    init(epoch: UInt64, _ bytes: Span<UInt8>, _ flags: UInt32) {
        self.init(
            epoch: epoch,
            bytes,
            isExported: flags.has(BURROW_KEY_EXPORTED),
            isRemoval: flags.has(BURROW_KEY_REMOVAL)
        )
    }
}

/// A frame that goes in and one that comes out, checked.
@safe struct FrameArguments {
    let source: UnsafeRawBufferPointer
    let target: UnsafeMutableRawBufferPointer
    private let length: UnsafeMutablePointer<Int>

    init(
        _ data: UnsafePointer<UInt8>?,
        _ count: Int,
        _ out: UnsafeMutablePointer<UInt8>?,
        _ capacity: Int,
        _ length: UnsafeMutablePointer<Int>?,
        growth: Int
    ) throws(EngineError) {
        guard let length = unsafe length, let out = unsafe out, unsafe data != nil || count == 0 else {
            throw EngineError(.invalidArgument, "data, out or out_len is NULL")
        }
        guard (0...EngineLimits.protectedFrameBytes).contains(count) else {
            throw EngineError(.limit, "frame is larger than \(EngineLimits.protectedFrameBytes) bytes")
        }
        let needed = count + growth
        unsafe length.pointee = needed
        // Capacities beyond what Swift can count are more than enough.
        guard UInt(bitPattern: capacity) >= UInt(needed) else {
            throw EngineError(.bufferTooSmall, "\(needed) bytes are needed, \(capacity) available")
        }
        unsafe source = UnsafeRawBufferPointer(start: data, count: count)
        unsafe target = UnsafeMutableRawBufferPointer(start: out, count: needed)
        unsafe self.length = length
        let (first, second) = (UInt(bitPattern: data), UInt(bitPattern: out))
        guard count == 0 || first >= second &+ UInt(needed) || second >= first &+ UInt(count) else {
            throw EngineError(.invalidArgument, "data and out overlap")
        }
    }

    func finish(_ count: Int) -> burrow_status {
        unsafe length.pointee = count
        return .ok
    }
}
