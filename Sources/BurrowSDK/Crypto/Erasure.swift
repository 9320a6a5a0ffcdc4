internal import CSodium

/// For bytes that had to leave `SecretBytes` for a moment.
package enum Erasure {
    /// Overwrites the array's own storage with zeros, in a way that no optimiser removes.
    package static func erase(_ bytes: inout [UInt8]) {
        unsafe bytes.withUnsafeMutableBytes { (bytes) in
            if let start = bytes.baseAddress { unsafe sodium_memzero(start, bytes.count) }
        }
    }
}
