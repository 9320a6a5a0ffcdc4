internal import CSodium

/// A secret in memory of its own: locked where the system allows it, between guard pages, zeroed before it is freed.
///
/// There is one owner, no copy, no text form and no `==`; compare with `ConstantTime.equal`.
@safe package struct SecretBytes: ~Copyable {
    private let start: UnsafeMutablePointer<UInt8>
    package let count: Int

    /// A secret of `count` bytes that `fill` writes.
    package init(count: Int, fill: (UnsafeMutablePointer<UInt8>) -> Void) throws(CryptoError) {
        try Sodium.require()
        guard count >= 0, let memory = unsafe sodium_malloc(count) else {
            throw CryptoError(.outOfMemory, "no memory for a secret of \(count) bytes")
        }
        unsafe start = memory.bindMemory(to: UInt8.self, capacity: count)
        self.count = count
        unsafe fill(start)
    }

    /// A copy of bytes that were less well kept so far. The original is the caller's to erase.
    package init(copying bytes: Span<UInt8>) throws(CryptoError) {
        try unsafe self.init(count: bytes.count) { (target) in
            for index in bytes.indices { unsafe target[index] = bytes[index] }
        }
    }

    /// Fresh random bytes.
    package static func random(count: Int) throws(CryptoError) -> SecretBytes {
        try unsafe SecretBytes(count: count) { unsafe randombytes_buf($0, count) }
    }

    deinit {
        unsafe sodium_free(start)
    }

    package var bytes: Span<UInt8> {
        @_lifetime(borrow self)
        borrowing get {
            let buffer = unsafe UnsafeBufferPointer(start: start, count: count)
            return unsafe _overrideLifetime(Span(_unsafeElements: buffer), borrowing: self)
        }
    }
}
