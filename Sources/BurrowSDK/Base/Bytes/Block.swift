/// A fixed piece of memory that any number of slices share. It never moves, so a pointer into it is good as
/// long as the block is alive.
///
/// Bytes are written once, by the allocator that handed them out, before anyone else sees the slice; after that
/// they never change until the last slice is gone.
@safe package final class Block {
    package let base: UnsafeMutableRawPointer
    package let capacity: Int

    package init(capacity: Int) {
        self.capacity = capacity
        unsafe base = UnsafeMutableRawPointer.allocate(byteCount: max(capacity, 1), alignment: 16)
    }

    deinit {
        unsafe base.deallocate()
    }
}
