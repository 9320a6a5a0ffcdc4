internal import CGnuTLS

/// SHA-1 (FIPS 180-4), for the one place that asks for it: the answer to a WebSocket's handshake (RFC 6455 §4.2.2),
/// where it protects nothing.
package enum SHA1 {
    package static func hash(_ message: Span<UInt8>) throws(CryptoError) -> [UInt8] {
        try HashFunction.digest(of: message, GNUTLS_DIG_SHA1, byteCount: 20)
    }
}
