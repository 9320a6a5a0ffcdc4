internal import CSodium

/// A secret in memory that is locked where the system allows it and zeroed before it is freed: between guard pages of its
/// own, or, when it is small and given an arena, in pages that it shares with other secrets.
///
/// There is one owner, no copy, no text form and no `==`; compare with `ConstantTime.equal`.
@safe package struct SecretBytes: ~Copyable {
    private let start: UnsafeMutablePointer<UInt8>
    package let count: Int
    private let arena: SecretArena?

    /// A secret of `count` bytes that `fill` writes.
    package init(
        count: Int,
        in arena: SecretArena? = nil,
        fill: (UnsafeMutablePointer<UInt8>) -> Void
    ) throws(CryptoError) {
        if let arena, count >= 0, count <= SecretArena.slotByteCount {
            unsafe start = try arena.take()
            self.arena = arena
        } else {
            try Sodium.require()
            guard count >= 0, let memory = unsafe sodium_malloc(count) else {
                throw CryptoError(.outOfMemory, "no memory for a secret of \(count) bytes")
            }
            unsafe start = memory.bindMemory(to: UInt8.self, capacity: count)
            self.arena = nil
        }
        self.count = count
        unsafe fill(start)
    }

    /// A copy of bytes that were less well kept so far. The original is the caller's to erase.
    package init(copying bytes: Span<UInt8>, in arena: SecretArena? = nil) throws(CryptoError) {
        try unsafe self.init(count: bytes.count, in: arena) { (target) in
            for index in bytes.indices { unsafe target[index] = bytes[index] }
        }
    }

    /// Fresh random bytes.
    package static func random(count: Int, in arena: SecretArena? = nil) throws(CryptoError) -> SecretBytes {
        try Sodium.require()
        return try unsafe SecretBytes(count: count, in: arena) { unsafe randombytes_buf($0, count) }
    }

    deinit {
        if let arena {
            unsafe arena.giveBack(start)
        } else {
            unsafe sodium_free(start)
        }
    }

    package var bytes: Span<UInt8> {
        @_lifetime(borrow self)
        borrowing get {
            let buffer = unsafe UnsafeBufferPointer(start: start, count: count)
            return unsafe _overrideLifetime(Span(_unsafeElements: buffer), borrowing: self)
        }
    }

    /// Lends the bytes; the form that also works for the property of a class.
    package borrowing func withBytes<Result: ~Copyable, Failure: Error>(
        _ body: (Span<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(bytes)
    }
}
