package import BurrowBase

/// What a host may say about the delay of playout; the defaults suit calls.
package struct PlayoutOptions: Equatable, Sendable {
    /// Never less delay than this.
    package var floor: Interval = .milliseconds(10)
    /// Never aim for more delay than this.
    package var ceiling: Interval = .milliseconds(400)
    /// The delay before anything is known about the network.
    package var start: Interval = .milliseconds(60)
    /// The share of packets, by the worst of each quarter of a second, that shall be in time.
    package var quantile = 0.97

    package init() {}

    /// The nearest that can be done: nothing negative, at most 2 s, the floor not above the ceiling.
    package var sane: PlayoutOptions {
        var result = self
        result.ceiling = max(.milliseconds(10), min(ceiling, .seconds(2)))
        result.floor = max(.zero, min(floor, result.ceiling))
        result.start = max(result.floor, min(start, result.ceiling))
        result.quantile = quantile.isFinite ? max(0.5, min(quantile, 0.999)) : 0.97
        return result
    }
}
