/// How often packets were how late, with old observations fading away.
///
/// The first observations count more than later ones, so that a few suffice for a first guess.
struct DelayHistogram {
    static let bucketWidth: Int64 = 5_000
    private static let slowestForgetting = 0.99

    private var weights = [Double](repeating: 0, count: 128)
    private var observations = 0

    mutating func add(_ delay: Int64) {
        observations += 1
        let forget = min(Self.slowestForgetting, 1 - 2 / (Double(observations) + 1))
        for index in weights.indices { weights[index] *= forget }
        let bucket = min(Int(max(0, delay) / Self.bucketWidth), weights.count - 1)
        weights[bucket] += 1 - forget
    }

    /// The delay that a share `q` of the observations did not exceed, taken as spread evenly inside a bucket; nil
    /// without observations.
    func quantile(_ q: Double) -> Int64? {
        guard observations > 0 else { return nil }
        var sum = 0.0
        for index in weights.indices {
            let weight = weights[index]
            if weight > 0, sum + weight >= q {
                return Int64((Double(index) + (q - sum) / weight) * Double(Self.bucketWidth))
            }
            sum += weight
        }
        return Int64(weights.count) * Self.bucketWidth
    }

    mutating func reset() {
        for index in weights.indices { weights[index] = 0 }
        observations = 0
    }
}
