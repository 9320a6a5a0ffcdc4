import BurrowBase
import BurrowSimulation
import Testing

@Suite struct LinkTests {
    @Test func perfectLinkDeliversAtOnce() {
        var pair = PairOfHosts()
        let deliveries = pair.run(100)
        #expect(deliveries.map(\.number) == Array(0..<100))
        #expect(deliveries[7].time == pair.start + .milliseconds(7))
        #expect(deliveries[0].datagram.source == pair.addressA)
        #expect(deliveries[0].datagram.destination == pair.addressB)
        #expect(deliveries[0].host == pair.b)
        #expect(pair.statistics.left == 100)
        #expect(pair.statistics.dropped == 0)
    }

    @Test func delay() {
        var pair = PairOfHosts(LinkConditions(delay: .milliseconds(25)))
        let deliveries = pair.run(10)
        #expect(deliveries.map(\.time) == (0..<10).map { pair.start + .milliseconds(25 + $0) })
    }

    @Test func directionsAreIndependent() {
        var pair = PairOfHosts(LinkConditions(delay: .milliseconds(25)))
        pair.network.send([0, 0], from: pair.addressB, to: pair.addressA)
        let deliveries = pair.wait(.milliseconds(1))
        #expect(deliveries.map(\.host) == [pair.a])
    }

    @Test func jitterSpreadsAndKeepsOrderIfAsked() throws {
        let base = Interval.milliseconds(10)
        for keepsOrder in [true, false] {
            var pair = PairOfHosts(
                LinkConditions(delay: base, jitter: .milliseconds(30), keepsOrder: keepsOrder)
            )
            let deliveries = pair.run(1000)
            #expect(deliveries.count == 1000)
            let delays = deliveries.map { $0.time - (pair.start + .milliseconds(Int64($0.number))) }
            #expect(delays.allSatisfy { $0 >= base && $0 < .milliseconds(40) })
            #expect(try #require(delays.min()) < .milliseconds(keepsOrder ? 25 : 11))
            #expect(try #require(delays.max()) > .milliseconds(39))
            #expect((deliveries.map(\.number) == Array(0..<1000)) == keepsOrder)
            #expect((pair.statistics.overtaken > 0) != keepsOrder)
        }
    }

    @Test func reorderingHoldsSomeBack() {
        let reordering = LinkConditions.Reordering(chance: 0.1, extraDelay: .milliseconds(5))
        var pair = PairOfHosts(LinkConditions(delay: .milliseconds(10), reordering: reordering))
        let deliveries = pair.run(1000)
        let late = deliveries.filter {
            $0.time - (pair.start + .milliseconds(Int64($0.number))) == .milliseconds(15)
        }
        #expect((60...140).contains(late.count))
        // One that is late right behind another late one was overtaken, too.
        #expect(pair.statistics.overtaken == late.count || pair.statistics.overtaken == late.count - 1)
        #expect(deliveries.count == 1000)
    }

    @Test func loss() {
        var pair = PairOfHosts(LinkConditions(loss: 0.1))
        let deliveries = pair.run(5000)
        #expect((400...600).contains(pair.statistics.lost))
        #expect(deliveries.count == 5000 - pair.statistics.lost)
        var dead = PairOfHosts(LinkConditions(loss: 1))
        #expect(dead.run(50).isEmpty)
    }

    @Test func burstsAreLongerThanChance() {
        func longestGap(_ conditions: LinkConditions) -> (lost: Int, gap: Int) {
            var pair = PairOfHosts(seed: 3, conditions)
            let numbers = pair.run(5000).map(\.number)
            let gaps = zip(numbers.dropFirst(), numbers).map { $0 - $1 - 1 }
            return (5000 - numbers.count, gaps.max() ?? 0)
        }
        // Both lose about one in twenty.
        let bursts = longestGap(LinkConditions(burstLoss: LinkConditions.BurstLoss(begin: 0.005, end: 0.1)))
        let singles = longestGap(LinkConditions(loss: 0.05))
        #expect((100...450).contains(bursts.lost))
        #expect((150...350).contains(singles.lost))
        #expect(bursts.gap >= 15)
        #expect(singles.gap <= 6)
    }

    @Test func duplication() {
        var pair = PairOfHosts(LinkConditions(duplication: 0.2))
        let deliveries = pair.run(1000)
        #expect((150...250).contains(pair.statistics.duplicated))
        #expect(deliveries.count == 1000 + pair.statistics.duplicated)
        #expect(Set(deliveries.map(\.number)).count == 1000)
    }

