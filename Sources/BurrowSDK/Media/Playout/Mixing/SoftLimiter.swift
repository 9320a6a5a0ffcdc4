/// Keeps samples within -1...1: what would be louder is turned down, quickly, and up again slowly.
///
/// The gain is found for pieces of 2.5 ms and changes in straight lines between them, each piece looking at the next
/// one of the same call, so nothing is delayed. What comes too suddenly for that is bent instead of cut.
struct SoftLimiter {
    private static let piece = 120
    /// -1 dBFS.
    private static let ceiling: Float = 0.89
    /// Of the way back to full gain a share per piece: half in 90 ms.
    private static let release: Float = 0.02

    private let channels: Int
    private var gain: Float = 1

    init(channels: Int) {
        self.channels = channels
    }

    mutating func limit(_ samples: inout [Float], frames: Int) {
        let count = min(frames * channels, samples.count)
        let length = Self.piece * channels
        var start = 0
        var peak = Self.peak(&samples, from: 0, to: min(length, count))
        while start < count {
            let end = min(start + length, count)
            let next = Self.peak(&samples, from: end, to: min(end + length, count))
            // The gain at the end of this piece serves this one and the next.
            let loudest = max(peak, next)
            let allowed = loudest > Self.ceiling ? Self.ceiling / loudest : 1
            let recovered = gain + (1 - gain) * Self.release
            let target = min(allowed, recovered > 0.999 ? 1 : recovered)
            if gain < 1 || target < 1 || peak > Self.ceiling {
                apply(&samples, from: start, to: end, target: target)
            }
            gain = target
            peak = next
            start = end
        }
    }

    private func apply(_ samples: inout [Float], from start: Int, to end: Int, target: Float) {
        // What demands less than there is must have it early in the piece: peaks may stand at its beginning.
        let ramp = target < gain ? max(1, (end - start) / 4) : end - start
        let step = (target - gain) / Float(ramp)
        var index = start
        while index < end {
            let progress = min(index - start, ramp)
            samples[index] = Self.bend(samples[index] * (gain + step * Float(progress)))
            index += 1
        }
    }

    /// The identity up to the ceiling; from there on it approaches 1.
    private static func bend(_ value: Float) -> Float {
        let size = value.magnitude
        guard size > ceiling else { return value }
        let over = (size - ceiling) / (1 - ceiling)
        let bent = ceiling + (1 - ceiling) * (over / (1 + over))
        return value < 0 ? -bent : bent
    }

    /// The loudest sample; what is no number becomes silence.
    private static func peak(_ samples: inout [Float], from start: Int, to end: Int) -> Float {
        var peak: Float = 0
        var index = start
        while index < end {
            let size = samples[index].magnitude
            if size < 1e6 {
                if size > peak { peak = size }
            } else {
                samples[index] = 0
            }
            index += 1
        }
        return peak
    }
}
