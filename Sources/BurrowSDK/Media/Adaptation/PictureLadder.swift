package import BurrowBase

/// Chooses size and frame rate for a bit rate: less resolution when pictures would turn to mush, then fewer pictures, and
/// none when there is nothing to make them of. Down at once; up when there has been clearly enough for a while.
package struct PictureLadder {
    /// One way to send the pictures.
    package struct Step: Equatable, Sendable {
        /// The sides are divided by this.
        package var scale: Int
        /// Half the pictures.
        package var isSlow: Bool
        package var isOff: Bool
    }

    private static let steps = [
        Step(scale: 1, isSlow: false, isOff: false), Step(scale: 2, isSlow: false, isOff: false),
        Step(scale: 4, isSlow: false, isOff: false), Step(scale: 4, isSlow: true, isOff: false),
        Step(scale: 4, isSlow: true, isOff: true),
    ]
    /// No picture is made smaller than this by halving its sides.
    private static let smallest = 160 * 90
    private static let patience = Interval.seconds(5)

    private let width: Int
    private let height: Int
    private var index = 0
    /// Since when there has been enough for the step above.
    private var enoughSince: Instant?

    package init(width: Int, height: Int) {
        self.width = width
        self.height = height
    }

    package func isFor(width: Int, height: Int) -> Bool { self.width == width && self.height == height }

    private var pixels: Int { max(width, 1) * max(height, 1) }

    package var step: Step { Self.steps[min(index, Self.steps.count - 1)] }

    /// Whether the full size is out of reach.
    package var isBelowFull: Bool { index > 0 }

    /// Bits a second below which pictures of so many pixels turn to mush: 450 kbit/s at 720 lines, 130 at 360.
    package static func least(_ pixels: Int) -> Int {
        let points = [
            (0, 12_000), (57_600, 40_000), (230_400, 130_000), (921_600, 450_000), (2_073_600, 1_000_000),
        ]
        for (low, high) in zip(points, points.dropFirst()) where pixels <= high.0 {
            return low.1 + (high.1 - low.1) * (pixels - low.0) / (high.0 - low.0)
        }
        return pixels / 2
    }

    /// What a step needs; nil where it would make the picture too small.
    private func need(_ step: Step) -> Int? {
        guard !step.isOff else { return 0 }
        let scale = scale(of: step)
        // Only the way with fewer pictures is kept of those that are alike.
        if scale < step.scale, !step.isSlow { return nil }
        let least = Self.least(pixels / (scale * scale))
        return step.isSlow ? least * 2 / 3 : least
    }

    /// The sides' divisor at the present step, for pictures of this size.
    package var scale: Int { scale(of: step) }

    private func scale(of step: Step) -> Int {
        var scale = step.scale
        while scale > 1, pixels / (scale * scale) < Self.smallest { scale /= 2 }
        return scale
    }

    /// Moves to where a bit rate leads.
    package mutating func settle(_ bitRate: Int, now: Instant) {
        var next = index
        while next < Self.steps.count - 1, need(Self.steps[next]).map({ bitRate < $0 }) ?? true {
            next += 1
        }
        if next != index {
            index = next
            enoughSince = nil
            return
        }
        var above = index - 1
        while above >= 0, need(Self.steps[above]) == nil { above -= 1 }
        guard above >= 0, let need = need(Self.steps[above]), bitRate / 8 >= need / 5 else {
            enoughSince = nil
            return
        }
        let since = enoughSince ?? now
        enoughSince = since
        // What was off for want of a line need not wait to see whether it lasts.
        let patience = step.isOff ? Interval.seconds(1) : Self.patience
        guard now - since >= patience else { return }
        index = above
        enoughSince = nil
    }
}
