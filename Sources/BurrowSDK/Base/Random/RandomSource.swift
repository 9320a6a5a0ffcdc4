/// Where random numbers come from: the operating system in production, a seed in a simulation.
package protocol RandomSource: RandomNumberGenerator {
    /// Fills with random bytes.
    mutating func fill(_ bytes: UnsafeMutableRawBufferPointer)
}

extension RandomSource {
    package mutating func fill(_ bytes: UnsafeMutableRawBufferPointer) {
        var word: UInt64 = 0
        for index in bytes.indices {
            if index % 8 == 0 { word = next() }
            unsafe bytes[index] = UInt8(truncatingIfNeeded: word)
            word >>= 8
        }
    }
}

/// The operating system's generator, fit for keys.
package struct SystemRandom: RandomSource {
    package init() {}

    package mutating func next() -> UInt64 {
        var system = SystemRandomNumberGenerator()
        return system.next()
    }
}

/// SplitMix64: the same numbers for the same seed. For simulations only.
package struct SeededRandom: RandomSource {
    private var state: UInt64

    package init(seed: UInt64) {
        state = seed
    }

    package mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}
