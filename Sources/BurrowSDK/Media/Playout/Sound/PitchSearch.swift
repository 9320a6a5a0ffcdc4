/// Finds at which distance a piece of sound resembles itself: the pitch period of a voice.
///
/// A first search runs over every eighth sample, a second one around its result over all.
struct PitchSearch {
    struct Result {
        /// In frames.
        var lag: Int
        /// From -1 to 1; close to 1 when the sound repeats itself.
        var correlation: Float
    }

    enum Direction { case forward, back }

    /// 400 Hz; higher voices are found at a multiple of their period.
    static let shortest = 120
    /// 67 Hz, with which a lag still fits into two packets of 20 ms.
    static let longest = 720
    static let window = 360
    private static let step = 8

    private var coarse = [Float](repeating: 0, count: (window + longest) / step)

    /// The lag, at most `longest`, at which the window from `base` on resembles what is later or earlier by that lag.
    /// The queue must hold both.
    mutating func lag(in queue: SoundQueue, base: Int, _ direction: Direction, longest: Int) -> Result? {
        let longest = min(longest, Self.longest) / Self.step * Self.step
        guard longest >= Self.shortest else { return nil }
        let low = direction == .forward ? base : base - longest
        let high = (direction == .forward ? base + longest : base) + Self.window
        guard low >= -SoundQueue.history, high <= queue.pending else { return nil }
        let rough = roughLag(in: queue, from: low, direction, longest: longest)
        var best = Result(lag: rough, correlation: -1)
        var lag = max(Self.shortest, rough - Self.step)
        while lag <= min(longest, rough + Self.step) {
            let correlation = Self.correlation(queue, base, direction == .forward ? base + lag : base - lag)
            if correlation > best.correlation { best = Result(lag: lag, correlation: correlation) }
            lag += 1
        }
        return best
    }

    private mutating func roughLag(
        in queue: SoundQueue,
        from low: Int,
        _ direction: Direction,
        longest: Int
    ) -> Int {
        let count = min((Self.window + longest) / Self.step, coarse.count)
        var index = 0
        while index < count {
            let at = low + index * Self.step
            // A mean of four keeps what is above the reduced band from folding back too loudly.
            coarse[index] = queue.mono(at) + queue.mono(at + 2) + queue.mono(at + 4) + queue.mono(at + 6)
            index += 1
        }
        let window = Self.window / Self.step
        let base = direction == .forward ? 0 : longest / Self.step
        var best = Self.shortest / Self.step
        var bestScore: Float = -.infinity
        var lag = best
        while lag <= longest / Self.step {
            let other = direction == .forward ? base + lag : base - lag
            var product: Float = 0
            var energy: Float = 1e-9
            var index = 0
            while index < window {
                let b = coarse[other + index]
                product += coarse[base + index] * b
                energy += b * b
                index += 1
            }
            let score = product / energy.squareRoot()
            if score > bestScore {
                bestScore = score
                best = lag
            }
            lag += 1
        }
        return best * Self.step
    }

    /// How alike the windows at two positions are; every fourth sample is enough to tell.
    private static func correlation(_ queue: SoundQueue, _ a: Int, _ b: Int) -> Float {
        var product: Float = 0
        var energyA: Float = 1e-9
        var energyB: Float = 1e-9
        var index = 0
        while index < window {
            let x = queue.mono(a + index)
            let y = queue.mono(b + index)
            product += x * y
            energyA += x * x
            energyB += y * y
            index += 4
        }
        return product / (energyA * energyB).squareRoot()
    }
}
