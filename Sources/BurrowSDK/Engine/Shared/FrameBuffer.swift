/// Memory for one received frame: filled by the loop, lent to the host, then used again.
///
/// Who may touch it changes hands under the lock of its exchange.
@safe package final class FrameBuffer: HandleObject, @unchecked Sendable {
    package static var kind: HandleKind { .buffer }

    package let base: UnsafeMutableRawPointer
    package let capacity: Int
    /// Set while the host has it, so that a resting buffer keeps nothing alive.
    var lender: FrameExchange?

    init(capacity: Int) {
        self.capacity = max(capacity, 1)
        unsafe base = .allocate(byteCount: self.capacity, alignment: 16)
    }

    deinit {
        unsafe base.deallocate()
    }

    package func lastReferenceGone() {
        let exchange = lender
        lender = nil
        exchange?.takeBack(self)
    }
}
