package import BurrowBase

/// The `legacy` container of hang: the presentation time in microseconds as a QUIC varint, then the codec's bytes.
package enum LegacyFrame {
    /// The time at the front of a frame and how many bytes it takes.
    static func timestamp(_ frame: Span<UInt8>) throws(MediaError) -> (microseconds: Int64, length: Int) {
        var reader = ByteReader(frame)
        do {
            let value = try reader.readVarint()
            return (Int64(clamping: value), reader.offset)
        } catch {
            throw MediaError(.malformed, "frame is too short for its timestamp")
        }
    }

    /// A frame ready for the track, in pooled memory. Throws for a timestamp that has no varint and for a payload
    /// beyond what a track takes.
    package static func write(
        timestamp: Int64,
        payload: Span<UInt8>,
        allocator: SliceAllocator
    ) throws(MediaError) -> Slice {
        guard timestamp >= 0, timestamp <= HangLimits.timestamp else {
            throw MediaError(.invalidArgument, "timestamp of \(timestamp) microseconds")
        }
        guard payload.count <= HangLimits.frameBytes else {
            throw MediaError(.limit, "frame of \(payload.count) bytes")
        }
        let value = UInt64(timestamp)
        let length = Varint.length(value)
        let count = payload.count
        return unsafe payload.withUnsafeBytes { (source) in
            unsafe allocator.allocate(length + count) { (target) in
                // The two top bits of a varint tell its length (RFC 9000 §16).
                let marked = value | UInt64(length.trailingZeroBitCount) << UInt64(8 * length - 2)
                for index in 0..<length {
                    let byte = UInt8(truncatingIfNeeded: marked >> UInt64(8 * (length - 1 - index)))
                    unsafe target.storeBytes(of: byte, toByteOffset: index, as: UInt8.self)
                }
                if let start = source.baseAddress {
                    unsafe (target + length).copyMemory(from: start, byteCount: count)
                }
            }
        }
    }
}
