internal import CGnuTLS

/// What our wrappers of GnuTLS share.
enum GnuTLS {
    /// GnuTLS counts the bytes of keys and labels in 32 bits; nothing of ours comes near.
    static let longestDatum = 1 << 30

    /// Lends bytes to a function that only reads them.
    static func withDatum<R>(_ bytes: Span<UInt8>, _ body: (inout gnutls_datum_t) -> R) -> R {
        unsafe bytes.withUnsafeBufferPointer { (buffer) in
            let start = unsafe UnsafeMutablePointer(mutating: buffer.baseAddress)
            var datum = unsafe gnutls_datum_t(data: start, size: UInt32(clamping: buffer.count))
            return unsafe body(&datum)
        }
    }
}
