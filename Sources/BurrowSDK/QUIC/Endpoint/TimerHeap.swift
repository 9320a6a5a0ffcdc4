import BurrowBase

/// The deadlines of many connections, the earliest on top. Each connection knows its place, so that changing one
/// deadline costs a few swaps.
struct TimerHeap {
    private struct Item {
        var deadline: Instant
        var connection: Connection
    }

    private var items: ContiguousArray<Item> = []

    var earliest: Instant { items.first?.deadline ?? .distantFuture }
    var first: Connection? { items.first?.connection }

    /// Sets a connection's deadline; `distantFuture` takes it out.
    mutating func set(_ connection: Connection, _ deadline: Instant) {
        let at = connection.timerPosition
        if at < 0 {
            guard deadline < .distantFuture else { return }
            connection.timerPosition = items.count
            items.append(Item(deadline: deadline, connection: connection))
            siftUp(items.count - 1)
            return
        }
        guard deadline < .distantFuture else {
            remove(connection)
            return
        }
        let before = items[at].deadline
        guard before != deadline else { return }
        items[at].deadline = deadline
        if deadline < before { siftUp(at) } else { siftDown(at) }
    }

    mutating func remove(_ connection: Connection) {
        let at = connection.timerPosition
        guard at >= 0 else { return }
        connection.timerPosition = -1
        guard let last = items.popLast(), at < items.count else { return }
        items[at] = last
        last.connection.timerPosition = at
        siftUp(at)
        siftDown(last.connection.timerPosition)
    }

    private mutating func siftUp(_ start: Int) {
        var at = start
        while at > 0 {
            let parent = (at - 1) / 2
            guard items[at].deadline < items[parent].deadline else { return }
            swap(at, parent)
            at = parent
        }
    }

    private mutating func siftDown(_ start: Int) {
        var at = start
        while true {
            var child = 2 * at + 1
            guard child < items.count else { return }
            if child + 1 < items.count, items[child + 1].deadline < items[child].deadline { child += 1 }
            guard items[child].deadline < items[at].deadline else { return }
            swap(at, child)
            at = child
        }
    }

    private mutating func swap(_ a: Int, _ b: Int) {
        items.swapAt(a, b)
        items[a].connection.timerPosition = a
        items[b].connection.timerPosition = b
    }
}
