import BurrowBase

/// Up to 32 bytes kept in place, for headers that are made or collected once a group or frame and must not cost a
/// heap allocation.
package struct ShortHeader: Sendable {
    package static let capacity = 32

    private var storage = InlineArray<32, UInt8>(repeating: 0)
    package private(set) var count = 0

    package init() {}

    /// Whether a byte was taken; none is once it is full.
    mutating func append(_ byte: UInt8) -> Bool {
        guard count < Self.capacity else { return false }
        storage[count] = byte
        count += 1
        return true
    }

    mutating func removeAll() {
        count = 0
    }

    /// Four of the longest fit; callers write at most three long ones and a stream type.
    mutating func appendVarint(_ value: UInt64) {
        let value = min(value, Varint.max)
        let length = Varint.length(value)
        precondition(count + length <= Self.capacity, "a short header holds at most 32 bytes")
        let mark = UInt8(truncatingIfNeeded: length.trailingZeroBitCount) << 6
        for index in 0..<length {
            let byte = UInt8(truncatingIfNeeded: value >> UInt64(8 * (length - 1 - index)))
            storage[count] = index == 0 ? byte | mark : byte
            count += 1
        }
    }

    package var span: Span<UInt8> {
        @_lifetime(borrow self)
        borrowing get { storage.span.extracting(first: count) }
    }

    /// A copy, where allocation does not matter.
    package var bytes: [UInt8] {
        var result: [UInt8] = []
        for index in 0..<count { result.append(storage[index]) }
        return result
    }

    /// Writes `count` bytes; for building a frame directly in an allocator's memory.
    package func copy(to target: UnsafeMutableRawPointer) {
        for index in 0..<count {
            unsafe target.storeBytes(of: storage[index], toByteOffset: index, as: UInt8.self)
        }
    }
}
