/// A jitter buffer that others use, on an ideal schedule: every packet has its own time, which moves by at most 2 ms a
/// packet towards a quantile of a histogram of 20 ms buckets. Nothing is said about pulls or about sound.
struct ReferencePolicy {
    var quantile: Double
    var forget: Double
    /// Whether the worst packet of half a second is entered, or every packet.
    var usesMaxima: Bool

    /// The mean delay in milliseconds, and the share of packets that came later than their time.
    func run(_ trace: Trace) -> (delay: Double, late: Double) {
        var weights = [Double](repeating: 0, count: 100)
        var playout = 80.0
        var target = 80.0
        var (sum, late, packets) = (0.0, 0, 0)
        var recent: [Double] = []
        var worst = 0.0
        for (index, delay) in trace.delays.enumerated() {
            guard let delay else { continue }
            let value = Double(delay) / 1000
            recent.append(value)
            if recent.count > 100 { recent.removeFirst() }
            let relative = value - (recent.min() ?? value)
            worst = max(worst, relative)
            if !usesMaxima || index % 25 == 0 {
                let bucket = min(99, Int((usesMaxima ? worst : relative) / 20))
                for index in weights.indices { weights[index] *= forget }
                weights[bucket] += 1 - forget
                worst = 0
                var mass = 0.0
                let total = weights.reduce(0, +)
                target =
                    Double(
                        (weights.firstIndex {
                            mass += $0; return mass >= quantile * total
                        } ?? 99) + 1
                    ) * 20
            }
            playout += max(-2, min(2, target - playout))
            packets += 1
            sum += playout
            if value > playout { late += 1 }
        }
        return (sum / Double(packets), Double(late) / Double(packets))
    }
}
