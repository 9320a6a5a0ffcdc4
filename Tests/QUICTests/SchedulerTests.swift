import BurrowBase
import BurrowQUIC
import Testing

@Suite struct SchedulerTests {
    private func priority(_ level: UInt16, _ flow: UInt32, _ order: UInt64) -> SendPriority {
        SendPriority(level: level, flow: flow, order: order)
    }

    @Test func levelThenOrder() {
        var scheduler = SendScheduler()
        scheduler.insert(0, priority(1, 1, 5))
        scheduler.insert(1, priority(1, 1, 3))
        scheduler.insert(2, priority(9, 1, 100))
        scheduler.insert(3, priority(256, 0, 0))
        scheduler.insert(4, priority(1, 1, 3))
        var order: [Int] = []
        while let slot = scheduler.next() {
            order.append(slot)
            scheduler.remove(slot)
        }
        // Equal orders go first come, first served.
        #expect(order == [3, 2, 1, 4, 0])
        #expect(scheduler.isEmpty)
        #expect(scheduler.topLevel == nil)
    }

    @Test func nextSaysTheSameUntilSomethingChanges() {
        var scheduler = SendScheduler()
        scheduler.insert(0, priority(1, 1, 0))
        scheduler.insert(1, priority(1, 2, 0))
        let first = scheduler.next()
        #expect(scheduler.next() == first)
        scheduler.insert(2, priority(2, 1, 0))
        #expect(scheduler.next() == 2)
    }

    @Test func flowsOfOneLevelShareEvenly() {
        var scheduler = SendScheduler()
        // The first flow has many streams and large packets, the others one stream and smaller ones.
        for slot in 0..<10 { scheduler.insert(slot, priority(3, 1, UInt64(slot))) }
        scheduler.insert(10, priority(3, 2, 0))
        scheduler.insert(11, priority(3, 3, 0))
        var sent = [0, 0, 0]
        for _ in 0..<3000 {
            guard let slot = scheduler.next() else { break }
            let flow = slot < 10 ? 0 : slot - 9
            let size = [1452, 700, 160][flow]
            scheduler.sent(slot, bytes: size)
            sent[flow] += size
        }
        let (low, high) = (sent.min() ?? 0, sent.max() ?? 0)
        #expect(high - low < 4000)
    }

    @Test func whatWasBegunIsNotInterruptedWithinItsFlow() {
        var scheduler = SendScheduler()
        scheduler.insert(0, priority(1, 1, 10))
        #expect(scheduler.next() == 0)
        scheduler.sent(0, bytes: 1000, goesOn: true)
        #expect(!scheduler.isBeforeItsTurn(0))
        scheduler.insert(1, priority(1, 1, 9))
        #expect(scheduler.next() == 0)
        #expect(scheduler.isBeforeItsTurn(0))
        // More urgent things do not wait.
        scheduler.insert(2, priority(5, 2, 0))
        #expect(scheduler.next() == 2)
        scheduler.remove(2)
        #expect(scheduler.next() == 0)
        scheduler.sent(0, bytes: 100, goesOn: false)
        #expect(scheduler.next() == 1)
        // What leaves in the middle holds nobody up.
        scheduler.sent(1, bytes: 100, goesOn: true)
        scheduler.insert(3, priority(1, 1, 8))
        scheduler.remove(1)
        #expect(scheduler.next() == 3)
    }

    @Test func newestFirstWhenOrderSaysSo() {
        var scheduler = SendScheduler()
        for group in 0..<50 { scheduler.insert(group, priority(1, 1, UInt64.max - UInt64(group))) }
        #expect(scheduler.next() == 49)
        scheduler.remove(49)
        #expect(scheduler.next() == 48)
        // Moved to the front.
        scheduler.insert(7, priority(1, 1, 0))
        #expect(scheduler.next() == 7)
        #expect(scheduler.count == 49)
    }

    @Test func removingAnythingKeepsTheRest() {
        var random = SeededRandom(seed: 3)
        var scheduler = SendScheduler()
        var expected: [Int: SendPriority] = [:]
        for _ in 0..<20_000 {
            let slot = Int(random.next() % 64)
            switch random.next() % 4 {
            case 0:
                scheduler.remove(slot)
                expected[slot] = nil
            case 1:
                if let next = scheduler.next() { scheduler.sent(next, bytes: Int(random.next() % 1500)) }
            default:
                let new = priority(UInt16(random.next() % 3), UInt32(random.next() % 4), random.next() % 8)
                scheduler.insert(slot, new)
                expected[slot] = new
            }
            #expect(scheduler.count == expected.count)
            guard let next = scheduler.next() else {
                #expect(expected.isEmpty)
                continue
            }
            // The highest level, and the smallest order within the flow whose turn it is.
            let chosen = expected[next]
            #expect(chosen?.level == expected.values.map(\.level).max())
            let rivals = expected.values.filter { $0.level == chosen?.level && $0.flow == chosen?.flow }
            #expect(chosen?.order == rivals.map(\.order).min())
        }
    }

    @Test func unknownSlotsDoNothing() {
        var scheduler = SendScheduler()
        scheduler.remove(5)
        scheduler.sent(5, bytes: 100)
        #expect(!scheduler.contains(5))
        #expect(!scheduler.contains(-1))
        #expect(scheduler.next() == nil)
    }
}
