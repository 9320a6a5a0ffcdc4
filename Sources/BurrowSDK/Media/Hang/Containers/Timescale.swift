/// Times in units of their source.
enum Timescale {
    /// Microseconds for a count of units of which one second has `timescale`. `nil` when there is no such time.
    static func microseconds(_ units: UInt64, timescale: UInt64) -> Int64? {
        guard timescale > 0 else { return nil }
        let product = units.multipliedFullWidth(by: 1_000_000)
        guard product.high < timescale else { return nil }
        guard let time = Int64(exactly: timescale.dividingFullWidth(product).quotient) else { return nil }
        return time <= HangLimits.timestamp ? time : nil
    }
}
