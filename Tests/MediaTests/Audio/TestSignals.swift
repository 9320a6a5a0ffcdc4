import BurrowBase
import BurrowMedia
import Glibc

/// Sounds that tests make themselves: the same on every run.
enum TestSignal {
    /// A sum of harmonics with a gliding pitch and a syllable's rise and fall: near enough to a voice for a speech
    /// codec to treat it as one. Interleaved, the second channel weaker than the first.
    static func voice(frames: Int, channels: Int = 1, level: Float = 0.25) -> [Float] {
        var samples: [Float] = []
        samples.reserveCapacity(frames * channels)
        for index in 0..<frames {
            let sample = spoken[index % spoken.count] * level
            for channel in 0..<channels { samples.append(channel == 0 ? sample : sample * 0.5) }
        }
        return samples
    }

    private static let spoken: [Float] = {
        var random = SeededRandom(seed: 7)
        var phase = 0.0
        return (0..<(4 * 48_000)).map { (index) in
            let time = Double(index) / 48_000
            let pitch = 120 + 25 * sine(time * 0.7) + 10 * sine(time * 2.3)
            phase += pitch / 48_000
            var value = 0.0
            for harmonic in 1...18 {
                let frequency = pitch * Double(harmonic)
                let formant = peak(frequency, 600 + 200 * sine(time * 1.1)) + 0.5 * peak(frequency, 1700)
                value += formant * sine(phase * Double(harmonic))
            }
            let breath = Double(Int(random.next() % 2001) - 1000) / 1000 * 0.01
            let syllable = max(0, sine(time * 3.1) * 0.5 + 0.5)
            return Float((value * 0.3 + breath) * syllable)
        }
    }()

    static func tone(_ frequency: Double, frames: Int, rate: Double = 48_000, level: Float = 0.5) -> [Float] {
        (0..<frames).map { Float(sine(Double($0) * frequency / rate)) * level }
    }

    static func noise(frames: Int, level: Float, seed: UInt64 = 3) -> [Float] {
        var random = SeededRandom(seed: seed)
        return (0..<frames).map { _ in (Float(random.next() % 65536) / 32768 - 1) * level }
    }

    /// Of `turns` full circles.
    static func sine(_ turns: Double) -> Double {
        sin(turns * 2 * .pi)
    }

    private static func peak(_ frequency: Double, _ centre: Double) -> Double {
        let distance = (frequency - centre) / 250
        return 1 / (1 + distance * distance)
    }
}

/// What tests measure.
enum Measure {
    static func power(_ samples: some Collection<Float>) -> Double {
        guard !samples.isEmpty else { return 0 }
        return samples.reduce(0) { $0 + Double($1) * Double($1) } / Double(samples.count)
    }

    static func decibels(_ ratio: Double) -> Double {
        10 * log10(max(ratio, 1e-12))
    }

    /// Power of `reference` over that of its difference from `other`, as a ratio. The two have the same length.
    static func signalToNoise(_ reference: some Collection<Float>, _ other: some Collection<Float>) -> Double
    {
        let difference = zip(reference, other).map { $0 - $1 }
        return power(reference) / max(power(difference), 1e-12)
    }

    /// Whether one channel follows another's loudness: the correlation of the energies of 10 ms.
    static func envelopeCorrelation(_ a: [Float], _ b: [Float]) -> Double {
        let count = min(a.count, b.count) / 480
        let x = (0..<count).map { power(a[($0 * 480)..<($0 * 480 + 480)]).squareRoot() }
        let y = (0..<count).map { power(b[($0 * 480)..<($0 * 480 + 480)]).squareRoot() }
        let meanX = x.reduce(0, +) / Double(count)
        let meanY = y.reduce(0, +) / Double(count)
        var xy = 0.0
        var xx = 0.0
        var yy = 0.0
        for index in 0..<count {
            xy += (x[index] - meanX) * (y[index] - meanY)
            xx += (x[index] - meanX) * (x[index] - meanX)
            yy += (y[index] - meanY) * (y[index] - meanY)
        }
        return xy / (xx * yy).squareRoot()
    }
}

extension Array where Element: BitwiseCopyable {
    /// The memory of the elements.
    var raw: RawSpan {
        @_lifetime(borrow self)
        borrowing get { unsafe span.bytes }
    }

    /// Lets a format write samples over the elements.
    mutating func write(_ samples: [Float], as format: PCMFormat) {
        var span = mutableSpan
        var bytes = unsafe span.mutableBytes
        format.write(samples.span, into: &bytes)
    }
}

extension PCMFormat {
    /// The samples as a host would have them.
    func bytes(of samples: [Float]) -> [UInt8] {
        var result = [UInt8](repeating: 0, count: samples.count / channels * bytesPerFrame)
        result.write(samples, as: self)
        return result
    }

    func samples(in bytes: [UInt8]) -> [Float] {
        var result = [Float](repeating: 0, count: bytes.count / bytesPerFrame * channels)
        var span = result.mutableSpan
        _ = read(bytes.raw, into: &span)
        return result
    }
}

extension PCMReader {
    /// Reads an array; returns what was lost.
    func read<T: BitwiseCopyable>(_ values: [T], into queue: inout PCMQueue) throws -> Int {
        try read(values.raw, into: &queue)
    }
}

extension PCMQueue {
    var samples: [Float] {
        let all = prefix(count)
        return (0..<all.count).map { all[$0] }
    }
}
