/// A queue in one piece of memory. Costs no allocation once it has grown to what its use needs.
///
/// Inlinable, so that each layer has it for its own elements: looking up what a generic element is costs more than the
/// queue does.
package struct FIFO<Element> {
    @usableFromInline internal var slots: ContiguousArray<Element?> = []
    @usableFromInline internal var head = 0
    @usableFromInline package internal(set) var count = 0

    @inlinable package init() {}

    @inlinable package var isEmpty: Bool { count == 0 }

    @inlinable package var first: Element? { count == 0 ? nil : slots[head] }

    /// The one after `first`.
    @inlinable package var second: Element? { count < 2 ? nil : slots[(head + 1) % slots.count] }

    @inlinable package mutating func append(_ element: Element) {
        if count == slots.count { grow() }
        slots[(head + count) % slots.count] = element
        count += 1
    }

    @inlinable package mutating func popFirst() -> Element? {
        guard count > 0 else { return nil }
        let element = slots[head]
        slots[head] = nil
        head = (head + 1) % slots.count
        count -= 1
        return element
    }

    @inlinable package mutating func removeAll() {
        while popFirst() != nil {}
    }

    @usableFromInline internal mutating func grow() {
        var larger = ContiguousArray<Element?>()
        larger.reserveCapacity(max(16, slots.count * 2))
        for index in 0..<count { larger.append(slots[(head + index) % slots.count]) }
        while larger.count < max(16, slots.count * 2) { larger.append(nil) }
        slots = larger
        head = 0
    }
}

extension FIFO: Sendable where Element: Sendable {}
