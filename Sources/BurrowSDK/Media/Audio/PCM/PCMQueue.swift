/// Samples that wait, in one piece of memory, up to a limit. Allocates only to grow towards that limit.
package struct PCMQueue {
    /// In samples, not in frames.
    package let limit: Int
    package private(set) var count = 0

    private var storage: [Float] = []
    private var start = 0

    package init(limit: Int) {
        self.limit = max(limit, 0)
    }

    /// Appends what there is room for; returns how many samples that is.
    @discardableResult
    package mutating func append(_ samples: Span<Float>) -> Int {
        let taken = min(samples.count, limit - count)
        guard taken > 0 else { return 0 }
        makeRoom(taken)
        let end = start + count
        var target = storage.mutableSpan
        for index in 0..<taken { target[end + index] = samples[index] }
        count += taken
        return taken
    }

    /// Appends the first `count` samples of an array as far as there is room. Returns how many.
    @discardableResult
    package mutating func append(_ samples: [Float], count: Int) -> Int {
        append(samples.span.extracting(0..<min(max(count, 0), samples.count)))
    }

    /// Appends silence as far as there is room.
    package mutating func appendSilence(_ samples: Int) {
        let taken = min(samples, limit - count)
        guard taken > 0 else { return }
        makeRoom(taken)
        let end = start + count
        var target = storage.mutableSpan
        for index in end..<(end + taken) { target[index] = 0 }
        count += taken
    }

    /// The oldest samples, all of them when there are fewer.
    @_lifetime(borrow self)
    package borrowing func prefix(_ samples: Int) -> Span<Float> {
        storage.span.extracting(start..<(start + min(max(samples, 0), count)))
    }

    /// Moves the oldest samples into an array, as many as both sides have.
    package mutating func take(_ samples: Int, into target: inout [Float]) {
        let taken = min(max(samples, 0), count, target.count)
        for index in 0..<taken { target[index] = storage[start + index] }
        removeFirst(taken)
    }

    package mutating func removeFirst(_ samples: Int) {
        let removed = min(max(samples, 0), count)
        start += removed
        count -= removed
        if count == 0 { start = 0 }
    }

    package mutating func removeAll() {
        removeFirst(count)
    }

    /// Makes the memory reach `more` samples beyond the last.
    private mutating func makeRoom(_ more: Int) {
        guard start + count + more > storage.count else { return }
        if start > 0 {
            let (first, kept) = (start, count)
            var span = storage.mutableSpan
            for index in 0..<kept { span[index] = span[first + index] }
            start = 0
        }
        guard count + more > storage.count else { return }
        let size = min(max(storage.count * 2, count + more, 1024), limit)
        storage += repeatElement(0, count: size - storage.count)
    }
}
