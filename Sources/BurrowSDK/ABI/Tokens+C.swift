import BurrowEngine
import BurrowMoQ
import CBurrow

extension TokenClaims {
    init(_ claims: burrow_token_claims) throws(EngineError) {
        try Arguments.check(reserved: unsafe claims.reserved)
        let times = unsafe [claims.expires_unix, claims.issued_unix]
        guard times.allSatisfy({ $0 >= 0 }) else {
            throw EngineError(.invalidArgument, "a time of the claims is negative")
        }
        let root = unsafe try Arguments.optionalText(claims.root, "root") ?? ""
        let publish = unsafe try Arguments.texts(claims.publish, claims.publish_count, "publish")
        let subscribe = unsafe try Arguments.texts(claims.subscribe, claims.subscribe_count, "subscribe")
        guard max(publish.count, subscribe.count) <= AccessLimits.grants else {
            throw EngineError(.limit, "more than \(AccessLimits.grants) paths are granted")
        }
        self.init(
            scope: SessionScope(
                root: try BroadcastPath(root, "root"),
                publish: try publish.map { (path) throws(EngineError) in try BroadcastPath(path, "publish") },
                subscribe: try subscribe.map { (path) throws(EngineError) in
                    try BroadcastPath(path, "subscribe")
                }
            ),
            expires: times[0] == 0 ? nil : times[0],
            issued: times[1] == 0 ? nil : times[1]
        )
    }

    /// Fills the header's struct, whose pointers lead into `buffer`: first the two lists, then the texts.
    func copyOut(
        to out: UnsafeMutablePointer<burrow_token_claims>?,
        texts buffer: UnsafeMutablePointer<CChar>?,
        _ capacity: Int,
        _ length: UnsafeMutablePointer<Int>?
    ) throws(EngineError) -> burrow_status {
        guard let length = unsafe length else { throw EngineError(.invalidArgument, "len is NULL") }
        let paths = [scope.root.description] + (scope.publish + scope.subscribe).map(\.description)
        let word = MemoryLayout<UInt>.stride
        // As many bytes as it may take to reach a multiple of a pointer's size from wherever the buffer begins.
        let needed = word - 1 + (paths.count - 1) * word + paths.reduce(0) { $0 + $1.utf8.count + 1 }
        unsafe length.pointee = needed
        guard let buffer = unsafe buffer else {
            guard capacity == 0 else { throw EngineError(.invalidArgument, "buf is NULL but cap is not 0") }
            return .ok
        }
        guard UInt(bitPattern: capacity) >= UInt(needed) else {
            throw EngineError(.bufferTooSmall, "\(needed) bytes are needed, \(capacity) available")
        }
        let list = unsafe UnsafeMutableRawPointer(buffer).alignedUp(toMultipleOf: word)
        var text = unsafe list + (paths.count - 1) * word
        var value = unsafe burrow_token_claims()
        for (index, path) in paths.enumerated() {
            let place = unsafe UnsafeMutableRawBufferPointer(start: text, count: path.utf8.count + 1)
            unsafe Arguments.write(path, to: place)
            let written = unsafe UnsafePointer(text.assumingMemoryBound(to: CChar.self))
            if index == 0 {
                unsafe value.root = written
            } else {
                unsafe (list + (index - 1) * word).storeBytes(
                    of: written,
                    as: Optional<UnsafePointer<CChar>>.self
                )
            }
            unsafe text += place.count
        }
        let first = unsafe list.assumingMemoryBound(to: Optional<UnsafePointer<CChar>>.self)
        if !scope.publish.isEmpty { unsafe value.publish = UnsafePointer(first) }
        if !scope.subscribe.isEmpty { unsafe value.subscribe = UnsafePointer(first + scope.publish.count) }
        unsafe value.publish_count = scope.publish.count
        unsafe value.subscribe_count = scope.subscribe.count
        unsafe value.expires_unix = expires ?? 0
        unsafe value.issued_unix = issued ?? 0
        unsafe try Arguments.write(value, to: out, "out")
        return .ok
    }
}
