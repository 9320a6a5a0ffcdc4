import BurrowBase
import BurrowSimulation
import Testing

@Suite struct EventHeapTests {
    @Test func orderIsTimeThenInsertion() {
        var random = SeededRandom(seed: 5)
        var heap = EventHeap<Int>()
        var expected: [(time: Int64, number: Int)] = []
        for number in 0..<2000 {
            let time = Int64(random.next() % 50)
            heap.add(number, at: Instant(microseconds: time))
            expected.append((time, number))
        }
        expected.sort { $0.time == $1.time ? $0.number < $1.number : $0.time < $1.time }
        var seen: [Int] = []
        while let event = heap.removeFirst(until: .distantFuture) { seen.append(event.payload) }
        #expect(seen == expected.map(\.number))
        #expect(heap.count == 0)
        #expect(heap.nextTime == nil)
    }

    @Test func nothingBeforeItsTime() {
        var heap = EventHeap<Int>()
        heap.add(1, at: Instant(microseconds: 10))
        #expect(heap.removeFirst(until: Instant(microseconds: 9)) == nil)
        #expect(heap.nextTime == Instant(microseconds: 10))
        #expect(heap.removeFirst(until: Instant(microseconds: 10))?.payload == 1)
    }
}
