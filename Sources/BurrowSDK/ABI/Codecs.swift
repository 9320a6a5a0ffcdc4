import BurrowEngine
public import CBurrow

@c @implementation
public func burrow_encoder_create(
    _ e: OpaquePointer?,
    _ kind: UInt32,
    _ enc: UnsafePointer<burrow_encoding>?,
    _ out: UnsafeMutablePointer<OpaquePointer?>?
) -> burrow_status {
    unsafe withHandle(e, as: Engine.self) { (engine) throws(EngineError) in
        let target = try unsafe Arguments.target(out)
        let ofSound = try isSound(kind)
        var encoding = Encoding()
        if unsafe enc != nil {
            encoding = try Encoding(unsafe Arguments.read(enc, zero: burrow_encoding(), "enc"))
        }
        let handle = try engine.makeEncoder(encoding, ofSound: ofSound)
        unsafe target.pointee = OpaquePointer(bitPattern: handle)
        return .ok
    }
}

@c @implementation
public func burrow_decoder_create(
    _ e: OpaquePointer?,
    _ kind: UInt32,
    _ description: UnsafePointer<UInt8>?,
    _ description_len: Int,
    _ out: UnsafeMutablePointer<OpaquePointer?>?
) -> burrow_status {
    unsafe withHandle(e, as: Engine.self) { (engine) throws(EngineError) in
        let target = try unsafe Arguments.target(out)
        let ofSound = try isSound(kind)
        guard unsafe description != nil || description_len == 0, (0...65_536).contains(description_len) else {
            throw EngineError(.invalidArgument, "description is NULL or longer than 65536 bytes")
        }
        let bytes = unsafe UnsafeBufferPointer(start: description, count: description_len)
        let handle = try engine.makeDecoder(unsafe Span(_unsafeElements: bytes), ofSound: ofSound)
        unsafe target.pointee = OpaquePointer(bitPattern: handle)
        return .ok
    }
}

/// Whether a codec is one of sound or one of pictures.
private func isSound(_ kind: UInt32) throws(EngineError) -> Bool {
    switch Int(kind) {
    case BURROW_TRACK_KIND_AUDIO: true
    case BURROW_TRACK_KIND_VIDEO: false
    default: throw EngineError(.invalidArgument, "kind is neither audio nor video: \(kind)")
    }
}
