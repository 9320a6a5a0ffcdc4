/// Cuts slices from pooled blocks, so that in steady state no bytes of traffic cost a heap allocation.
///
/// Blocks stay in a ring, in the order they were filled. When the current one is full, the next whose slices are all gone
/// is used again; only when none is free a new one is made. Belongs to one thread.
package final class SliceAllocator {
    /// Small enough that an idle track's last frame does not pin much, large enough for a dozen packets.
    package static let blockSize = 16 * 1024
    /// At most so many bytes of blocks wait in the ring: what is held for half a second of 1 Gbit/s. Going to the system
    /// for each block instead costs more than writing it.
    private static let ringBytes = 64 * 1024 * 1024
    /// So many may stay for good; more are given up again when they are not needed.
    private static let keptBytes = 8 * 1024 * 1024
    /// How many blocks are tried at the hand before a new one is made: all of what a call keeps. Looking at one costs
    /// little beside filling it.
    private static let near = 64
    /// And how many all around.
    private static let probes = 8

    private let blockSize: Int
    private let census = BlockCensus()
    private var ring: [Block] = []
    private var hand = 0
    private var current: Block
    private var used = 0
    /// How many blocks were ever made: constant in steady state.
    package private(set) var blocksMade = 1
    /// How many blocks there are now, in use or not.
    package var blocksHeld: Int { ring.count + 1 }
    /// Whether what is kept for long is copied out of blocks it shares with others. A block is in memory until its last
    /// slice is gone, so a byte can hold all of it; the owner sets this when too many blocks are held by too little.
    package var isSparing = false

    /// `blockSize` should be several times what is cut from the blocks; more than half of it is never pooled.
    package init(blockSize: Int = SliceAllocator.blockSize) {
        self.blockSize = max(blockSize, 1)
        current = Block(capacity: self.blockSize, census: census)
    }

    /// What the shared blocks take in memory, however little of them is in use.
    package var blockBytes: Int { census.bytes }

    /// A slice in the form in which it is kept for long.
    package func kept(_ slice: Slice) -> Slice {
        guard isSparing, slice.block.capacity > 2 * slice.count else { return slice }
        return Slice(copying: slice.span)
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
        if count > blockSize / 2 {
            let block = Block(capacity: count)
            blocksMade += 1
            unsafe fill(block.base)
            return Slice(block: block, offset: 0, count: count)
        }
        if count > blockSize - used { nextBlock() }
        let slice = Slice(block: current, offset: used, count: count)
        unsafe fill(current.base + used)
        used += count
        return slice
    }

    private func nextBlock() {
        used = 0
        if isKnownUniquelyReferenced(&current) { return }
        guard let free = freeBlock() else { return grow() }
        // What is full now waits behind all the others.
        swap(&ring[free], &current)
        hand = free + 1 < ring.count ? free + 1 : 0
        if ring.count > Self.keptBytes / blockSize { shrink() }
    }

    /// The oldest block that nobody holds, more or less: those at the hand, or else some all around, because a few that
    /// are held for long must not hide what is free behind them.
    private func freeBlock() -> Int? {
        for step in 0..<min(Self.near, ring.count) {
            let index = (hand + step) % ring.count
            if isKnownUniquelyReferenced(&ring[index]) { return index }
        }
        for part in 1..<Self.probes {
            let index = (hand + part * ring.count / Self.probes) % max(ring.count, 1)
            if index < ring.count, isKnownUniquelyReferenced(&ring[index]) { return index }
        }
        return nil
    }

    private func grow() {
        if ring.count < Self.ringBytes / blockSize || ring.isEmpty {
            ring.insert(current, at: hand)
        } else {
            ring[hand] = current
        }
        hand = hand + 1 < ring.count ? hand + 1 : 0
        current = Block(capacity: blockSize, census: census)
        blocksMade += 1
    }

    /// When even a block that was filled a quarter of a round ago is free, there are far more than are needed.
    private func shrink() {
        let recent = (hand + ring.count - ring.count / 4) % ring.count
        guard isKnownUniquelyReferenced(&ring[recent]) else { return }
        ring.remove(at: recent)
        if recent < hand { hand -= 1 }
        if hand >= ring.count { hand = 0 }
    }
}
