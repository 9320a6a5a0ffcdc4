import BurrowBase

/// The last second of one participant's levels, and what it says about speaking.
struct SpeakerHistory {
    /// 1 s of 20 ms.
    private static let levels = 50
    private static let minimumWindow = 750
    /// Units of level in one step of an immediate observation, and how many steps there are.
    private static let step = 10
    static let immediateSteps = 13
    static let mediumLength = 5
    static let longLength = 10
    /// Immediate observations above this make a medium one, medium ones above that a long one.
    private static let mediumThreshold = 7
    private static let longThreshold = 4

    /// Newest at `head`, then older ones.
    private var ring = [UInt8](repeating: 0, count: levels)
    private var head = 0
    private var minimum: UInt8 = 0
    private var windowMinimum: UInt8 = .max
    private var windowCount = 0
    private(set) var lastLevel: Instant

    private(set) var immediate = 0
    private(set) var medium = 0
    private(set) var long = 0

    init(now: Instant) {
        lastLevel = now
    }

    mutating func add(_ level: UInt8, at now: Instant) {
        lastLevel = now
        push(min(level, 127))
    }

    /// Nothing came: a silent participant sends nothing, and the last loud level must not stay.
    mutating func addSilence() { push(0) }

    /// Brings the three time scales up to date.
    mutating func evaluate() {
        let floor = Int(minimum) + Self.step
        long = 0
        for block in 0..<Self.longLength {
            var active = 0
            for index in 0..<Self.mediumLength {
                let value = immediateValue(block * Self.mediumLength + index, floor: floor)
                if block == 0, index == 0 { immediate = value }
                if value > Self.mediumThreshold { active += 1 }
            }
            if block == 0 { medium = active }
            if active > Self.longThreshold { long += 1 }
        }
    }

    private func immediateValue(_ age: Int, floor: Int) -> Int {
        let level = Int(ring[(head + age) % Self.levels])
        return level < floor ? 0 : level / Self.step
    }

    private mutating func push(_ level: UInt8) {
        head = (head + Self.levels - 1) % Self.levels
        ring[head] = level
        guard level > 0 else { return }
        if minimum == 0 || level < minimum {
            minimum = level
            windowMinimum = .max
            windowCount = 0
            return
        }
        windowMinimum = min(windowMinimum, level)
        windowCount += 1
        guard windowCount >= Self.minimumWindow else { return }
        minimum = UInt8((Float(minimum) * Float(windowMinimum)).squareRoot())
        windowMinimum = .max
        windowCount = 0
    }
}
