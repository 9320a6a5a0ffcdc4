import BurrowEngine
import BurrowMoQ
public import CBurrow

@c @implementation
public func burrow_token_sign(
    _ claims: UnsafePointer<burrow_token_claims>?,
    _ key: UnsafePointer<CChar>?,
    _ buf: UnsafeMutablePointer<CChar>?,
    _ cap: Int,
    _ len: UnsafeMutablePointer<Int>?
) -> burrow_status {
    Boundary.enter { () throws(EngineError) -> burrow_status in
        let wanted = unsafe try TokenClaims(Arguments.read(claims, zero: burrow_token_claims(), "claims"))
        let token = unsafe try Tokens.sign(wanted, key: Arguments.text(key, "key"))
        return unsafe try Arguments.copyOut(token, to: buf, cap, len)
    }
}

@c @implementation
public func burrow_token_verify(
    _ token: UnsafePointer<CChar>?,
    _ keys: UnsafePointer<CChar>?,
    _ out: UnsafeMutablePointer<burrow_token_claims>?,
    _ buf: UnsafeMutablePointer<CChar>?,
    _ cap: Int,
    _ len: UnsafeMutablePointer<Int>?
) -> burrow_status {
    Boundary.enter { () throws(EngineError) -> burrow_status in
        unsafe try Arguments.check(out, "out")
        let claims = unsafe try Tokens.verify(
            Arguments.text(token, "token"),
            keys: Arguments.text(keys, "keys")
        )
        return unsafe try claims.copyOut(to: out, texts: buf, cap, len)
    }
}

@c @implementation
public func burrow_token_request(
    _ id: OpaquePointer?,
    _ service_url: UnsafePointer<CChar>?,
    _ claims: UnsafePointer<burrow_token_claims>?,
    _ cfg: UnsafePointer<burrow_nostr_relay_config>?,
    _ req: UnsafeMutablePointer<burrow_request>?
) -> burrow_status {
    unsafe Arguments.clear(req)
    return unsafe withHandle(id, as: HostIdentity.self) { (identity) throws(EngineError) in
        guard unsafe req != nil else { throw EngineError(.invalidArgument, "req is NULL") }
        let service = try unsafe Arguments.text(service_url, "service_url")
        let options = try unsafe NostrRelayOptions(pointer: cfg)
        var wanted: TokenClaims?
        if let claims = unsafe claims {
            wanted = unsafe try TokenClaims(Arguments.read(claims, zero: burrow_token_claims(), "claims"))
        }
        return unsafe Arguments.store(try identity.requestToken(of: service, wanted, options), in: req)
    }
}
