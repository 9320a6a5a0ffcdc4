/// An immutable run of bytes inside a shared block. Copying one copies a reference, never the bytes.
package struct Slice {
    package let block: Block
    package private(set) var offset: Int
    package private(set) var count: Int

    init(block: Block, offset: Int, count: Int) {
        self.block = block
        self.offset = offset
        self.count = count
    }

    /// A slice with a block of its own, for bytes that do not come from the network.
    package init(copying bytes: Span<UInt8>) {
        self.init(block: Block(capacity: bytes.count), offset: 0, count: bytes.count)
        unsafe bytes.withUnsafeBytes { (source) in
            if let start = source.baseAddress {
                unsafe block.base.copyMemory(from: start, byteCount: source.count)
            }
        }
    }

    /// Where the bytes begin; valid while `block` is alive.
    package var start: UnsafeRawPointer { unsafe UnsafeRawPointer(block.base + offset) }

    /// The bytes, borrowed from this slice.
    package var span: Span<UInt8> {
        @_lifetime(borrow self)
        borrowing get {
            let bytes = unsafe UnsafeBufferPointer(
                start: block.base.assumingMemoryBound(to: UInt8.self) + offset,
                count: count
            )
            return unsafe _overrideLifetime(Span(_unsafeElements: bytes), borrowing: self)
        }
    }

    /// Removes and returns the first `n` bytes, or all there are when there are fewer.
    package mutating func removeFirst(_ n: Int) -> Slice {
        let taken = min(max(n, 0), count)
        let head = Slice(block: block, offset: offset, count: taken)
        offset += taken
        count -= taken
        return head
    }

    /// The bytes without the first `n`.
    package func dropFirst(_ n: Int) -> Slice {
        let dropped = min(max(n, 0), count)
        return Slice(block: block, offset: offset + dropped, count: count - dropped)
    }

    /// The first `n` bytes.
    package func prefix(_ n: Int) -> Slice {
        Slice(block: block, offset: offset, count: min(max(n, 0), count))
    }

    /// Makes this slice longer by `next` if `next` follows it in the same block.
    package mutating func join(_ next: Slice) -> Bool {
        guard next.block === block, offset + count == next.offset else { return false }
        count += next.count
        return true
    }
}

extension [UInt8] {
    package init(_ slice: Slice) {
        self = unsafe [UInt8](UnsafeRawBufferPointer(start: slice.start, count: slice.count))
    }
}
