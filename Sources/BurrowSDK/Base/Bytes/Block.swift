/// A fixed piece of memory that any number of slices share. It never moves, so a pointer into it is good as
/// long as the block is alive.
///
/// Bytes are written once, by the allocator that handed them out, before anyone else sees the slice; after that
/// they never change until the last slice is gone.
@safe package final class Block {
    package let base: UnsafeMutableRawPointer
    package let capacity: Int
    private let census: BlockCensus?

    package init(capacity: Int, census: BlockCensus? = nil) {
        self.capacity = capacity
        self.census = census
        census?.bytes += capacity
        unsafe base = UnsafeMutableRawPointer.allocate(byteCount: max(capacity, 1), alignment: 16)
    }

    deinit {
        census?.bytes -= capacity
        unsafe base.deallocate()
    }
}

/// How much memory an allocator's blocks take, those that wait to be used again included. One thread's, as the allocator
/// and all slices of its blocks are.
package final class BlockCensus {
    package fileprivate(set) var bytes = 0

    package init() {}
}
