internal import CSodium

/// Comparison whose duration depends on lengths only.
package enum ConstantTime {
    package static func equal(_ a: Span<UInt8>, _ b: Span<UInt8>) -> Bool {
        guard a.count == b.count else { return false }
        return unsafe a.withUnsafeBytes { (a) in
            unsafe b.withUnsafeBytes { (b) in
                guard let first = a.baseAddress, let second = b.baseAddress else { return true }
                return unsafe sodium_memcmp(first, second, a.count) == 0
            }
        }
    }
}
