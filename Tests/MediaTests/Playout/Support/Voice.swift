import BurrowBase
import Glibc

/// Ten seconds of something like speech: syllables of changing pitch, pauses, hisses, over faint noise; never exactly
/// zero. It repeats without a seam in time, and packets are views into it.
struct Voice {
    static let seconds = 10
    static let frames = seconds * 48_000

    static let samples: [Float] = {
        // One period of a voice: harmonics, the higher ones weaker.
        let period = (0..<1024).map { (index) -> Float in
            let x = Float(index) / 1024 * 2 * .pi
            return (1...12).reduce(Float(0)) { $0 + sinf(x * Float($1)) / Float($1) } * 0.15
        }
        var random = SeededRandom(seed: 1)
        var result = [Float](repeating: 0, count: frames)
        var phase: Float = 0
        var index = 0
        while index < frames {
            let time = Float(index) / 48_000
            // Syllables of a quarter of a second; every fourth is a pause, and the last 1.5 s of the ten.
            let syllable = Int(time * 4)
            let inside = time * 4 - Float(syllable)
            let hiss = Float(Int32(truncatingIfNeeded: random.next())) * 0x1p-31
            var value = hiss * 0.0005 + 1e-6
            let speaking = syllable % 4 != 3 && syllable < 34
            if speaking, inside > 0.8 {
                value += hiss * 0.03
            } else if speaking {
                let pitch = 100 + 15 * Float(syllable % 7) + 20 * inside
                phase += pitch / 48_000 * 1024
                if phase >= 1024 { phase -= 1024 }
                value += period[Int(phase)] * min(1, min(inside, 0.8 - inside) * 12)
            }
            result[index] = value
            index += 1
        }
        return result
    }()

    /// Twice the sound, so that a packet with the packet before it is one view at every position.
    private let bytes: Slice

    init() {
        bytes = unsafe Self.samples.withUnsafeBytes { (raw) in
            let once = unsafe [UInt8](raw)
            return Slice(copying: (once + once).span)
        }
    }

    func packet(_ number: Int, frames count: Int = 960, redundant: Bool = false) -> Slice {
        let begin = (number * count) % Self.frames
        if redundant {
            return bytes.dropFirst((begin + Self.frames - count) % Self.frames * 4).prefix(count * 8)
        }
        return bytes.dropFirst(begin * 4).prefix(count * 4)
    }
}
