package import BurrowBase

/// Draws from a seed, in words a scenario is written in.
package struct Dice {
    private var random: SeededRandom

    package init(seed: UInt64) {
        random = SeededRandom(seed: seed)
        // Seeds in a row would begin alike.
        _ = random.next()
    }

    package mutating func chance(_ probability: Double) -> Bool {
        Double(random.next() >> 11) * 0x1p-53 < probability
    }

    package mutating func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }

    package mutating func fraction(_ range: ClosedRange<Double>) -> Double {
        Double.random(in: range, using: &random)
    }

    package mutating func milliseconds(_ range: ClosedRange<Int64>) -> Interval {
        .milliseconds(Int64.random(in: range, using: &random))
    }

    package mutating func pick<Element>(_ elements: [Element]) -> Element {
        elements[Int.random(in: 0..<elements.count, using: &random)]
    }
}

extension Interval {
    static func + (a: Interval, b: Interval) -> Interval { .microseconds(a.microseconds + b.microseconds) }
}
