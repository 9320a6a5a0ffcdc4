/// How far pictures were from the sound that belongs to them; old observations fade.
struct SkewHistogram {
    private static let bucketWidth: Int64 = 2_000
    /// About the pictures of half a minute.
    private static let most = 1_000

    private var counts = [Int](repeating: 0, count: 256)
    private var total = 0

    mutating func add(_ skew: Int64) {
        let bucket = Int(
            min(Int64(skew.magnitude.clampedToInt64) / Self.bucketWidth, Int64(counts.count - 1))
        )
        counts[bucket] += 1
        total += 1
        guard total > Self.most else { return }
        total = 0
        for index in counts.indices {
            counts[index] /= 2
            total += counts[index]
        }
    }

    /// The upper edge of the bucket below which a share `q` of the skews lies.
    func quantile(_ q: Double) -> Int64 {
        guard total > 0 else { return 0 }
        var sum = 0
        for index in counts.indices {
            sum += counts[index]
            if Double(sum) >= q * Double(total) { return Int64(index + 1) * Self.bucketWidth }
        }
        return Int64(counts.count) * Self.bucketWidth
    }
}

extension UInt64 {
    fileprivate var clampedToInt64: Int64 { Int64(clamping: self) }
}
