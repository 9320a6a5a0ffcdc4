/// A connection id (RFC 9000 §5.1) or anything else of up to 20 bytes, as a key.
struct ConnectionID: Hashable {
    var a: UInt64 = 0
    var b: UInt64 = 0
    var c: UInt32 = 0
    var count: UInt8 = 0

    init(_ bytes: UnsafeRawBufferPointer) {
        count = UInt8(clamping: bytes.count)
        for index in 0..<min(bytes.count, 20) {
            let byte = unsafe bytes[index]
            switch index {
            case 0..<8: a = a << 8 | UInt64(byte)
            case 8..<16: b = b << 8 | UInt64(byte)
            default: c = c << 8 | UInt32(byte)
            }
        }
    }
}
