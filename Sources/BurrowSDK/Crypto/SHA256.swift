/// SHA-256 (FIPS 180-4).
package enum SHA256 {
    package static let byteCount = 32

    package static func hash(_ message: Span<UInt8>) throws(CryptoError) -> [UInt8] {
        try HashFunction.sha256.hash(message)
    }
}
