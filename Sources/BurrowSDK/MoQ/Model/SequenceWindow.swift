/// Which sequences have been seen: exact for the newest ones, as many as a track can hold, and "yes" for everything
/// older.
package struct SequenceWindow {
    private static let size = UInt64(TrackLimits.groups)
    private static let wordBits: UInt64 = 64

    private var highest: UInt64?
    /// One bit for each of the newest sequences, at the sequence modulo the size.
    private var bits = ContiguousArray<UInt64>(repeating: 0, count: Int((size + wordBits - 1) / wordBits))

    package init() {}

    /// Notes a sequence. False when it was noted before or is too far behind.
    package mutating func insert(_ sequence: UInt64) -> Bool {
        if let top = highest {
            guard !contains(sequence) else { return false }
            if sequence > top {
                forget(after: top, upTo: sequence)
                highest = sequence
            }
        } else {
            highest = sequence
        }
        let (word, bit) = place(sequence)
        bits[word] |= bit
        return true
    }

    package func contains(_ sequence: UInt64) -> Bool {
        guard let top = highest, sequence <= top else { return false }
        guard top - sequence < Self.size else { return true }
        let (word, bit) = place(sequence)
        return bits[word] & bit != 0
    }

    /// The places of sequences that are new were those of sequences long past.
    private mutating func forget(after top: UInt64, upTo sequence: UInt64) {
        guard sequence - top < Self.size else {
            for word in bits.indices { bits[word] = 0 }
            return
        }
        var next = top
        while next < sequence {
            next += 1
            let (word, bit) = place(next)
            bits[word] &= ~bit
        }
    }

    private func place(_ sequence: UInt64) -> (word: Int, bit: UInt64) {
        let index = sequence % Self.size
        return (Int(index / Self.wordBits), 1 << (index % Self.wordBits))
    }
}
