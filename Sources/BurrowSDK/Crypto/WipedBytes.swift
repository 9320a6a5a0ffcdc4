internal import CSodium

/// A secret of one operation: zeroed before its memory is given back, but in ordinary memory, because pages of its
/// own (`SecretBytes`) cost more than encrypting a message does.
@safe package struct WipedBytes: ~Copyable {
    private let start: UnsafeMutablePointer<UInt8>
    package let count: Int

    /// A secret of `count` bytes that `fill` writes.
    package init(count: Int, fill: (UnsafeMutablePointer<UInt8>) -> Void) {
        self.count = max(count, 0)
        unsafe start = .allocate(capacity: max(self.count, 1))
        unsafe start.initialize(repeating: 0, count: max(self.count, 1))
        unsafe fill(start)
    }

    package init(copying bytes: Span<UInt8>) {
        unsafe self.init(count: bytes.count) { (target) in
            for index in bytes.indices { unsafe target[index] = bytes[index] }
        }
    }

    deinit {
        unsafe sodium_memzero(start, count)
        unsafe start.deallocate()
    }

    /// Comparison whose duration depends on lengths only.
    package borrowing func isEqual(to other: Span<UInt8>) -> Bool {
        ConstantTime.equal(bytes, other)
    }

    package var bytes: Span<UInt8> {
        @_lifetime(borrow self)
        borrowing get {
            let buffer = unsafe UnsafeBufferPointer(start: start, count: count)
            return unsafe _overrideLifetime(Span(_unsafeElements: buffer), borrowing: self)
        }
    }
}

/// Erases arrays that held a secret for a moment.
package enum Wipe {
    package static func wipe(_ bytes: inout [UInt8]) {
        unsafe bytes.withUnsafeMutableBytes { (bytes) in
            guard let start = bytes.baseAddress else { return }
            unsafe sodium_memzero(start, bytes.count)
        }
    }
}
