import BurrowBase
import Testing

@Suite struct SliceAllocatorTests {
    private func slice(_ allocator: SliceAllocator) -> Slice {
        allocator.copy([UInt8](repeating: 7, count: 1200).span)
    }

    @Test(
        "What lives as long as a relay's groups do costs no new block after the first rounds",
        arguments: [1, 300, 3000]
    )
    func steadyState(alive: Int) {
        let allocator = SliceAllocator()
        var held: [Slice] = []
        var oldest = 0
        func turn() {
            if held.count < alive {
                held.append(slice(allocator))
            } else {
                held[oldest] = slice(allocator)
                oldest = (oldest + 1) % alive
            }
        }
        for _ in 0..<3 * (alive + 13) { turn() }
        let made = allocator.blocksMade
        for _ in 0..<20 * (alive + 13) { turn() }
        #expect(allocator.blocksMade == made)
        // Thirteen fit into a block; the one being filled and one that is not through yet come on top.
        #expect(made <= alive / 13 + 3)
    }

    @Test("Whole groups given up at once are used again, but for those that someone keeps")
    func groups() {
        let allocator = SliceAllocator()
        var kept: [Slice] = []
        var groups: [[Slice]] = [[], []]
        func turn(_ number: Int) {
            groups[number % 2] = []
            for _ in 0..<400 { groups[number % 2].append(slice(allocator)) }
            if number % 5 == 0, kept.count < 20 { kept.append(slice(allocator)) }
        }
        for number in 0..<120 { turn(number) }
        let made = allocator.blocksMade
        for number in 120..<240 { turn(number) }
        #expect(allocator.blocksMade == made)
        #expect(made <= 2 * (800 / 13) + 20)
    }

    @Test("After a peak the surplus goes, and what is held for good stays in nobody's way")
    func peak() {
        let allocator = SliceAllocator()
        let pinned = (0..<20).map { _ in allocator.copy([UInt8](repeating: 1, count: 8000).span) }
        var held = (0..<40_000).map { _ in slice(allocator) }
        held = []
        #expect(allocator.blocksHeld > 3000)
        for turn in 0..<400_000 {
            if held.count < 100 { held.append(slice(allocator)) } else { held[turn % 100] = slice(allocator) }
        }
        #expect(allocator.blocksHeld <= 600)
        let made = allocator.blocksMade
        for turn in 0..<20_000 { held[turn % 100] = slice(allocator) }
        #expect(allocator.blocksMade == made)
        #expect(pinned.allSatisfy { [UInt8]($0).allSatisfy { $0 == 1 } })
    }

    @Test("Bytes that someone holds are never written over")
    func contents() {
        let allocator = SliceAllocator()
        var held: [(Slice, UInt8)] = []
        for turn in 0..<5000 {
            let value = UInt8(truncatingIfNeeded: turn)
            held.append((allocator.copy([UInt8](repeating: value, count: 700).span), value))
            if turn % 3 != 0 { held.remove(at: turn % held.count) }
            if held.count > 200 { held.removeFirst(100) }
        }
        #expect(held.allSatisfy { (slice, value) in [UInt8](slice).allSatisfy { $0 == value } })
    }
}
