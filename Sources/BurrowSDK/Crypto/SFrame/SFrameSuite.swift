/// The cipher suites of RFC 9605 §4.5, by their registered numbers.
package enum SFrameSuite: UInt16, Sendable, CaseIterable {
    case aes128CTRHMACTag80 = 1
    case aes128CTRHMACTag64 = 2
    /// A forgery succeeds once in 2^32 attempts.
    case aes128CTRHMACTag32 = 3
    case aes128GCM = 4
    case aes256GCM = 5

    package static let nonceByteCount = 12

    /// Nk: the length of a key, and of the base key that MLS exports (RFC 9605 §5.2).
    package var keyByteCount: Int {
        switch self {
        case .aes128CTRHMACTag80, .aes128CTRHMACTag64, .aes128CTRHMACTag32: 48
        case .aes128GCM: 16
        case .aes256GCM: 32
        }
    }

    /// Nt.
    package var tagByteCount: Int {
        switch self {
        case .aes128CTRHMACTag80: 10
        case .aes128CTRHMACTag64: 8
        case .aes128CTRHMACTag32: 4
        case .aes128GCM, .aes256GCM: 16
        }
    }

    /// Whether frames are encrypted in counter mode with a separate tag, instead of GCM.
    var hasCounterMode: Bool {
        switch self {
        case .aes128CTRHMACTag80, .aes128CTRHMACTag64, .aes128CTRHMACTag32: true
        case .aes128GCM, .aes256GCM: false
        }
    }

    package var hash: HashFunction {
        switch self {
        case .aes256GCM: .sha512
        default: .sha256
        }
    }
}
