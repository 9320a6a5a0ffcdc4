package import BurrowBase

extension FrameSealer {
    /// A sealed copy of `payload`, where an allocation does not matter: for the catalogue.
    package func seal(
        _ payload: Span<UInt8>,
        position: FramePosition,
        now: Instant
    ) throws(CryptoError) -> [UInt8] {
        let (capacity, overflow) = payload.count.addingReportingOverflow(longestOverhead)
        guard !overflow else { throw CryptoError(.invalidLength, "frame is too long to protect") }
        var frame = [UInt8](repeating: 0, count: capacity)
        let count = try unsafe frame.withUnsafeMutableBufferPointer { (target) throws(CryptoError) in
            let target = UnsafeMutableRawBufferPointer(target)
            return try unsafe payload.withUnsafeBytes { (payload) throws(CryptoError) in
                try unsafe seal(payload, into: target, position: position, now: now)
            }
        }
        frame.removeLast(frame.count - count)
        return frame
    }
}
