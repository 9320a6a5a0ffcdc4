internal import CGnuTLS

/// Authenticated encryption with nonces of 12 and tags of 16 bytes (RFC 5116, RFC 8439).
package enum AEADAlgorithm: Sendable, Hashable, CaseIterable {
    case aes128GCM
    case aes256GCM
    case chaCha20Poly1305

    package static let nonceByteCount = 12
    package static let tagByteCount = 16

    package var keyByteCount: Int {
        switch self {
        case .aes128GCM: 16
        case .aes256GCM, .chaCha20Poly1305: 32
        }
    }

    var cipher: gnutls_cipher_algorithm_t {
        switch self {
        case .aes128GCM: GNUTLS_CIPHER_AES_128_GCM
        case .aes256GCM: GNUTLS_CIPHER_AES_256_GCM
        case .chaCha20Poly1305: GNUTLS_CIPHER_CHACHA20_POLY1305
        }
    }
}
