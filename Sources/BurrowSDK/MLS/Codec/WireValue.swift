package import BurrowBase

/// A structure of RFC 9420 in the presentation language of RFC 8446 §3 and RFC 9420 §2.
///
/// There is one way to write each value, and reading accepts no other, so that what was read encodes to the bytes it
/// came from. Hashes and signatures rely on that.
package protocol WireValue {
    init(from reader: inout ByteReader) throws(MLSError)
    func encode(to writer: inout ByteWriter)
}

extension WireValue {
    /// Reads a value that fills `bytes` completely.
    package init(decoding bytes: [UInt8]) throws(MLSError) {
        guard bytes.count <= MLSLimits.messageBytes else {
            throw MLSError(.codecLimit, "message of \(bytes.count) bytes")
        }
        var reader = ByteReader(bytes.span)
        try self.init(from: &reader)
        guard reader.isAtEnd else {
            throw MLSError(.codecTrailing, "\(reader.remaining) bytes after \(Self.self)")
        }
    }

    package var encoded: [UInt8] {
        var writer = ByteWriter()
        encode(to: &writer)
        return writer.bytes
    }
}
