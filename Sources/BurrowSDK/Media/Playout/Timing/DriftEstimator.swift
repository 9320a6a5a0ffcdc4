/// How much faster the listener's sound device runs than the sender's clock, from the slope of the buffer's level.
///
/// The level is taken as the position of the device less the timestamp of a packet when it arrives, so nothing that
/// playout does to it, stretching or waiting, counts. Of every four seconds the lowest value, which had the fastest way
/// through the network, enters a line of best fit over about two minutes.
struct DriftEstimator {
    private struct Point {
        var x: Double
        var y: Double
    }

    private static let window: Int64 = 4_000_000
    private static let capacity = 32
    private static let fewest = 6
    /// Seconds; a larger step is another way through the network, not drift.
    private static let step = 0.015
    /// The estimate must be known to so many parts per million.
    private static let precision = 15e-6

    private var points: [Point] = []
    private var windowStart: Int64?
    private var lowest = Point(x: 0, y: .infinity)
    private var origin: Int64?

    /// In parts per million; nil until known well enough.
    private(set) var estimate: Double?

    init() {
        points.reserveCapacity(Self.capacity + 1)
    }

    /// A packet arrived when the device was at `position`. Returns whether there is a new estimate.
    mutating func arrived(timestamp: Int64, position: Int64) -> Bool {
        let level = position.subtractingSaturating(timestamp)
        let start = windowStart ?? position
        let zero = origin ?? level
        windowStart = start
        origin = zero
        let point = Point(x: Double(position) * 1e-6, y: Double(level.subtractingSaturating(zero)) * 1e-6)
        let age = position.subtractingSaturating(start)
        guard age >= 0, age < 2 * Self.window else {
            reset()
            return false
        }
        if age < Self.window {
            if point.y < lowest.y { lowest = point }
            return false
        }
        windowStart = position
        let finished = lowest
        lowest = point
        return add(finished)
    }

    mutating func reset() {
        points.removeAll(keepingCapacity: true)
        windowStart = nil
        origin = nil
        lowest = Point(x: 0, y: .infinity)
    }

    private mutating func add(_ point: Point) -> Bool {
        if let last = points.last, (point.y - last.y).magnitude > Self.step {
            points.removeAll(keepingCapacity: true)
        }
        if points.count == Self.capacity { points.removeFirst() }
        points.append(point)
        guard points.count >= Self.fewest else { return false }
        return fit()
    }

    private mutating func fit() -> Bool {
        let count = Double(points.count)
        var (meanX, meanY) = (0.0, 0.0)
        for point in points {
            meanX += point.x / count
            meanY += point.y / count
        }
        var (xx, xy, yy) = (0.0, 0.0, 0.0)
        for point in points {
            let (x, y) = (point.x - meanX, point.y - meanY)
            xx += x * x
            xy += x * y
            yy += y * y
        }
        guard xx > 0 else { return false }
        let slope = xy / xx
        let residual = max(0, yy - slope * xy) / (count - 2)
        guard (residual / xx).squareRoot() <= Self.precision else { return false }
        estimate = slope * 1e6
        return true
    }
}
