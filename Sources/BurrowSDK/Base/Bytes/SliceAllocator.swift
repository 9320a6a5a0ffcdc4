/// Cuts slices from pooled blocks, so that in steady state no bytes of traffic cost a heap allocation.
///
/// Blocks stay in a ring. When the current one is full, the next whose slices are all gone is used again; only when
/// none is free a new one is made. Belongs to one thread.
package final class SliceAllocator {
    /// Small enough that an idle track's last frame does not pin much, large enough for a dozen packets.
    package static let blockSize = 16 * 1024
    /// At most this many blocks wait in the ring (8 MiB).
    private static let ringLimit = 512
    /// How many blocks are tried before a new one is made.
    private static let probes = 8

    private var ring: [Block] = []
    private var hand = 0
    private var current: Block
    private var used = 0
    /// How many blocks were ever made: constant in steady state.
    package private(set) var blocksMade = 1

    package init() {
        current = Block(capacity: Self.blockSize)
    }

    /// Copies `bytes` into pooled memory.
    package func copy(_ bytes: UnsafeRawBufferPointer) -> Slice {
        unsafe allocate(bytes.count) { (target) in
            if let source = bytes.baseAddress {
                unsafe target.copyMemory(from: source, byteCount: bytes.count)
            }
        }
    }

    package func copy(_ bytes: Span<UInt8>) -> Slice {
        unsafe bytes.withUnsafeBytes { unsafe copy($0) }
    }

    /// A slice of `count` bytes that `fill` writes, all of them, before this returns.
    package func allocate(_ count: Int, fill: (UnsafeMutableRawPointer) -> Void) -> Slice {
        if count > Self.blockSize / 2 {
            let block = Block(capacity: count)
            blocksMade += 1
            unsafe fill(block.base)
            return Slice(block: block, offset: 0, count: count)
        }
        if count > Self.blockSize - used { nextBlock() }
        let slice = Slice(block: current, offset: used, count: count)
        unsafe fill(current.base + used)
        used += count
        return slice
    }

    private func nextBlock() {
        if ring.count < Self.ringLimit {
            ring.append(current)
        } else {
            ring[hand] = current
            hand = (hand + 1) % ring.count
        }
        used = 0
        for _ in 0..<min(Self.probes, ring.count) {
            let index = hand
            hand = (hand + 1) % ring.count
            if ring[index] !== current && isKnownUniquelyReferenced(&ring[index]) {
                current = ring.remove(at: index)
                return
            }
        }
        current = Block(capacity: Self.blockSize)
        blocksMade += 1
    }
}
