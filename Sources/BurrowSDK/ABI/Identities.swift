import BurrowEngine
import BurrowNostr
public import CBurrow

@c @implementation
public func burrow_identity_generate(
    _ e: OpaquePointer?,
    _ out: UnsafeMutablePointer<OpaquePointer?>?
) -> burrow_status {
    unsafe withHandle(e, as: Engine.self) { (engine) throws(EngineError) in
        let target = try unsafe Arguments.target(out)
        return try unsafe Arguments.store(HostIdentity.open(engine), in: target)
    }
}

@c @implementation
public func burrow_identity_import(
    _ e: OpaquePointer?,
    _ nsec_or_hex: UnsafePointer<CChar>?,
    _ out: UnsafeMutablePointer<OpaquePointer?>?
) -> burrow_status {
    unsafe withHandle(e, as: Engine.self) { (engine) throws(EngineError) in
        let target = try unsafe Arguments.target(out)
        let text = try unsafe Arguments.text(nsec_or_hex, "nsec_or_hex")
        return try unsafe Arguments.store(HostIdentity.open(engine, importing: text), in: target)
    }
}

@c @implementation
public func burrow_identity_pubkey(
    _ id: OpaquePointer?,
    _ out: UnsafeMutablePointer<UInt8>?
) -> burrow_status {
    unsafe withHandle(id, as: HostIdentity.self) { (identity) throws(EngineError) in
        try unsafe Arguments.copyOut(identity.publicKey, to: out)
    }
}

@c @implementation
public func burrow_identity_export(
    _ id: OpaquePointer?,
    _ buf: UnsafeMutablePointer<CChar>?,
    _ cap: Int,
    _ len: UnsafeMutablePointer<Int>?
) -> burrow_status {
    unsafe withHandle(id, as: HostIdentity.self) { (identity) throws(EngineError) in
        try unsafe Arguments.copyOut(identity.exported(), to: buf, cap, len)
    }
}

@c @implementation
public func burrow_pubkey_parse(
    _ npub_or_hex: UnsafePointer<CChar>?,
    _ out: UnsafeMutablePointer<UInt8>?
) -> burrow_status {
    Boundary.enter { () throws(EngineError) -> burrow_status in
        let text = try unsafe Arguments.text(npub_or_hex, "npub_or_hex")
        let key: PublicKey
        do throws(NostrError) {
            key = try TextForm.publicKey(text)
        } catch {
            throw EngineError(.nostrKey, error.context)
        }
        return try unsafe Arguments.copyOut(key, to: out)
    }
}

@c @implementation
public func burrow_pubkey_format(
    _ pubkey: UnsafePointer<UInt8>?,
    _ buf: UnsafeMutablePointer<CChar>?,
    _ cap: Int,
    _ len: UnsafeMutablePointer<Int>?
) -> burrow_status {
    Boundary.enter { () throws(EngineError) -> burrow_status in
        let key = try unsafe Arguments.publicKey(pubkey, "pubkey")
        return try unsafe Arguments.copyOut(TextForm.publicKey(key).text, to: buf, cap, len)
    }
}
