internal import BurrowBase

/// The forms for frames that come one at a time and may cost an allocation.
extension SFrameKey {
    /// A protected copy of `payload`.
    package func seal(
        _ payload: Span<UInt8>,
        counter: UInt64,
        metadata: Span<UInt8>
    ) throws(CryptoError) -> [UInt8] {
        let size = overhead(counter: counter)
        let (total, overflow) = payload.count.addingReportingOverflow(size.header + size.tag)
        guard !overflow else { throw CryptoError(.invalidLength, "payload is too long") }
        var frame = [UInt8](repeating: 0, count: total)
        _ = try unsafe frame.withUnsafeMutableBufferPointer { (target) throws(CryptoError) in
            let target = UnsafeMutableRawBufferPointer(target)
            return try unsafe payload.withUnsafeBytes { (payload) throws(CryptoError) in
                try unsafe metadata.withUnsafeBytes { (metadata) throws(CryptoError) in
                    try unsafe seal(counter: counter, metadata: metadata, payload, into: target)
                }
            }
        }
        return frame
    }

    /// The payload of `frame`, or `nil` if it is not of this key or not authentic.
    package func open(_ frame: Span<UInt8>, metadata: Span<UInt8>) throws(CryptoError) -> [UInt8]? {
        var reader = ByteReader(frame)
        let header: SFrameHeader
        do {
            header = try SFrameHeader(from: &reader)
        } catch {
            return nil
        }
        var plaintext = [UInt8](repeating: 0, count: reader.remaining)
        let body = frame.extracting(reader.offset..<frame.count)
        let count = try unsafe plaintext.withUnsafeMutableBufferPointer { (target) throws(CryptoError) in
            let target = UnsafeMutableRawBufferPointer(target)
            return try unsafe body.withUnsafeBytes { (body) throws(CryptoError) in
                try unsafe metadata.withUnsafeBytes { (metadata) throws(CryptoError) in
                    try unsafe open(body, header: header, metadata: metadata, into: target)
                }
            }
        }
        guard let count else { return nil }
        plaintext.removeLast(plaintext.count - count)
        return plaintext
    }
}
