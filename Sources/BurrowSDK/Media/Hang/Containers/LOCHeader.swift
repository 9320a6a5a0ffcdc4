import BurrowBase

/// What stands before the codec's bytes in the `loc` container (draft-ietf-moq-loc): the length of the properties,
/// then each as the difference of its type to the one before and, by the type's parity, a varint or bytes.
struct LOCHeader {
    /// Microseconds.
    let timestamp: Int64
    /// Bytes up to the codec's.
    let length: Int

    private enum Property {
        static let timescale: UInt64 = 0x08
        /// Second is what older publishers write.
        static let timestamps: [UInt64] = [0x10, 0x06]
    }

    init(_ frame: Span<UInt8>) throws(MediaError) {
        var reader = ByteReader(frame)
        do {
            let size = try reader.readLength(limit: HangLimits.propertyBytes)
            guard size <= reader.remaining else { throw DecodeError.truncated }
            let end = reader.offset + size
            var type: UInt64 = 0
            var time: UInt64?
            var timescale: UInt64 = 1_000_000
            while reader.offset < end {
                let (next, overflow) = type.addingReportingOverflow(try reader.readVarint())
                guard !overflow else { throw DecodeError.malformed }
                type = next
                if type.isMultiple(of: 2) {
                    let value = try reader.readVarint()
                    if type == Property.timescale { timescale = value }
                    if type == Property.timestamps[0] || type == Property.timestamps[1] && time == nil {
                        time = value
                    }
                } else {
                    try reader.skip(try reader.readLength(limit: HangLimits.propertyBytes))
                }
            }
            // A property that reaches into the codec's bytes.
            guard reader.offset == end else { throw DecodeError.malformed }
            guard let time, let microseconds = Timescale.microseconds(time, timescale: timescale) else {
                throw MediaError(.malformed, "loc frame has no usable timestamp")
            }
            timestamp = microseconds
            length = end
        } catch let error as MediaError {
            throw error
        } catch {
            throw MediaError(.malformed, "properties of a loc frame are damaged")
        }
    }
}
