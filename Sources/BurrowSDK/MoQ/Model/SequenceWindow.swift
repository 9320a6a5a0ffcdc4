/// Which sequences have been seen, exact for the newest 128 and "yes" for everything older.
struct SequenceWindow {
    private var highest: UInt64?
    /// Bit n stands for `highest - n`.
    private var mask: UInt128 = 0

    /// Notes a sequence. False when it was noted before or is too far behind.
    mutating func insert(_ sequence: UInt64) -> Bool {
        guard let top = highest else {
            highest = sequence
            mask = 1
            return true
        }
        if sequence > top {
            let step = sequence - top
            mask = step < 128 ? mask << UInt128(step) | 1 : 1
            highest = sequence
            return true
        }
        let behind = top - sequence
        guard behind < 128 else { return false }
        let bit = UInt128(1) << UInt128(behind)
        guard mask & bit == 0 else { return false }
        mask |= bit
        return true
    }

    func contains(_ sequence: UInt64) -> Bool {
        guard let top = highest, sequence <= top else { return false }
        let behind = top - sequence
        return behind >= 128 || mask & (UInt128(1) << UInt128(behind)) != 0
    }
}
