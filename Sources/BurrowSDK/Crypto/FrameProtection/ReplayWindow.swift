/// Which counters of one key were used: the highest, and the 1,024 up to it.
struct ReplayWindow {
    enum Verdict: Equatable {
        case fresh
        case duplicate
        case tooOld
    }

    static let size: UInt64 = 1024
    /// One word more than the window has, because it rarely begins at a word.
    private static let wordCount: UInt64 = 17

    private var words = InlineArray<17, UInt64>(repeating: 0)
    private var highest: UInt64 = 0
    private var isEmpty = true

    /// Asked before a frame is opened; changes nothing, so a forged counter closes no window.
    func verdict(_ counter: UInt64) -> Verdict {
        guard !isEmpty, counter <= highest else { return .fresh }
        guard highest - counter < Self.size else { return .tooOld }
        return words[Self.word(counter)] & Self.bit(counter) == 0 ? .fresh : .duplicate
    }

    /// Told after a frame proved authentic. The counter is `fresh`.
    mutating func record(_ counter: UInt64) {
        if isEmpty {
            isEmpty = false
            highest = counter
        } else if counter > highest {
            let old = highest / 64
            let steps = min(counter / 64 - old, Self.wordCount)
            for step in 0..<steps { words[Int((old + 1 + step) % Self.wordCount)] = 0 }
            highest = counter
        }
        words[Self.word(counter)] |= Self.bit(counter)
    }

    private static func word(_ counter: UInt64) -> Int { Int(counter / 64 % wordCount) }
    private static func bit(_ counter: UInt64) -> UInt64 { 1 << (counter % 64) }
}
