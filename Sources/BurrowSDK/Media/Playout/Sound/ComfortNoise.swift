/// Knows how a speaker's background sounds, its level and whether it is dull or bright, and makes more of it.
struct ComfortNoise {
    /// -40 dBFS: what is louder is no background.
    private static let loudest: Float = 1e-4
    /// -80 dBFS: what is not even this is no background either, but the absence of one.
    static let nothing: Float = 1e-8
    /// Follows a rising background by 1 dB a second.
    private static let risePerMillisecond: Float = 1.000_23

    /// Mean square of the background.
    private(set) var power: Float?
    private var correlation: Float = 0
    private var state: (Float, Float) = (0, 0)
    private var random: UInt32 = 0x9e37_79b9

    /// Takes note of `frames` frames of decoded sound at `position`; returns their mean square.
    mutating func observe(_ queue: SoundQueue, at position: Int, frames: Int) -> Float {
        guard frames > 16 else { return 0 }
        var energy: Float = 0
        var product: Float = 0
        var count: Float = 0
        var index = 0
        while index + 1 < frames {
            let a = queue.mono(position + index)
            energy += a * a
            product += a * queue.mono(position + index + 1)
            count += 1
            index += 8
        }
        // A decoder that produces nonsense must not leave it in the filter for ever.
        guard energy.isFinite, product.isFinite else { return 0 }
        let mean = energy / count
        guard mean >= Self.nothing else {
            power = nil
            return mean
        }
        let known = power ?? min(mean, Self.loudest)
        if mean <= known * 2 {
            power = min(known + (mean - known) * 0.2, Self.loudest)
            if energy > 0 { correlation += (max(0, min(product / energy, 0.95)) - correlation) * 0.2 }
        } else {
            let rise = 1 + (Self.risePerMillisecond - 1) * Float(frames) / 48
            power = min(known * rise + 1e-13, Self.loudest)
        }
        return mean
    }

    /// Whether sound of this mean square is hardly more than background.
    func isBackground(_ mean: Float) -> Bool {
        mean < Self.nothing || mean <= (power ?? 0) * 4
    }

    /// Adds noise to the waiting frames from `position` on; the gain goes from `from` to `to`.
    mutating func add(to queue: SoundQueue, at position: Int, frames: Int, from: Float, to: Float) {
        guard let power, power > 0, frames > 0 else { return }
        // Uniform numbers from -1 to 1 have a mean square of 1/3; the filter keeps the power.
        let level = (3 * power * (1 - correlation * correlation)).squareRoot()
        let slope = (to - from) / Float(frames)
        var index = 0
        while index < frames {
            let gain = from + slope * Float(index)
            state.0 = correlation * state.0 + level * uniform()
            queue[position + index, 0] += state.0 * gain
            if queue.channels == 2 {
                state.1 = correlation * state.1 + level * uniform()
                queue[position + index, 1] += state.1 * gain
            }
            index += 1
        }
    }

    private mutating func uniform() -> Float {
        random ^= random << 13
        random ^= random >> 17
        random ^= random << 5
        return Float(Int32(bitPattern: random)) * 0x1p-31
    }
}
