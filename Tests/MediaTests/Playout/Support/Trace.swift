import BurrowBase
import Glibc

/// When each packet of 20 ms arrives: microseconds after the fastest possible, nil when it is lost. Packets do not
/// overtake each other.
struct Trace {
    enum Kind: CaseIterable {
        case wired, wifi, cellular, queue

        /// Median, 95th, 99th and 99.9th percentile of the delay in milliseconds, and the share that is lost.
        var figures: (p50: Double, p95: Double, p99: Double, p999: Double, loss: Double) {
            switch self {
            case .wired: (1, 3, 4, 5, 0)
            case .wifi: (4, 15, 40, 120, 0.005)
            case .cellular: (20, 52, 66, 83, 0.01)
            case .queue: (2, 153, 302, 309, 0.005)
            }
        }
    }

    static let packetLength: Int64 = 20_000
    var delays: [Int64?]

    init(delays: [Int64?]) {
        self.delays = delays
    }

    init(_ kind: Kind, seed: UInt64, packets: Int) {
        var random = SeededRandom(seed: seed)
        var result: [Int64] = []
        result.reserveCapacity(packets)
        switch kind {
        case .wired:
            for _ in 0..<packets { result.append(Self.inverse([0, 1, 3, 4, 5, 5.5], random.uniform())) }
        case .cellular:
            // Delays of packets close to each other are alike.
            var z = 0.0
            for _ in 0..<packets {
                z = 0.7 * z + (1 - 0.49).squareRoot() * random.normal()
                result.append(Self.inverse([0, 20, 52, 66, 83, 90], 0.5 * (1 + erf(z / 2.0.squareRoot()))))
            }
        case .wifi:
            // Now and then nothing gets through for a while, and then everything at once.
            var stall = 0.0
            for _ in 0..<packets {
                stall -= 20
                if stall <= 0, random.uniform() < 0.018 { stall = min(250, -35 * log(1 - random.uniform())) }
                let base = Double(Self.inverse([0, 3.7, 11.5, 16, 20, 22], random.uniform())) / 1000
                result.append(Int64(max(base, stall) * 1000))
            }
        case .queue:
            // Once in 100 s a queue fills, stays full and empties.
            for index in 0..<packets {
                let second = Double(index % 5000) / 50 - 40
                let fill =
                    second < 0 || second > 8 ? 0 : second < 6 ? second / 6 : second < 7 ? 1 : 8 - second
                result.append(Int64(fill * 302_000) + Self.inverse([0, 2, 5, 7, 9, 10], random.uniform()))
            }
        }
        var last = Int64.min
        for index in result.indices {
            let arrival = max(last, Int64(index) * Self.packetLength + result[index])
            result[index] = arrival - Int64(index) * Self.packetLength
            last = arrival
        }
        delays = result.map { random.uniform() < kind.figures.loss ? nil : $0 }
    }

    /// In milliseconds.
    func percentile(_ share: Double) -> Double {
        let sorted = delays.compactMap(\.self).sorted()
        return Double(sorted[min(sorted.count - 1, Int(Double(sorted.count) * share))]) / 1000
    }

    /// `points`, in milliseconds, are the values at 0, 50, 95, 99, 99.9 and 100 %.
    private static func inverse(_ points: [Double], _ share: Double) -> Int64 {
        let shares = [0, 0.5, 0.95, 0.99, 0.999, 1]
        let upper = max(1, shares.firstIndex { $0 >= share } ?? 5)
        let part = (share - shares[upper - 1]) / (shares[upper] - shares[upper - 1])
        return Int64((points[upper - 1] + (points[upper] - points[upper - 1]) * part) * 1000)
    }
}

extension SeededRandom {
    /// From 0 to below 1.
    mutating func uniform() -> Double { Double(next() >> 11) * 0x1p-53 }

    mutating func normal() -> Double {
        (-2 * log(1 - uniform())).squareRoot() * cos(2 * .pi * uniform())
    }
}
