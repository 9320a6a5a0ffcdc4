/// A first-in first-out queue that keeps its memory.
struct Queue<Element> {
    private var items: ContiguousArray<Element?> = []
    private var head = 0
    private(set) var count = 0

    var isEmpty: Bool { count == 0 }

    var first: Element? { count > 0 ? items[head] : nil }

    mutating func append(_ item: Element) {
        if count == items.count { grow() }
        items[(head + count) & (items.count - 1)] = item
        count += 1
    }

    mutating func popFirst() -> Element? {
        guard count > 0 else { return nil }
        let item = items[head]
        items[head] = nil
        head = (head + 1) & (items.count - 1)
        count -= 1
        return item
    }

    /// Lets `change` alter the last item in place.
    mutating func withLast<Result>(_ change: (inout Element) -> Result) -> Result? {
        guard count > 0 else { return nil }
        let index = (head + count - 1) & (items.count - 1)
        guard var item = items[index] else { return nil }
        defer { items[index] = item }
        return change(&item)
    }

    /// Puts `item` in the place of the first.
    mutating func replaceFirst(_ item: Element) {
        guard count > 0 else { return }
        items[head] = item
    }

    func reduce<Result>(_ first: Result, _ add: (Result, Element) -> Result) -> Result {
        var result = first
        for index in 0..<count {
            if let item = items[(head + index) & (items.count - 1)] { result = add(result, item) }
        }
        return result
    }

    mutating func removeAll() {
        while popFirst() != nil {}
    }

    /// The size is a power of two, so that positions wrap with a mask.
    private mutating func grow() {
        var larger: ContiguousArray<Element?> = []
        larger.reserveCapacity(max(4, items.count * 2))
        for index in 0..<count { larger.append(items[(head + index) & (items.count - 1)]) }
        while larger.count < max(4, items.count * 2) { larger.append(nil) }
        items = larger
        head = 0
    }
}
