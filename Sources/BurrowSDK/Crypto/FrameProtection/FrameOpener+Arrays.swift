package import BurrowBase

extension FrameOpener {
    /// The payload of `frame`, or why there is none, where an allocation does not matter: for the catalogue.
    package func open(
        _ frame: Span<UInt8>,
        position: FramePosition,
        now: Instant
    ) throws(CryptoError) -> Result<[UInt8], FrameDropReason> {
        var payload = [UInt8](repeating: 0, count: frame.count)
        let result = try unsafe payload.withUnsafeMutableBufferPointer { (target) throws(CryptoError) in
            let target = UnsafeMutableRawBufferPointer(target)
            return try unsafe frame.withUnsafeBytes { (frame) throws(CryptoError) in
                try unsafe open(frame, into: target, position: position, now: now)
            }
        }
        switch result {
        case .opened(let range): return .success(Array(payload[range]))
        case .dropped(let reason): return .failure(reason)
        }
    }
}

extension FrameDropReason: Error {}