    @Test func corruptionFlipsAFewBits() {
        var pair = PairOfHosts(LinkConditions(corruption: 0.25))
        let deliveries = pair.run(1000)
        #expect(deliveries.count == 1000)
        var changed = 0
        for (number, delivery) in deliveries.enumerated() {
            let original = PairOfHosts.bytes(number, size: 100)
            let flipped = zip(original, delivery.datagram.bytes).map { ($0 ^ $1).nonzeroBitCount }.reduce(
                0,
                +
            )
            #expect((0...3).contains(flipped))
            if flipped > 0 { changed += 1 }
        }
        #expect(changed == pair.statistics.corrupted)
        #expect((180...320).contains(changed))
    }

    @Test func rateLimitSpacesDatagrams() {
        // 100 bytes and 28 of headers at 1.024 Mbit/s take one millisecond.
        let limit = LinkConditions.RateLimit(bitsPerSecond: 1_024_000, queueBytes: 128_000)
        var pair = PairOfHosts(LinkConditions(rateLimit: limit))
        let deliveries = pair.run(100, gap: .zero)
        #expect(deliveries.map(\.time) == (1...100).map { pair.start + .milliseconds($0) })
    }

    @Test func rateIsExactOnFastLinks() {
        let limit = LinkConditions.RateLimit(bitsPerSecond: 1_000_000_000, queueBytes: 10_000_000)
        var pair = PairOfHosts(LinkConditions(rateLimit: limit))
        let deliveries = pair.run(1000, gap: .zero, size: 1222)
        // 1000 x 1250 bytes at 1 Gbit/s.
        #expect(deliveries.last?.time == pair.start + .milliseconds(10))
    }

    @Test func fullQueueDrops() {
        let limit = LinkConditions.RateLimit(bitsPerSecond: 1_024_000, queueBytes: 1280)
        var pair = PairOfHosts(LinkConditions(rateLimit: limit))
        let deliveries = pair.run(100, gap: .zero)
        #expect(deliveries.map(\.number) == Array(0..<10))
        #expect(pair.statistics.droppedByQueue == 90)
        #expect(deliveries.last?.time == pair.start + .milliseconds(10))
        // Twice the rate for a while: half gets through once the queue is full.
        var steady = PairOfHosts(LinkConditions(rateLimit: limit))
        let through = steady.run(1000, gap: .microseconds(500)).count
        #expect((500...512).contains(through))
    }

    @Test(arguments: [(UInt8(0), 0), (1, 6), (2, 6), (3, 0)])
    func longQueueMarks(ecn: UInt8, expected: Int) {
        let limit = LinkConditions.RateLimit(
            bitsPerSecond: 1_024_000,
            queueBytes: 12_800,
            markAboveBytes: 384
        )
        var pair = PairOfHosts(LinkConditions(rateLimit: limit))
        let deliveries = pair.run(10, gap: .zero, ecn: ecn)
        #expect(pair.statistics.marked == expected)
        #expect(deliveries.filter { $0.datagram.ecn != ecn }.allSatisfy { $0.datagram.ecn == 3 })
        #expect(deliveries.filter { $0.datagram.ecn != ecn }.count == expected)
    }

    @Test func marksMayBeWiped() {
        var pair = PairOfHosts(LinkConditions(clearsECN: true))
        #expect(pair.run(3, ecn: 2).map(\.datagram.ecn) == [0, 0, 0])
    }

    @Test func payloadsBeyondTheMaximumAreDropped() {
        var pair = PairOfHosts(LinkConditions(maxPayload: 1200))
        #expect(pair.run(5, size: 1200).count == 5)
        #expect(pair.run(5, size: 1201).isEmpty)
        #expect(pair.statistics.tooLarge == 5)
    }

    @Test func blackoutLosesWhatIsSentDuringIt() {
        var pair = PairOfHosts()
        let window = (pair.start + .milliseconds(10))..<(pair.start + .milliseconds(20))
        pair.network.setConditions(
            LinkConditions(delay: .milliseconds(5), blackouts: [window]),
            from: pair.a,
            to: pair.b
        )
        #expect(pair.run(30).map(\.number) == Array(0..<10) + Array(20..<30))
        #expect(pair.statistics.lostInBlackouts == 10)
    }
}
