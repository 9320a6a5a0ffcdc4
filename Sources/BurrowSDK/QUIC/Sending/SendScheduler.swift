/// Chooses the stream that sends next: the highest level first, then the flows of that level in turn so that each
/// gets the same number of bytes (deficit round robin), then the smallest order within the flow. A stream that said to be
/// in the middle of something goes first in its flow until it is through with that.
///
/// Streams are numbered by their owner with small, reused numbers ("slots"). A stream is in here while it has
/// something to send. Nothing is allocated once the tables have grown to what a connection needs.
package struct SendScheduler {
    /// What a flow may send in one turn: one packet, so that flows interleave finely.
    private static let quantum = 1500
    /// Room for so many streams at once, so that a call's first minutes do not grow tables one by one.
    private static let usual = 16

    private struct Item {
        var order: UInt64
        /// Breaks ties: first come, first served.
        var arrival: UInt64
        var slot: Int32

        func isBefore(_ other: Item) -> Bool {
            order != other.order ? order < other.order : arrival < other.arrival
        }
    }

    private struct Node {
        /// Position in the flow's heap.
        var position: Int32 = -1
        var flow: Int32 = -1
    }

    private struct Flow {
        var level: UInt16 = 0
        var id: UInt32 = 0
        /// A heap, smallest order on top.
        var heap: ContiguousArray<Item> = []
        var deficit = 0
        /// The stream in the middle of something, or -1.
        var held: Int32 = -1
        /// Neighbours in the ring of the level's flows.
        var next: Int32 = -1
        var previous: Int32 = -1
    }

    private struct Level {
        var level: UInt16
        /// The flow whose turn it is.
        var turn: Int32
    }

    private struct Key: Hashable {
        var level: UInt16
        var id: UInt32
    }

    private var nodes: ContiguousArray<Node> = []
    private var flows: ContiguousArray<Flow> = []
    private var freeFlows: ContiguousArray<Int32> = []
    private var flowIndex: [Key: Int32] = [:]
    /// Levels that have something to send, highest last.
    private var levels: ContiguousArray<Level> = []
    private var arrivals: UInt64 = 0

    package init() {}

    package private(set) var count = 0
    package var isEmpty: Bool { count == 0 }
    /// The level of what `next` gives.
    package var topLevel: UInt16? { levels.last?.level }

    package func contains(_ slot: Int) -> Bool {
        slot >= 0 && slot < nodes.count && nodes[slot].flow >= 0
    }

    /// Adds a stream, or moves it when it is there with another priority.
    package mutating func insert(_ slot: Int, _ priority: SendPriority) {
        precondition(slot >= 0 && slot < Int(Int32.max), "slots are small numbers of ours")
        if nodes.isEmpty { nodes.reserveCapacity(Self.usual) }
        while nodes.count <= slot { nodes.append(Node()) }
        if nodes[slot].flow >= 0 {
            if current(slot) == priority { return }
            remove(slot)
        }
        let flow = flowFor(priority)
        arrivals &+= 1
        nodes[slot].flow = flow
        let item = Item(order: priority.order, arrival: arrivals, slot: Int32(slot))
        flows[Int(flow)].heap.append(item)
        siftUp(Int(flow), flows[Int(flow)].heap.count - 1)
        count += 1
    }

    /// Takes a stream out.
    package mutating func remove(_ slot: Int) {
        guard contains(slot) else { return }
        let flow = Int(nodes[slot].flow)
        let position = Int(nodes[slot].position)
        if Int(flows[flow].held) == slot { flows[flow].held = -1 }
        nodes[slot] = Node()
        count -= 1
        if let last = flows[flow].heap.popLast(), position < flows[flow].heap.count {
            flows[flow].heap[position] = last
            nodes[Int(last.slot)].position = Int32(position)
            siftUp(flow, position)
            siftDown(flow, Int(nodes[Int(last.slot)].position))
        }
        if flows[flow].heap.isEmpty { retire(flow) }
    }

    /// The stream to send from now. Says the same until `sent`, `insert` or `remove`.
    package mutating func next() -> Int? {
        guard let top = levels.indices.last else { return nil }
        while true {
            let flow = Int(levels[top].turn)
            if flows[flow].deficit > 0 {
                if flows[flow].held >= 0 { return Int(flows[flow].held) }
                return flows[flow].heap.first.map { Int($0.slot) }
            }
            // Its turn begins only when it comes round again.
            flows[flow].deficit += Self.quantum
            levels[top].turn = flows[flow].next
        }
    }

    /// Whether a stream only goes first because it is in the middle of something, while another of its flow waits.
    package func isBeforeItsTurn(_ slot: Int) -> Bool {
        guard contains(slot) else { return false }
        let flow = Int(nodes[slot].flow)
        return Int(flows[flow].held) == slot && nodes[slot].position != 0
    }

    /// Charges what a stream sent to its flow. With `goesOn` the stream is in the middle of something.
    package mutating func sent(_ slot: Int, bytes: Int, goesOn: Bool = false) {
        guard contains(slot) else { return }
        let flow = Int(nodes[slot].flow)
        flows[flow].deficit -= max(bytes, 0)
        if goesOn {
            flows[flow].held = Int32(slot)
        } else if Int(flows[flow].held) == slot {
            flows[flow].held = -1
        }
    }

    package mutating func removeAll() {
        for slot in nodes.indices { remove(slot) }
    }

    private func current(_ slot: Int) -> SendPriority {
        let flow = Int(nodes[slot].flow)
        let order = flows[flow].heap[Int(nodes[slot].position)].order
        return SendPriority(level: flows[flow].level, flow: flows[flow].id, order: order)
    }

    private mutating func flowFor(_ priority: SendPriority) -> Int32 {
        let key = Key(level: priority.level, id: priority.flow)
        if let found = flowIndex[key] { return found }
        let flow: Int32
        if let free = freeFlows.popLast() {
            flow = free
        } else {
            flow = Int32(flows.count)
            flows.append(Flow())
            flows[Int(flow)].heap.reserveCapacity(Self.usual)
        }
        flowIndex[key] = flow
        flows[Int(flow)].level = priority.level
        flows[Int(flow)].id = priority.flow
        flows[Int(flow)].deficit = Self.quantum
        link(flow, priority.level)
        return flow
    }

    /// Puts a flow at the end of its level's ring.
    private mutating func link(_ flow: Int32, _ level: UInt16) {
        var at = levels.count
        while at > 0, levels[at - 1].level > level { at -= 1 }
        if at > 0, levels[at - 1].level == level {
            let turn = levels[at - 1].turn
            let last = flows[Int(turn)].previous
            flows[Int(flow)].next = turn
            flows[Int(flow)].previous = last
            flows[Int(last)].next = flow
            flows[Int(turn)].previous = flow
        } else {
            flows[Int(flow)].next = flow
            flows[Int(flow)].previous = flow
            levels.insert(Level(level: level, turn: flow), at: at)
        }
    }

    private mutating func retire(_ flow: Int) {
        let level = flows[flow].level
        flowIndex[Key(level: level, id: flows[flow].id)] = nil
        if let at = levels.firstIndex(where: { $0.level == level }) {
            let next = flows[flow].next
            if Int(next) == flow {
                levels.remove(at: at)
            } else {
                let previous = flows[flow].previous
                flows[Int(previous)].next = next
                flows[Int(next)].previous = previous
                if Int(levels[at].turn) == flow { levels[at].turn = next }
            }
        }
        freeFlows.append(Int32(flow))
    }

    private mutating func siftUp(_ flow: Int, _ start: Int) {
        var at = start
        let item = flows[flow].heap[at]
        while at > 0 {
            let parent = (at - 1) / 2
            let above = flows[flow].heap[parent]
            guard item.isBefore(above) else { break }
            place(above, flow, at)
            at = parent
        }
        place(item, flow, at)
    }

    private mutating func siftDown(_ flow: Int, _ start: Int) {
        let end = flows[flow].heap.count
        var at = start
        let item = flows[flow].heap[at]
        while true {
            var child = 2 * at + 1
            guard child < end else { break }
            if child + 1 < end, flows[flow].heap[child + 1].isBefore(flows[flow].heap[child]) { child += 1 }
            let below = flows[flow].heap[child]
            guard below.isBefore(item) else { break }
            place(below, flow, at)
            at = child
        }
        place(item, flow, at)
    }

    private mutating func place(_ item: Item, _ flow: Int, _ position: Int) {
        flows[flow].heap[position] = item
        nodes[Int(item.slot)].position = Int32(position)
    }
}
