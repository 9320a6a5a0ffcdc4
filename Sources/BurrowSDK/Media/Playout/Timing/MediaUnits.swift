/// Conversions between the two units of playout: samples per channel at 48 kHz, and microseconds.
enum MediaUnits {
    static let rate = 48_000

    static func microseconds(_ frames: Int) -> Int64 { Int64(frames) * 125 / 6 }

    /// Saturates far above any buffer, because differences of timestamps are a peer's numbers.
    static func frames(_ microseconds: Int64) -> Int {
        Int(max(-100_000_000, min(microseconds, 100_000_000)) * 6 / 125)
    }

    static func frames(milliseconds: Int) -> Int { milliseconds * 48 }
}
