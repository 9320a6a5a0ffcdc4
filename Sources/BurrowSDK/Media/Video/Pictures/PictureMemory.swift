/// Memory for the samples of one picture, aligned for vector instructions. Never moves.
///
/// Whoever took it from its pool writes it before anybody else sees it; after that it stays as it is until the last
/// picture in it is gone.
@safe package final class PictureMemory {
    package let base: UnsafeMutableRawPointer
    package let capacity: Int

    /// A cache line, and the widest vector register.
    package static let alignment = 64

    package init(capacity: Int) {
        self.capacity = capacity
        // Vector code may read a whole register where the last samples are.
        unsafe base = UnsafeMutableRawPointer.allocate(
            byteCount: max(capacity, 0) + Self.alignment,
            alignment: Self.alignment
        )
    }

    deinit {
        unsafe base.deallocate()
    }

    /// `count` rounded up to whole cache lines.
    package static func aligned(_ count: Int) -> Int {
        (count + alignment - 1) / alignment * alignment
    }
}
